import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CliError } from '../cliError.ts';
import type { NodeStatus } from '../describeStatus.ts';
import { EXIT } from '../exitCodes.ts';
import type { Terminal } from '../terminal.ts';
import { type DevnetEvent, showEvent } from './devnetEvents.ts';
import { DevnetNode } from './devnetNode.ts';
import { DevnetWatch } from './devnetWatch.ts';

export type DevnetOptions = Readonly<{
  /** Beside the seed; the first of them mines. */
  nodes: number;
  /** Ends by itself at this height. */
  untilHeight: number | undefined;
  terminal: Terminal;
  signal: AbortSignal;
}>;

/** Enough for the first coins to be spendable. */
const FIRST_BLOCKS = 101;
const BLOCK_EVERY_MS = 3000;
const PAY_EVERY_BLOCKS = 2;
const LOOK_EVERY_MS = 250;
const PAYMENT = '1.25';

/** Runs a network of separate processes in a temporary folder until it is told to stop, and leaves nothing behind. */
export async function runDevnet(options: DevnetOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'indiecoin-devnet-'));
  const running: DevnetNode[] = [];
  const show = (event: DevnetEvent) => showEvent(options.terminal, event);
  try {
    await play(options, folder, running, show);
  } catch (error) {
    // Whatever fails while all are being stopped fails because of it.
    if (!options.signal.aborted) throw error;
  } finally {
    options.terminal.note('Stopping all nodes…');
    await Promise.all(running.map((node) => node.stop()));
    await rm(folder, { recursive: true, force: true });
    options.terminal.note('All nodes have ended, and their folder is gone.');
  }
}

async function play(
  options: DevnetOptions,
  folder: string,
  running: DevnetNode[],
  show: (event: DevnetEvent) => void,
): Promise<void> {
  const { signal, terminal } = options;
  terminal.note(
    `A network of ${options.nodes + 1} nodes in ${folder}. Ctrl-C ends it and removes the folder.`,
  );
  terminal.note(`Look at one of them: indiecoin status --network regtest --data-dir ${folder}/miner`);
  const start = async (name: string, seeds: readonly string[]): Promise<DevnetNode> => {
    const node = await DevnetNode.start(name, { folder, seeds, signal });
    running.push(node);
    return node;
  };
  const seed = await start('seed', []);
  const { addresses } = await seed.rpc.call<NodeStatus>('status');
  show({ event: 'listening', node: seed.name, address: addresses[0]!.replace(/\/p2p\/.*$/, '') });
  const names = ['miner', ...Array.from({ length: options.nodes - 1 }, (_, i) => `peer-${i + 1}`)];
  // All settled before one's failure is told: none may be on its way while the others are being stopped.
  const starts = await Promise.allSettled(names.map((name) => start(name, [addresses[0]!])));
  for (const outcome of starts) if (outcome.status === 'rejected') throw outcome.reason;
  const [miner, ...peers] = names.map((name) => running.find((node) => node.name === name)!) as [
    DevnetNode,
    ...DevnetNode[],
  ];

  const watch = new DevnetWatch(running, miner, show);
  const { address } = await miner.rpc.call<{ address: string }>('walletaddress');
  const payees = await Promise.all(peers.map((peer) => peer.rpc.call<{ address: string }>('walletaddress')));
  await watch.untilJoined(signal);
  await miner.rpc.call('generatetoaddress', [FIRST_BLOCKS, address]);
  let nextBlockMs = performance.now() + BLOCK_EVERY_MS;
  let payments = 0;
  for (
    let height = 0;
    !signal.aborted && (options.untilHeight === undefined || height < options.untilHeight);
  ) {
    height = await watch.look();
    if (performance.now() >= nextBlockMs) {
      nextBlockMs = performance.now() + BLOCK_EVERY_MS;
      await miner.rpc.call('generatetoaddress', [1, address]);
      if (height % PAY_EVERY_BLOCKS === 0 && peers.length > 0) {
        const to = payments++ % peers.length;
        const sent = await miner.rpc.call<{ txid: string }>('walletsend', [payees[to]!.address, PAYMENT]);
        watch.follow({ txid: sent.txid, amount: PAYMENT, to: peers[to]! });
      }
    }
    const dead = running.find((node) => !node.isAlive);
    if (dead !== undefined) throw new CliError(EXIT.failure, `${dead.name} has ended:\n${dead.lastLog()}`);
    await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
