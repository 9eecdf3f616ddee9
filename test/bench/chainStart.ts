import { join } from 'node:path';
import { regtest } from '../../src/params/regtest.ts';
import { NodeProcess } from '../support/nodeProcess.ts';
import type { ImportTask } from './chainPhase.ts';
import type { Workload } from './chainWorkload.ts';
import type { Cost } from './cost.ts';
import { inOwnProcess } from './ownProcess.ts';

const STARTS = 5;

/** How long it takes from the command to the first answer of the RPC, with an empty chain and with a long one. */
export async function measureStarts(folder: string, { file, stretches }: Workload): Promise<void> {
  const [{ upTo } = { upTo: 0 }] = stretches;
  const task: ImportTask = { file, dataDir: join(folder, 'long'), transactionIndex: true, stretches };
  await inOwnProcess<Cost[]>('import', task);
  const empty = await startMs(join(folder, 'empty'));
  const long = await startMs(join(folder, 'long'));
  const killed = await startMs(join(folder, 'long'), true);
  const perHeader = (ms: number) => (((ms - empty) * 1000) / upTo).toFixed(1);
  console.log(`to the first answer of the RPC, ${regtest.name}, the best of ${STARTS} starts:
  no blocks                ${empty.toFixed(0)} ms
  ${String(upTo).padEnd(7)} blocks           ${long.toFixed(0)} ms, ${perHeader(long)} µs a header
  the same after a kill    ${killed.toFixed(0)} ms, ${perHeader(killed)} µs a header`);
}

/** The best of some starts. `isKilled`: each after the one before was killed. */
async function startMs(dataDir: string, isKilled = false): Promise<number> {
  let best = Infinity;
  await (await NodeProcess.start({ dataDir }))[isKilled ? 'kill' : 'stop']();
  for (let i = 0; i < STARTS; i++) {
    const start = performance.now();
    const node = await NodeProcess.start({ dataDir });
    best = Math.min(best, performance.now() - start);
    await node[isKilled ? 'kill' : 'stop']();
  }
  return best;
}
