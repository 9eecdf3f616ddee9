import { workHex } from './describeHeader.ts';
import { describeMining } from './miningMethods.ts';
import type { NodeServices } from './nodeServices.ts';
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
