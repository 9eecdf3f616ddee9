import { homedir } from 'node:os';
import { sep } from 'node:path';
import type { NodeConfig } from '../node/config.ts';
import type { Node } from '../node/node.ts';
import { privateKeyLines } from './describeMining.ts';
import { type SeedNotes, seedLines, seedNotes } from './describeSeed.ts';
import { located } from './location.ts';
import { type Terminal, table } from './terminal.ts';
import { wrap } from './textWidth.ts';

/**
 * What somebody who starts a node wants to know, and a script that starts one.
 * @param isFirst whether there was no chain here before
 */
export function introduce(node: Node, config: NodeConfig, terminal: Terminal, isFirst: boolean): void {
  const { services, minerKey } = node;
  const { network, version, params } = services;
  const seed = config.isSeed
    ? seedNotes({
        listenPort: network.listenPort,
        listenHosts: config.listenHosts,
        multiaddrs: network.addresses(),
      })
    : undefined;
  const privateKey = minerKey === undefined ? undefined : Buffer.from(minerKey).toString('hex');
  if (terminal.isJson) {
    process.stdout.write(`${JSON.stringify(startedEvent(node, seed, privateKey))}\n`);
    return;
  }
  terminal.answer(undefined, () => [
    ...(isFirst
      ? wrapAll(welcome(node), terminal.columns)
      : [terminal.bold(`IndieCoin ${version} on ${params.name}`)]),
    ...(isFirst && seed === undefined ? [] : describe(node, terminal).map((line) => `  ${line}`)),
    ...(seed === undefined ? [] : seedLines(seed)),
    ...privateKeyLines(privateKey),
    ...(isFirst
      ? []
      : wrapAll(
          [`Ctrl-C stops it; in another window, \`indiecoin status\` shows how it is.`],
          terminal.columns,
        )),
  ]);
}

/** The first start explains itself in five lines. */
function welcome({ services }: Node): string[] {
  const { network, params, version, dataDir } = services;
  const what: Readonly<Record<string, string>> = {
    mainnet: 'the network whose coins are money',
    testnet: 'the network to try things on together',
    regtest: 'a network of your own',
  };
  return [
    `Welcome to IndieCoin ${version}: a full node of ${params.name}, ${what[params.name] ?? 'a network of your own'}.`,
    `All that it keeps, your coins too, is in ${shortPath(dataDir)}.`,
    network.hasAnyoneToDial
      ? 'Now it looks for peers, then reads and checks the whole chain: a bar shows it.'
      : 'It knows no other node, and waits for some; `indiecoin mine start` makes blocks.',
    `How is it? \`indiecoin status\` in another window. Ctrl-C here stops it.`,
    'Next: `indiecoin wallet address` to be paid, `indiecoin --help` for the rest.',
  ];
}

function wrapAll(lines: readonly string[], columns: number): string[] {
  return lines.flatMap((line) => wrap(located(line), columns));
}

function describe({ services, rpcAddress, metricsAddress }: Node, terminal: Terminal): string[] {
  const { network, chain, dataDir } = services;
  const stratumAddress = services.stratum()?.address;
  const [address = 'none: this node only connects to others'] = network.addresses();
  const rows: [string, string][] = [
    ['state', `${network.state()}, height ${chain.tip.height}`],
    ['peer id', network.peerId],
    ['address', address.replace(/\/p2p\/.*$/, '')],
    ['data', shortPath(dataDir)],
    ['RPC', `http://${rpcAddress} (password in the file .cookie there)`],
  ];
  if (metricsAddress !== undefined) rows.push(['metrics', `http://${metricsAddress}/metrics, and /healthz`]);
  if (stratumAddress !== undefined) rows.push(['Stratum', `stratum+tcp://${stratumAddress}`]);
  return table(rows, terminal.isInteractive ? terminal.columns - 2 : undefined);
}

/** As a shell takes it. */
function shortPath(path: string): string {
  const home = homedir();
  return home.length > 1 && path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}

function startedEvent(
  { services, rpcAddress, metricsAddress }: Node,
  seed: SeedNotes | undefined,
  privateKey: string | undefined,
): Record<string, unknown> {
  const { network, chain, params, dataDir, version } = services;
  const stratumAddress = services.stratum()?.address;
  return {
    event: 'started',
    network: params.name,
    state: network.state(),
    height: chain.tip.height,
    peerId: network.peerId,
    addresses: network.addresses(),
    dataDir,
    rpc: rpcAddress,
    ...(metricsAddress && { metrics: metricsAddress }),
    ...(stratumAddress && { stratum: stratumAddress }),
    version,
    ...(seed && { seed }),
    ...(privateKey && { privateKey }),
  };
}
