import { PlainNonceKernel } from '../../src/mining/nonceSearch.ts';

const HASHES = 1_000_000;
const ROUNDS = 5;

/** Hashes a second of each kernel on one thread. */
export async function run(): Promise<void> {
  for (const kernel of [new PlainNonceKernel()]) {
    kernel.prepare(new Uint8Array(80), new Uint8Array(32));
    let fastestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < ROUNDS; i++) {
      const start = performance.now();
      kernel.search(i * HASHES, HASHES);
      fastestMs = Math.min(fastestMs, performance.now() - start);
    }
    console.log(`${kernel.name}: ${(HASHES / fastestMs / 1000).toFixed(2)} MH/s`);
  }
}
