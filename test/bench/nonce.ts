import { hasSimd } from '../../src/bytes/wasmKernel.ts';
import { measureHashRate } from '../../src/mining/measureHashRate.ts';
import { type NonceKernel, PlainNonceKernel } from '../../src/mining/nonceSearch.ts';
import { openNonceKernel } from '../../src/mining/simdNonceKernel.ts';

const HASHES = 1_000_000;
/** As the mining threads call it. */
const SLICE = 4096;
const ROUNDS = 7;
const MEASURED_MS = 4000;

/** Hashes a second of each kernel on one thread, turn by turn, and of one and two mining threads; then the ratios. */
export async function run(): Promise<void> {
  const plain = new PlainNonceKernel();
  const fast = openNonceKernel();
  if (!hasSimd()) console.log('no SIMD here: the plain kernel is all there is');
  let [plainRate, fastRate] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    plainRate = Math.max(plainRate, rateOf(plain));
    fastRate = Math.max(fastRate, rateOf(fast));
  }
  console.log(`${plain.name}: ${mega(plainRate)}`);
  console.log(`${fast.name}: ${mega(fastRate)}, ${(fastRate / plainRate).toFixed(2)} times as fast`);
  const [one, two] = [await measureHashRate(1, MEASURED_MS), await measureHashRate(2, MEASURED_MS)];
  console.log(`1 mining thread: ${mega(one.hashesPerSecond)}`);
  const ratio = two.hashesPerSecond / one.hashesPerSecond;
  console.log(`2 mining threads: ${mega(two.hashesPerSecond)}, ${ratio.toFixed(2)} times as fast`);
}

function rateOf(kernel: NonceKernel): number {
  kernel.prepare(new Uint8Array(80), new Uint8Array(32));
  const start = performance.now();
  for (let nonce = 0; nonce < HASHES; nonce += SLICE) kernel.search(nonce, SLICE);
  return HASHES / ((performance.now() - start) / 1000);
}

function mega(hashesPerSecond: number): string {
  return `${(hashesPerSecond / 1e6).toFixed(2)} MH/s`;
}
