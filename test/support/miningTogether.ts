import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeKeys } from './blocks.ts';
import { networkFileText } from './networkFile.ts';
import { networkOfBits } from './networkOfBits.ts';
import { NodeProcess, until } from './nodeProcess.ts';
import { StratumMiner } from './stratumMiner.ts';

/** What a miner has brought: its hashes, and the blocks of it that are in the chain. */
export type Brought = Readonly<{ name: string; hashes: number; blocks: number }>;

export type MiningTogether = Readonly<{
  /** While the two were alone, and while the third was there too. */
  alone: readonly Brought[];
  joined: readonly Brought[];
  /** Blocks of the third after it had left. */
  ofThirdAfterwards: number;
}>;

/** Rests of the two machines, so that the three are of unequal strength. */
const SECOND_RESTS_MS = 5;
const THIRD_RESTS_MS = 2;

/**
 * Two nodes, each a process of its own. One mines with its own miner; for the other mines a machine by Stratum; a third miner,
 * a machine at the first node, joins and leaves. A block takes 2^20 hashes, and the difficulty never changes.
 */
export async function mineInTheOpen(folder: string, blocks: number): Promise<MiningTogether> {
  const network = join(folder, 'open.toml');
  // No retarget is near, and yet the network is none of those where blocks are to be had for nothing.
  writeFileSync(network, networkFileText(networkOfBits(0x1e100000, { retargetBlocks: 1_000_000 }), 'open'));
  const keys = Array.from({ length: 3 }, () => Buffer.from(makeKeys().publicKey).toString('hex'));
  const start = (name: string, key: string, seeds: string[]) =>
    NodeProcess.start({
      dataDir: join(folder, name),
      network,
      seeds,
      args: ['--stratum-port', '0', '--public-key', key],
    });
  const first = await start('first', keys[0]!, []);
  const nodes = [first];
  const machines: StratumMiner[] = [];
  try {
    const second = await start('second', keys[1]!, [await first.listenAddress()]);
    nodes.push(second);
    await until('both to be up to date', async () => (await stateOf(second)) === 'running');
    const machine = await StratumMiner.start(await doorOf(second), 'machine', SECOND_RESTS_MS);
    machines.push(machine);
    await first.rpc('miningstart', 1, keys[0]);
    const count = async (third?: StratumMiner) => ({
      height: await first.height(),
      hashes: [
        (await first.rpc<{ hashes: number }>('miningstatus')).hashes,
        machine.hashes,
        third?.hashes ?? 0,
      ],
    });
    const reach = (height: number) =>
      until(`height ${height}`, async () => (await first.height()) >= height, 300_000);

    const begin = await count();
    await reach(begin.height + blocks);
    const third = await StratumMiner.start(await doorOf(first), keys[2]!, THIRD_RESTS_MS);
    machines.push(third);
    const middle = await count(third);
    await reach(middle.height + blocks);
    await third.stop();
    // What it found last may still be on its way.
    await reach((await first.height()) + 2);
    const end = await count(third);
    await reach(end.height + Math.ceil(blocks / 4));
    await machine.stop();
    await first.rpc('miningstop');
    await until('one tip', async () => (await tipOf(first)) === (await tipOf(second)));

    const payees = await payeesOf(first);
    const between = (from: typeof begin, to: typeof begin): Brought[] =>
      keys.map((key, i) => ({
        name: ['own miner', 'machine', 'third'][i]!,
        hashes: to.hashes[i]! - from.hashes[i]!,
        blocks: payees.slice(from.height, to.height).filter((payee) => payee === key).length,
      }));
    return {
      alone: between(begin, middle).slice(0, 2),
      joined: between(middle, end),
      ofThirdAfterwards: payees.slice(end.height).filter((payee) => payee === keys[2]).length,
    };
  } finally {
    for (const machine of machines) await machine.stop().catch(() => undefined);
    for (const node of nodes) await node.stop();
  }
}

async function stateOf(node: NodeProcess): Promise<string> {
  return (await node.rpc<{ state: string }>('status')).state;
}

async function doorOf(node: NodeProcess): Promise<string> {
  return (await node.rpc<{ address: string }>('stratumstatus')).address;
}

function tipOf(node: NodeProcess): Promise<string> {
  return node.rpc<string>('getbestblockhash');
}

/** Whom each block pays, from height 1 on. */
async function payeesOf(node: NodeProcess): Promise<string[]> {
  const payees: string[] = [];
  for (let height = 1; height <= (await node.height()); height++) {
    const block = await node.rpc<string>('getblock', await node.rpc<string>('getblockhash', height), 0);
    payees.push(/2321(0[23][0-9a-f]{64})ac/.exec(block)![1]!);
  }
  return payees;
}
