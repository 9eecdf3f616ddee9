import { z } from 'zod';
import { workHex } from './describeHeader.ts';
import { describeMining } from './miningMethods.ts';
import type { NodeServices } from './nodeServices.ts';
import { text } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Control';

export const controlMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'uptime',
    theme,
    summary: 'Seconds since the node started.',
    example: 'indiecoin rpc uptime',
    parameters: {},
    run: ({ startedAtSec }) => nowSec() - startedAtSec,
  }),
  rpcMethod({
    name: 'logging',
    theme,
    summary:
      'Which parts of the node log what is of use to their developers; those in include begin to, those in exclude stop.',
    example: 'indiecoin rpc logging \'["network"]\'',
    parameters: { include: z.array(text).default([]), exclude: z.array(text).default([]) },
    run: setLogging,
  }),
  rpcMethod({
    name: 'getrpcinfo',
    theme,
    summary: 'The calls under way, and where the log is.',
    example: 'indiecoin rpc getrpcinfo',
    parameters: {},
    run: ({ logPath }, _, { active }) => ({
      active_commands: [...active()].map(({ method, startMs }) => ({
        method,
        // Microseconds.
        duration: Math.round((performance.now() - startMs) * 1000),
      })),
      logpath: logPath,
    }),
  }),
  rpcMethod({
    name: 'stop',
    theme,
    summary: 'Ends the node.',
    example: 'indiecoin rpc stop',
    parameters: {},
    run: ({ stop }) => {
      // After the answer has been sent.
      setImmediate(stop);
      return 'IndieCoin stopping';
    },
  }),
  rpcMethod({
    name: 'status',
    theme,
    summary: 'Everything that `indiecoin status` shows.',
    example: 'indiecoin rpc status',
    parameters: {},
    run: describeStatus,
  }),
];

/** A category of Bitcoin Core's is a part of the node here; on is the level debug or one that tells still more. */
function setLogging(
  { logLevels }: NodeServices,
  { include, exclude }: { include: readonly string[]; exclude: readonly string[] },
): Record<string, boolean> {
  const names = logLevels.names();
  const readNames = (given: readonly string[], everything: readonly string[]) =>
    given.flatMap((name) => {
      if (everything.includes(name)) return names;
      if (names.includes(name)) return [name];
      throw new RpcError(
        RPC_ERROR.invalidParameter,
        `unknown logging category ${name}: there are all, ${names.join(', ')}`,
      );
    });
  const [on, off] = [readNames(include, ['all', '1', '']), readNames(exclude, ['all', '1', ''])];
  for (const name of on) if (!isVerbose(logLevels.get(name))) logLevels.set(name, 'debug');
  for (const name of off) if (isVerbose(logLevels.get(name))) logLevels.set(name, 'info');
  return Object.fromEntries(names.map((name) => [name, isVerbose(logLevels.get(name))]));
}

function isVerbose(level: string): boolean {
  return level === 'debug' || level === 'trace';
}

function describeStatus(services: NodeServices): Record<string, unknown> {
  const { chain, mempool, network, params, version, engine, warnings, startedAtSec } = services;
  return {
    network: params.name,
    state: network.state(),
    height: chain.tip.height,
    headers: Math.max(chain.bestHeader.height, chain.tip.height),
    bestPeerHeight: network.bestPeerHeight(),
    tip: chain.tip.hash,
    tipTimeSec: chain.tip.timeSec,
    chainWork: workHex(chain.tip.chainWork),
    blockBytes: chain.storedBytes,
    pruned: chain.pruning !== undefined,
    ...(chain.pruning && { pruneHeight: chain.lowestHeight }),
    peers: network.peers().length,
    inbound: network.inboundCount,
    outbound: network.outboundCount,
    mempool: mempool.size,
    mempoolBytes: mempool.bytes,
    mining: services.miner.status().mining,
    miner: describeMining(services),
    peerId: network.peerId,
    addresses: network.addresses(),
    dataDir: services.dataDir,
    uptimeSec: nowSec() - startedAtSec,
    version,
    engine,
    warnings: warnings(),
  };
}

function nowSec(): number {
  return Math.floor(Date.now() / 1000);
}
