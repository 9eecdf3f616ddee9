import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SignatureCheck } from './signatureCheck.ts';
import type { VerifyEngineName } from './verifyEngine.ts';
import { type JobSlice, VerifyJob, VerifyQueue } from './verifyQueue.ts';
import type { VerifyWorkerData, VerifyWorkerReady } from './verifyWorker.ts';

export type VerifyPoolOptions = Readonly<{
  /** Worker threads; as many as the machine has cores, up to 16, if not given. */
  threads?: number;
  /** This engine or an error; the fastest that loads, if not given. */
  engine?: VerifyEngineName;
}>;

const MAX_THREADS = 16;
/** One batch at work and one behind it, so that no worker waits for the main thread. */
const BATCHES_PER_WORKER = 2;
/** What a worker makes, it drops at once; left to itself V8 would give each 48 MB for that. */
const WORKER_YOUNG_MB = 4;
/** A batch takes milliseconds: a worker that has not ended after that never will. */
const END_MS = 5000;
/** Calls that may wait; who makes more at once has lost count of what it does. */
const MAX_WAITING_JOBS = 10_000;

/** A worker, and the batches that it has and has not answered, oldest first. */
type PoolWorker = { readonly thread: Worker; readonly inFlight: (readonly JobSlice[])[]; isReady: boolean };

/**
 * Threads that verify signatures. A worker that dies takes the calls with it whose checks it had (they reject with an
 * Error: it is our fault, whatever it died of, and never a verdict) and is replaced.
 */
export class VerifyPool {
  readonly threads: number;
  #engine: VerifyEngineName | undefined;
  readonly #workers = new Set<PoolWorker>();
  readonly #queue = new VerifyQueue();
  #checked = 0;
  #isDispatchDue = false;
  /** Why no more work is taken. */
  #ended: Error | undefined;

  private constructor(threads: number, engine: VerifyEngineName | undefined) {
    this.threads = threads;
    this.#engine = engine;
  }

  /** Resolves when all workers have loaded their engine. @throws Error if one cannot */
  static async open(options: VerifyPoolOptions = {}): Promise<VerifyPool> {
    const threads = options.threads ?? Math.min(MAX_THREADS, availableParallelism());
    const pool = new VerifyPool(threads, options.engine);
    try {
      await Promise.all(Array.from({ length: threads }, () => pool.#start()));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** The engine that the workers use. */
  get engine(): VerifyEngineName {
    return this.#engine!;
  }

  /** Signatures that it was asked to verify so far. */
  get checked(): number {
    return this.#checked;
  }

  /**
   * The index of the first check that fails, or undefined when all pass. Calls may overlap. A call that the pool cannot
   * finish rejects.
   */
  async verify(checks: readonly SignatureCheck[]): Promise<number | undefined> {
    if (this.#ended !== undefined) throw this.#ended;
    if (checks.length === 0) return undefined;
    if (this.#queue.jobs >= MAX_WAITING_JOBS)
      throw new Error('too many calls wait for signature verification');
    this.#checked += checks.length;
    const job = new VerifyJob(checks, this.#sharers);
    this.#queue.push(job);
    if (job.packed.length > 0) this.#dispatch();
    else this.#dispatchSoon();
    return job.verdict;
  }

  /** Ends the workers. Calls that wait reject. */
  async close(): Promise<void> {
    this.#end(new Error('the signature verification pool is closed'));
    await Promise.all([...this.#workers].map(({ thread }) => endThread(thread)));
  }

  /** Small jobs leave together at the end of the turn in which they came: a message costs as much as a signature. */
  #dispatchSoon(): void {
    if (this.#isDispatchDue) return;
    this.#isDispatchDue = true;
    setImmediate(() => {
      this.#isDispatchDue = false;
      this.#dispatch();
    });
  }

  /** Hands batches to the workers that have room, the idlest first. */
  #dispatch(): void {
    for (;;) {
      const worker = this.#idlestWorker();
      if (worker === undefined) return;
      const batch = this.#queue.takeBatch(this.#sharers);
      if (batch === undefined) return;
      worker.inFlight.push(batch.slices);
      worker.thread.postMessage(batch.buffer);
    }
  }

  /** Batches among which a job is shared out. */
  get #sharers(): number {
    return this.threads * BATCHES_PER_WORKER;
  }

  #idlestWorker(): PoolWorker | undefined {
    let idlest: PoolWorker | undefined;
    for (const worker of this.#workers) {
      const hasRoom = worker.isReady && worker.inFlight.length < BATCHES_PER_WORKER;
      if (hasRoom && (idlest === undefined || worker.inFlight.length < idlest.inFlight.length))
        idlest = worker;
    }
    return idlest;
  }

  #answer(worker: PoolWorker, failing: readonly number[]): void {
    let end = 0;
    for (const { job, start, count } of worker.inFlight.shift()!) {
      const sliceStart = end;
      end += count;
      const first = failing.find((index) => index >= sliceStart && index < end);
      job.answer(first === undefined ? undefined : start + first - sliceStart);
    }
    this.#dispatch();
  }

  /** Starts one worker; resolves when it is ready, rejects if it dies before. */
  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const workerData: VerifyWorkerData = { engine: this.#engine };
      const thread = new Worker(new URL('./verifyWorker.js', import.meta.url), {
        workerData,
        resourceLimits: { maxYoungGenerationSizeMb: WORKER_YOUNG_MB },
      });
      const worker: PoolWorker = { thread, inFlight: [], isReady: false };
      this.#workers.add(worker);
      let cause: unknown;
      thread.once('error', (error) => {
        cause = error;
      });
      thread.once('exit', () => {
        this.#workers.delete(worker);
        const death = new Error('a signature verification worker died', { cause });
        if (worker.isReady) this.#bury(worker, death);
        else reject(death);
      });
      thread.once('message', ({ engine }: VerifyWorkerReady) => {
        this.#engine ??= engine;
        worker.isReady = true;
        thread.on('message', (failing: number[]) => this.#answer(worker, failing));
        this.#dispatch();
        resolve();
      });
    });
  }

  /** Fails what a dead worker had and puts another in its place. */
  #bury(worker: PoolWorker, death: Error): void {
    for (const { job } of worker.inFlight.flat()) job.fail(death);
    if (this.#ended !== undefined) return;
    this.#start().catch((error: Error) => {
      // One that dies at birth would die again: the pool goes on with the others, as long as there are any.
      if (this.#workers.size === 0) this.#end(error);
    });
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const job of this.#queue.takeAll()) job.fail(reason);
    for (const { job } of [...this.#workers].flatMap(({ inFlight }) => inFlight.flat())) job.fail(reason);
  }
}

/**
 * Lets a thread come to its end by itself, after the batch that it has. One that is terminated while it is inside the native
 * addon ends the whole process: the addon throws where nobody can catch it.
 */
async function endThread(thread: Worker): Promise<void> {
  // It is -1 once the thread is gone.
  if (thread.threadId === -1) return;
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  thread.postMessage(null);
  const timer = setTimeout(() => void thread.terminate(), END_MS);
  await ended;
  clearTimeout(timer);
}
