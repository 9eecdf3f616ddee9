import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chain } from '../../src/chain/chain.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { MiningThreads } from '../../src/mining/miningThreads.ts';
import type { Block } from '../../src/primitives/block.ts';
import { makeKeys } from '../support/blocks.ts';
import { withChain, withFolder } from '../support/chains.ts';
import { networkFileText } from '../support/networkFile.ts';
import { networkOfBits } from '../support/networkOfBits.ts';
import { NodeProcess } from '../support/nodeProcess.ts';
import { makeWorkload } from '../support/workload.ts';

const THREADS = availableParallelism();
const FULL_BLOCKS = 16;
const PAYMENTS = 2000;
const IMPORTS = 3;
const RPC_ROUNDS = 6;
const RPC_CALLS = 400;

/** What the node loses while all processors mine: the time of connecting full blocks, and of answering the RPC. */
export async function run(): Promise<void> {
  await measureConnecting();
  await measureRpc();
}

/** Full blocks by turns with and without the threads that mine, so that both meet the same load of the machine. */
async function measureConnecting(): Promise<void> {
  const fanOuts = (FULL_BLOCKS * PAYMENTS) / 2000;
  const blocks = makeWorkload(110 + fanOuts + FULL_BLOCKS, FULL_BLOCKS * PAYMENTS);
  const idleMs: number[] = [];
  const miningMs: number[] = [];
  const verifyPool = await VerifyPool.open();
  const threads = new MiningThreads(
    THREADS,
    () => undefined,
    (error) => {
      throw error;
    },
  );
  for (let round = 0; round < IMPORTS; round++) {
    await withChain(
      async (chain) => {
        for (const block of blocks.slice(0, -FULL_BLOCKS)) await connect(chain, block);
        for (const [i, block] of blocks.slice(-FULL_BLOCKS).entries()) {
          const isMining = (i + round) % 2 === 0;
          threads.interrupt();
          if (isMining)
            for (let t = 0; t < THREADS; t++) threads.assign(t, new Uint8Array(80), new Uint8Array(32));
          await sleep(100);
          (isMining ? miningMs : idleMs).push(await connect(chain, block));
        }
      },
      { verifyPool },
    );
  }
  await threads.close();
  await verifyPool.close();
  compare(`connecting a block of ${PAYMENTS} payments`, idleMs, miningMs);
}

async function connect(chain: Chain, block: Block): Promise<number> {
  const start = performance.now();
  // Bytes, as they come from the network.
  const verdict = await chain.acceptBlock(block.bytes, { requested: true, source: 'bench' });
  if (verdict.status !== 'connected') throw new Error(JSON.stringify(verdict));
  return performance.now() - start;
}

/** On a network where nobody finds a block. */
async function measureRpc(): Promise<void> {
  await withFolder(async (folder) => {
    const network = join(folder, 'hard.toml');
    writeFileSync(network, networkFileText(networkOfBits(0x1b00ffff), 'hard'));
    const node = await NodeProcess.start({ dataDir: join(folder, 'node'), network });
    try {
      const payee = Buffer.from(makeKeys().publicKey).toString('hex');
      const idleMs: number[] = [];
      const miningMs: number[] = [];
      for (let round = 0; round <= RPC_ROUNDS; round++) {
        const isMining = round % 2 === 1;
        if (isMining) await node.rpc('miningstart', THREADS, payee);
        await sleep(1000);
        const taken: number[] = [];
        for (let call = 0; call < RPC_CALLS; call++) {
          const start = performance.now();
          await node.rpc('getblockchaininfo');
          taken.push(performance.now() - start);
        }
        if (isMining) await node.rpc('miningstop');
        // The first round is for warming up.
        if (round > 0) (isMining ? miningMs : idleMs).push(...taken);
      }
      compare('an answer of the RPC', idleMs, miningMs);
    } finally {
      await node.stop();
    }
  });
}

function compare(what: string, idle: readonly number[], mining: readonly number[]): void {
  const line = (name: string, times: readonly number[]) =>
    `  ${name}: median ${at(times, 0.5).toFixed(2)} ms, mean ${mean(times).toFixed(2)}, 99 % within ${at(times, 0.99).toFixed(2)}`;
  const [median, average] = [at(mining, 0.5) / at(idle, 0.5), mean(mining) / mean(idle)];
  console.log(
    `${what}, with ${THREADS} threads mining: x${median.toFixed(3)} by the median, x${average.toFixed(3)} by the mean`,
  );
  console.log(`${line('without', idle)}\n${line('mining', mining)}`);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function at(numbers: readonly number[], share: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(share * numbers.length))]!;
}
