import { breathe } from '../bytes/breathe.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { DatabaseDamagedError } from '../store/storeErrors.ts';

/** What a job came to: a function makes the result when all is committed, and anything else is told at once. */
export type Outcome<Result> = (() => Result) | Readonly<{ now: Result }>;

type Job = Readonly<{
  bytes: number;
  durable: boolean;
  /** Resolves when it has run, with what is to be called when that is committed. */
  run: () => Promise<() => void>;
  fail: (error: Error) => void;
}>;

type RunJob = Readonly<{ job: Job; settle: () => void }>;

export type WriterQueueOptions = Readonly<{
  /** Sees to it that `settle` is called for all that has run, sooner or later. */
  seal: () => Promise<void>;
  /** The same, and does not return before. */
  flush: () => Promise<void>;
  /** Writing has failed: memory is ahead of the disk for good, and nothing more is taken. */
  onFatal: ((error: Error) => void) | undefined;
}>;

/** Bytes of blocks that may wait; senders who hand over more at once do not wait for their answers. */
const MAX_WAITING_BYTES = 64_000_000;
/** Verdicts that one commit may keep waiting. */
const MAX_UNCOMMITTED = 2000;
/** However much comes in behind a block, its verdict does not wait much longer than this. */
const MAX_VERDICT_WAIT_MS = 1000;

/**
 * One job after the other. What they did is committed when nothing waits behind, or enough has been done: at the tip that
 * is a commit for each block, and while syncing as few as there can be. A job's promise resolves when its commit is done.
 */
export class WriterQueue {
  readonly #options: WriterQueueOptions;
  readonly #jobs: Job[] = [];
  /** Those that have run and are not committed, in their order. */
  readonly #uncommitted: RunJob[] = [];
  #settled = 0;
  /** Since when verdicts wait for a commit to begin. */
  #waitingSinceMs = 0;
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  /** Why nothing more is taken: closed, or a commit failed. */
  #ended: Error | undefined;
  #hasFailed = false;

  constructor(options: WriterQueueOptions) {
    this.#options = options;
  }

  /** How many jobs have run since the beginning. */
  get ran(): number {
    return this.#settled + this.#uncommitted.length;
  }

  /** Whether a job that has run waits for a commit that is forced to disk. */
  get wantsSync(): boolean {
    return this.#uncommitted.some(({ job }) => job.durable);
  }

  /**
   * `durable`: the commit is forced to disk that the result waits for.
   * @throws Error when too much waits, or nothing more is taken
   */
  push<Result>(bytes: number, durable: boolean, run: () => Promise<Outcome<Result>>): Promise<Result> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      return Promise.reject(new Error('too many blocks wait to be connected'));
    }
    return new Promise((resolve, reject) => {
      this.#waitingBytes += bytes;
      this.#jobs.push({
        bytes,
        durable,
        run: async () => {
          const outcome = await run();
          if (typeof outcome === 'function') return () => resolve(outcome());
          resolve(outcome.now);
          return () => undefined;
        },
        fail: reject,
      });
      this.#running ??= this.#drain();
    });
  }

  /** Whether a job or a commit failed: memory and disk differ. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The first so many jobs since the beginning are committed. */
  settle(upTo: number): void {
    for (const { settle } of this.#uncommitted.splice(0, upTo - this.#settled)) {
      this.#settled++;
      settle();
    }
  }

  /** Takes nothing more, and waits until what was taken is committed. */
  async close(): Promise<void> {
    this.#ended ??= new Error('the chain is closed');
    await this.#running;
  }

  async #drain(): Promise<void> {
    let current: Job | undefined;
    try {
      while (this.#jobs.length > 0) {
        current = this.#jobs.shift()!;
        this.#waitingBytes -= current.bytes;
        this.#uncommitted.push({ job: current, settle: await current.run() });
        current = undefined;
        if (this.#uncommitted.length === 1) this.#waitingSinceMs = performance.now();
        await breathe();
        if (this.#jobs.length === 0) await this.#options.flush();
        else if (this.#isTimeToSeal()) await this.#seal();
      }
    } catch (error) {
      const uncommitted = this.#uncommitted.splice(0).map(({ job }) => job);
      this.#failAll([...uncommitted, ...(current ? [current] : []), ...this.#jobs.splice(0)], error as Error);
    } finally {
      this.#running = undefined;
    }
  }

  #isTimeToSeal(): boolean {
    const waitedMs = performance.now() - this.#waitingSinceMs;
    return this.#uncommitted.length >= MAX_UNCOMMITTED || waitedMs > MAX_VERDICT_WAIT_MS;
  }

  async #seal(): Promise<void> {
    await this.#options.seal();
    this.#waitingSinceMs = performance.now();
  }

  #failAll(jobs: readonly Job[], thrown: Error): void {
    const error = thrown instanceof DecodeError ? ownFault(thrown) : thrown;
    this.#hasFailed = true;
    this.#ended = error;
    this.#waitingBytes = 0;
    for (const { fail } of jobs) fail(error);
    this.#options.onFatal?.(error);
  }
}

/** What a job decodes was stored by us: whoever brought the block that it was needed for is not to blame. */
function ownFault(error: DecodeError): DatabaseDamagedError {
  return new DatabaseDamagedError(`chain: what was stored cannot be decoded: ${error.message}`, {
    cause: error,
  });
}
