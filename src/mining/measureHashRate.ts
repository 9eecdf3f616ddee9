import { setTimeout as sleep } from 'node:timers/promises';
import { HEADER_BYTES } from '../primitives/header.ts';
import { MiningThreads } from './miningThreads.ts';
import { nonceKernelName } from './simdNonceKernel.ts';

export type HashRate = Readonly<{ hashesPerSecond: number; threads: number; kernel: string }>;

/** Until the threads stand and their code is compiled for speed. */
const WARM_UP_MS = 1000;

/** How fast so many threads search on this machine, by letting them search in vain for a while. @throws Error if one dies */
export async function measureHashRate(threads: number, forMs: number): Promise<HashRate> {
  let death: Error | undefined;
  const mining = new MiningThreads(
    threads,
    () => undefined,
    (error) => {
      death = error;
    },
  );
  try {
    // No hash is below zero.
    for (let index = 0; index < threads; index++) {
      mining.assign(index, new Uint8Array(HEADER_BYTES).fill(index), new Uint8Array(32));
    }
    await sleep(WARM_UP_MS);
    const before = mining.hashes;
    const startedMs = performance.now();
    await sleep(forMs);
    const hashes = mining.hashes - before;
    const seconds = (performance.now() - startedMs) / 1000;
    if (death !== undefined) throw death;
    return { hashesPerSecond: Math.round(hashes / seconds), threads, kernel: nonceKernelName() };
  } finally {
    await mining.close();
  }
}
