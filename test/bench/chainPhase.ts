// node chainPhase.js NAME JSON: one part of the benchmark of the chain, in a process of its own, so that what it costs is its
// own. Prints its result as JSON.

// As the program itself does.
import '../../src/cli/smallHeap.ts';
import { hashToHex } from '../../src/bytes/hex.ts';
import { Chain } from '../../src/chain/chain.ts';
import { checkSpend } from '../../src/consensus/checkSpend.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { readBlockFile } from '../../src/node/blockFile.ts';
import { regtest } from '../../src/params/regtest.ts';
import { type Block, decodeBlock } from '../../src/primitives/block.ts';
import { after, COIN, solvedBlock } from '../support/blocks.ts';
import { lockingScript, type Stretch } from './chainWorkload.ts';
import { type Cost, costOf } from './cost.ts';

export type EngineResult = Readonly<{ engine: string; threads: number; checksPerSec: number }>;
export type ImportTask = Readonly<{
  file: string;
  dataDir: string;
  transactionIndex: boolean;
  stretches: readonly Stretch[];
}>;
export type ReorganizeTask = Readonly<{ file: string; dataDir: string; fullUpTo: number; blocks: number }>;

/** Blocks handed over and not yet committed; the same as a node has while it syncs. */
const MAX_WAITING_BLOCKS = 1024;
const MAX_WAITING_BYTES = 16_000_000;
/** Far ahead: long chains of blocks a second apart may be made in less than their time. */
const CLOCK_SEC = 4_000_000_000;
const SOURCE = { requested: true, source: 'bench' } as const;

const [name = '', json = '{}'] = process.argv.slice(2);
const phases: Record<string, (task: never, verifyPool: VerifyPool) => Promise<unknown>> = {
  engine: engineAlone,
  import: importAll,
  reorganize,
};
const verifyPool = await VerifyPool.open();
const result = await phases[name]!(JSON.parse(json) as never, verifyPool);
await verifyPool.close();
process.stdout.write(JSON.stringify(result));

/** The signatures of some full blocks, and nothing else. */
async function engineAlone(
  { file, from, upTo }: { file: string; from: number; upTo: number },
  pool: VerifyPool,
): Promise<EngineResult> {
  const coin = { amount: 10n * COIN, lockingScript, height: 1, isCoinbase: false };
  const context = { height: 10_000, medianTimeSec: 0, medianTimeAt: () => 0, params: regtest };
  const checks = (await blocksOf(file, from, upTo)).flatMap(({ transactions }) =>
    transactions.slice(1).flatMap((transaction) => {
      const spend = checkSpend(transaction, [coin], context);
      return 'fee' in spend ? spend.checks : [];
    }),
  );
  await pool.verify(checks.slice(0, 4000));
  const start = performance.now();
  if ((await pool.verify(checks)) !== undefined) throw new Error('the workload has a bad signature');
  const checksPerSec = (checks.length / (performance.now() - start)) * 1000;
  return { engine: pool.engine, threads: pool.threads, checksPerSec };
}

/** Goes on where the chain in the folder ends, and says what each stretch cost. */
async function importAll(task: ImportTask, pool: VerifyPool): Promise<Cost[]> {
  const { dataDir, transactionIndex, file, stretches } = task;
  const options = { dataDir, params: regtest, verifyPool: pool, transactionIndex, clockSec: () => CLOCK_SEC };
  const chain = await Chain.open(options);
  const blocks = readBlockFile(file, regtest, () => undefined)[Symbol.asyncIterator]();
  for (let height = 0; height < chain.tip.height; height++) await blocks.next();
  const costs: Cost[] = [];
  for (const { upTo } of stretches) costs.push(await costOf(() => feed(chain, blocks, upTo)));
  await chain.close();
  return costs;
}

async function feed(chain: Chain, blocks: AsyncIterator<{ bytes: Uint8Array }>, upTo: number): Promise<void> {
  const waiting: { bytes: number; verdict: Promise<void> }[] = [];
  let waitingBytes = 0;
  for (let height = chain.tip.height + 1; height <= upTo; height++) {
    const next = await blocks.next();
    if (next.done) throw new Error('the file ends early');
    const { bytes } = next.value;
    const verdict = chain.acceptBlock(bytes, SOURCE).then((it) => {
      if (it.status !== 'connected') throw new Error(JSON.stringify(it));
    });
    waiting.push({ bytes: bytes.length, verdict });
    waitingBytes += bytes.length;
    while (waiting.length >= MAX_WAITING_BLOCKS || waitingBytes > MAX_WAITING_BYTES) {
      const first = waiting.shift()!;
      await first.verdict;
      waitingBytes -= first.bytes;
    }
  }
  for (const { verdict } of waiting) await verdict;
}

/** The last full blocks undone, and one more than those, with the same payments, connected. */
async function reorganize(task: ReorganizeTask, pool: VerifyPool): Promise<Cost> {
  const { file, dataDir, fullUpTo, blocks: count } = task;
  const [fork, ...last] = await blocksOf(file, fullUpTo - count, fullUpTo);
  let parent = fork!;
  let height = fullUpTo - count;
  const others = [...last, undefined].map((block) => {
    height++;
    const transactions = block?.transactions.slice(1) ?? [];
    const extra = Uint8Array.of(1, 9);
    parent = solvedBlock({ parent: after(parent), height, lockingScript, amount: 0n, transactions, extra });
    return parent;
  });
  const chain = await Chain.open({ dataDir, params: regtest, verifyPool: pool, clockSec: () => CLOCK_SEC });
  chain.acceptHeaders(others.map(({ header }) => header));
  for (const block of others.slice(0, -1)) await chain.acceptBlock(block, SOURCE);
  const cost = await costOf(async () => {
    await chain.acceptBlock(others.at(-1)!, SOURCE);
  });
  if (chain.tip.hash !== hashToHex(others.at(-1)!.header.hash)) throw new Error('it did not reorganize');
  await chain.close();
  return cost;
}

/** The blocks of these heights, both included. */
async function blocksOf(file: string, from: number, upTo: number): Promise<Block[]> {
  const blocks: Block[] = [];
  let height = 0;
  for await (const { bytes } of readBlockFile(file, regtest, () => undefined)) {
    height++;
    if (height >= from) blocks.push(decodeBlock(bytes));
    if (height === upTo) break;
  }
  return blocks;
}
