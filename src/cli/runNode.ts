import { checkAddresses } from '../node/checkAddresses.ts';
import type { NodeConfig } from '../node/config.ts';
import { createLog, type Logger } from '../node/log.ts';
import { type Node, openNode } from '../node/node.ts';
import type { Context } from './command.ts';
import { privateKeyLines } from './describeMining.ts';
import { privateAddressWarnings, seedLines, seedNotes } from './describeSeed.ts';
import { EXIT } from './exitCodes.ts';
import { followProgress } from './nodeProgress.ts';
import { type Terminal, table } from './terminal.ts';
import { VERSION } from './version.ts';

/** Runs a node until it is told to stop, by a signal or through the RPC. */
export async function runNode({ config, terminal }: Context): Promise<void> {
  checkAddresses(config);
  const log = createLog(config.logLevel);
  const interrupted = nextSignal(log);
  const node = await openNode(config, log, VERSION);
  const unfollow = followProgress(node.services, log);
  introduce(node, config, terminal);
  for (const warning of privateAddressWarnings(config)) log.warn(warning);
  const ended = await Promise.race([node.stopped, interrupted]);
  unfollow();
  log.info('stopping');
  await node.close();
  log.info({ height: node.services.chain.tip.height }, 'stopped');
  if (ended instanceof Error) throw ended;
}

/** What somebody who starts a node for the first time wants to know, and a script that starts one. */
function introduce(node: Node, config: NodeConfig, terminal: Terminal): void {
  const { services, rpcAddress, metricsAddress, minerKey } = node;
  const { network, chain, params, dataDir, version } = services;
  const stratumAddress = services.stratum()?.address;
  const seed = config.isSeed
    ? seedNotes({
        listenPort: network.listenPort,
        listenHost: config.listenHost,
        multiaddrs: network.addresses(),
      })
    : undefined;
  const privateKey = minerKey === undefined ? undefined : Buffer.from(minerKey).toString('hex');
  if (terminal.isJson) {
    const started = {
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
    process.stdout.write(`${JSON.stringify(started)}\n`);
    return;
  }
  const [address = 'none: this node only connects to others'] = network.addresses();
  const rows: [string, string][] = [
    ['state', `${network.state()}, height ${chain.tip.height}`],
    ['peer id', network.peerId],
    ['address', address.replace(/\/p2p\/.*$/, '')],
    ['data', dataDir],
    ['RPC', `http://${rpcAddress} (password in ${dataDir}/.cookie)`],
    ...(metricsAddress === undefined
      ? []
      : [['metrics', `http://${metricsAddress}/metrics, and /healthz`] as [string, string]]),
    ...(stratumAddress === undefined
      ? []
      : [['Stratum', `stratum+tcp://${stratumAddress}`] as [string, string]]),
  ];
  terminal.answer(undefined, () => [
    terminal.bold(`IndieCoin ${version} on ${params.name}`),
    ...table(rows).map((line) => `  ${line}`),
    ...(seed === undefined ? [] : seedLines(seed)),
    ...privateKeyLines(privateKey),
    'Ctrl-C stops it; in another window, `indiecoin status` shows how it is.',
  ]);
}

/** The first Ctrl-C, or a stop by the system. A second one does not wait for an orderly end. */
function nextSignal(log: Logger): Promise<undefined> {
  return new Promise((resolve) => {
    let isSecond = false;
    const onSignal = (name: NodeJS.Signals) => {
      if (isSecond) {
        log.warn('stopped at once; the next start continues from the last commit');
        process.exit(EXIT.failure);
      }
      isSecond = true;
      log.info({ signal: name }, 'asked to stop');
      resolve(undefined);
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  });
}
