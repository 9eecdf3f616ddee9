// The body of a mining thread: works on the header it was last given until the generation moves on.
import { parentPort, workerData } from 'node:worker_threads';
import { lowerThreadPriority } from './lowerPriority.ts';
import { openNonceKernel } from './simdNonceKernel.ts';

export type MiningWorkerData = Readonly<{
  /** One i32: the generation of work that is of any use. Shared with the main thread, which alone writes it. */
  generation: SharedArrayBuffer;
  /** One u64 a thread: hashes tried. */
  hashes: SharedArrayBuffer;
  /** Which thread this is. */
  index: number;
}>;

export type MiningWork = Readonly<{
  generation: number;
  /** 80 bytes; the nonce does not matter. */
  header: Uint8Array;
  /** 32 bytes, in a hash's wire order. */
  target: Uint8Array;
}>;

/** Without a nonce: all 2^32 were tried in vain. */
export type MiningResult = Readonly<{ generation: number; nonce: number | undefined }>;

const NONCES = 0x1_0000_0000;
/** Nonces between two looks at the generation: a millisecond or less, with the plain kernel a few. */
const SLICE = 4096;
/** Where the thread has the priority of all others it rests as often and as long, so that they get their turn at once. */
const SLICES_BEFORE_REST = 4;
const REST_MS = 0.1;

const port = parentPort;
if (port === null) throw new Error('this module is the body of a worker thread');
const data = workerData as MiningWorkerData;
const generation = new Int32Array(data.generation);
const hashes = new BigUint64Array(data.hashes);
const kernel = openNonceKernel();
const isBelowOthers = lowerThreadPriority();

/** Searches until it finds a nonce, there are no more, or the work is of no use any more. */
function mine(work: MiningWork): MiningResult | undefined {
  kernel.prepare(work.header, work.target);
  for (let slice = 0; slice * SLICE < NONCES; slice++) {
    if (Atomics.load(generation, 0) !== work.generation) return undefined;
    const start = slice * SLICE;
    const nonce = kernel.search(start, SLICE);
    Atomics.add(hashes, data.index, BigInt(nonce === undefined ? SLICE : nonce - start + 1));
    if (nonce !== undefined) return { generation: work.generation, nonce };
    if (!isBelowOthers && slice % SLICES_BEFORE_REST === 0)
      Atomics.wait(generation, 0, work.generation, REST_MS);
  }
  return { generation: work.generation, nonce: undefined };
}

port.on('message', (work: MiningWork) => {
  const result = mine(work);
  if (result !== undefined) port.postMessage(result);
});
