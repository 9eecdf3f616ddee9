import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { MiningResult, MiningWork, MiningWorkerData } from './miningWorker.ts';

/** All of the machine's processors but one, which is for the rest of the node and for the machine's owner. */
export const DEFAULT_MINING_THREADS = Math.max(1, availableParallelism() - 1);
export const MAX_MINING_THREADS = 256;

type MiningThread = { readonly worker: Worker; readonly index: number };

/**
 * Threads that search nonces, below the rest of the node in priority. All of them work on one generation at a time:
 * raising it, which is one write to shared memory, stops them within milliseconds, though their event loops are busy.
 */
export class MiningThreads {
  readonly #count: number;
  readonly #onResult: (index: number, result: MiningResult) => void;
  readonly #onDeath: (error: Error) => void;
  readonly #threads = new Map<number, MiningThread>();
  readonly #generation = new Int32Array(new SharedArrayBuffer(4));
  readonly #hashes: BigUint64Array<SharedArrayBuffer>;
  #isClosed = false;

  constructor(
    count: number,
    onResult: (index: number, result: MiningResult) => void,
    onDeath: (error: Error) => void,
  ) {
    this.#count = count;
    this.#onResult = onResult;
    this.#onDeath = onDeath;
    this.#hashes = new BigUint64Array(new SharedArrayBuffer(8 * count));
  }

  /** Hashes tried since the start. */
  get hashes(): number {
    return Number(this.#hashes.reduce((sum, _, i) => sum + Atomics.load(this.#hashes, i), 0n));
  }

  get generation(): number {
    return this.#generation[0]!;
  }

  /** Stops all threads where they are. */
  interrupt(): void {
    Atomics.add(this.#generation, 0, 1);
    Atomics.notify(this.#generation, 0);
  }

  /** Gives a thread its work, on which it begins when it is done with or interrupted at what it has. */
  assign(index: number, header: Uint8Array, target: Uint8Array): void {
    const thread = this.#threads.get(index) ?? this.#start(index);
    thread.worker.postMessage({ generation: this.generation, header, target } satisfies MiningWork);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.interrupt();
    await Promise.all([...this.#threads.values()].map(({ worker }) => worker.terminate()));
  }

  #start(index: number): MiningThread {
    if (index >= this.#count) throw new RangeError(`there is no thread ${index}`);
    const workerData: MiningWorkerData = {
      generation: this.#generation.buffer as SharedArrayBuffer,
      hashes: this.#hashes.buffer,
      index,
    };
    const worker = new Worker(new URL('./miningWorker.js', import.meta.url), { workerData });
    const thread = { worker, index };
    this.#threads.set(index, thread);
    worker.on('message', (result: MiningResult) => this.#onResult(index, result));
    let cause: unknown;
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      this.#threads.delete(index);
      if (!this.#isClosed) this.#onDeath(new Error('a mining thread died', { cause }));
    });
    return thread;
  }
}
