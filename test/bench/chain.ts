import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineResult, ImportTask, ReorganizeTask } from './chainPhase.ts';
import { measureStarts } from './chainStart.ts';
import { syncOverLoopback } from './chainSync.ts';
import {
  basicWorkload,
  coinsWorkload,
  EMPTY,
  emptyWorkload,
  FEW_COINS,
  FULL,
  LARGE,
  type Stretch,
  type Workload,
} from './chainWorkload.ts';
import { type Cost, costLine, rate } from './cost.ts';
import { inOwnProcess } from './ownProcess.ts';

const REORGANIZED = 10;
const USAGE = `npm run bench -- chain [--coins N | --headers N]
  nothing        import, sync and reorganization, each held against the verification engine alone
  --coins N      what an input costs with ${FEW_COINS} coins in the set and with N
  --headers N    how long a node with N blocks takes to serve its RPC`;

export async function run(options: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'indiecoin-bench-'));
  const [option, value] = options;
  try {
    if (option === undefined) await measureChain(folder, await basicWorkload());
    else if (option === '--coins')
      await measureCoins(folder, await coinsWorkload(wholeNumber(value, FEW_COINS * 2)));
    else if (option === '--headers') await measureStarts(folder, await emptyWorkload(wholeNumber(value, 1)));
    else throw new Error(USAGE);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Imports, reorganizes and syncs the workload. */
async function measureChain(folder: string, { file, stretches }: Workload): Promise<void> {
  const heightOf = (name: string) => stretches.find((stretch) => stretch.name === name)!.upTo;
  const full = heightOf(FULL);
  const importing = (name: string, transactionIndex: boolean, some: readonly Stretch[]) => {
    const task: ImportTask = { file, dataDir: join(folder, name), transactionIndex, stretches: some };
    return inOwnProcess<Cost[]>('import', task);
  };
  const engineBefore = await engineAlone(file, full);

  const upToFull = stretches.filter(({ upTo }) => upTo <= full);
  const plain = await importing('plain', false, upToFull);
  printCosts('import without index', upToFull, plain);
  const indexed = await importing('indexed', true, upToFull);
  printCosts('import', upToFull, indexed);

  cpSync(join(folder, 'indexed'), join(folder, 'reorganized'), { recursive: true });
  const task: ReorganizeTask = {
    file,
    dataDir: join(folder, 'reorganized'),
    fullUpTo: full,
    blocks: REORGANIZED,
  };
  const reorganized = await inOwnProcess<Cost>('reorganize', task);
  const payments = stretches.find(({ name }) => name === FULL)!.inputs;
  const perBlock = payments / (full - heightOf('fan-out'));
  const work = { inputs: perBlock * REORGANIZED, blocks: REORGANIZED + 1 };
  console.log(costLine(`reorganization, ${REORGANIZED} undone`, reorganized, work));

  const large = stretches.filter(({ name }) => name === LARGE);
  printCosts('import', large, await importing('indexed', true, large), full);

  const synced = await syncOverLoopback(join(folder, 'indexed'), join(folder, 'synced'), stretches);
  for (const { name, cost, inputs, blocks } of synced)
    console.log(costLine(`sync, ${name}`, cost, { inputs, blocks }));

  const engineAfter = await engineAlone(file, full);
  const engine = (engineBefore.checksPerSec + engineAfter.checksPerSec) / 2;
  const index = upToFull.findIndex(({ name }) => name === FULL);
  const syncedFull = synced.find(({ name }) => name === FULL)!;
  const withIndex = payments / indexed[index]!.seconds;
  const ratio = (a: number, b: number) => (a / b).toFixed(2);
  console.log(
    `engine alone (${engineBefore.engine}, ${engineBefore.threads} threads): ${rate(engine)} checks/s\n` +
      `import of full blocks: ${ratio(withIndex, engine)} of the engine alone, ` +
      `${ratio(payments / plain[index]!.seconds, engine)} without index\n` +
      `sync of full blocks: ${ratio(syncedFull.inputs / syncedFull.cost.seconds, withIndex)} of import`,
  );
}

/** Whether an input costs the same among many coins as among few. */
async function measureCoins(folder: string, { file, stretches }: Workload): Promise<void> {
  const costs: Cost[] = [];
  // Each in a process of its own, so that the database has settled after so many new coins.
  for (const stretch of stretches) {
    const task: ImportTask = {
      file,
      dataDir: join(folder, 'coins'),
      transactionIndex: true,
      stretches: [stretch],
    };
    costs.push(...(await inOwnProcess<Cost[]>('import', task)));
  }
  printCosts('import', stretches, costs);
  const perInput = (at: number) => (costs[at]!.cpuSeconds / stretches[at]!.inputs) * 1e6;
  const secondsRatio = costs[3]!.seconds / costs[1]!.seconds;
  console.log(
    `an input costs ${perInput(1).toFixed(1)} µs of CPU time among few coins, ${perInput(3).toFixed(1)} µs among many: ` +
      `x${(perInput(3) / perInput(1)).toFixed(2)}, x${secondsRatio.toFixed(2)} by the clock`,
  );
}

function engineAlone(file: string, upTo: number): Promise<EngineResult> {
  return inOwnProcess('engine', { file, from: upTo - 9, upTo });
}

function printCosts(what: string, stretches: readonly Stretch[], costs: readonly Cost[], from = 0): void {
  let height = from;
  for (const [i, { name, upTo, inputs }] of stretches.entries()) {
    if (name === EMPTY || inputs > 1000)
      console.log(costLine(`${what}, ${name}`, costs[i]!, { inputs, blocks: upTo - height }));
    height = upTo;
  }
}

function wholeNumber(text: string | undefined, least: number): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least)
    throw new Error(`${USAGE}\nN is a whole number from ${least}`);
  return number;
}
