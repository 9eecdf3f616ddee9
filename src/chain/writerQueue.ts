import { breathe } from '../bytes/breathe.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { DatabaseDamagedError } from '../store/storeErrors.ts';

type Job = Readonly<{
  bytes: number;
  durable: boolean;
  run: () => Promise<void>;
  settle: () => void;
  fail: (error: Error) => void;
}>;

/** Bytes of blocks that may wait; senders who hand over more at once do not wait for their answers. */
const MAX_WAITING_BYTES = 128_000_000;
/** Verdicts that one commit may keep waiting. */
const MAX_UNCOMMITTED = 2000;

/**
 * One job after the other, and a commit when nothing waits behind, or enough has been done: at the tip that is a commit for
 * each block, and while syncing as few as there can be. A job's promise resolves when its commit is done.
 */
export class WriterQueue {
  readonly #commit: (sync: boolean) => Promise<void>;
  readonly #onFatal: ((error: Error) => void) | undefined;
  readonly #jobs: Job[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  /** Why nothing more is taken: closed, or a commit failed and memory is ahead of the disk for good. */
  #ended: Error | undefined;
  #hasFailed = false;

  constructor(commit: (sync: boolean) => Promise<void>, onFatal: ((error: Error) => void) | undefined) {
    this.#commit = commit;
    this.#onFatal = onFatal;
  }

  /** `durable`: the commit that covers the job is forced to disk. @throws Error when too much waits, or nothing more is taken */
  push<Result>(bytes: number, durable: boolean, run: () => Promise<Result>): Promise<Result> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      return Promise.reject(new Error('too many blocks wait to be connected'));
    }
    return new Promise((resolve, reject) => {
      let result: Result;
      this.#waitingBytes += bytes;
      this.#jobs.push({
        bytes,
        durable,
        run: async () => {
          result = await run();
        },
        settle: () => resolve(result),
        fail: reject,
      });
      this.#running ??= this.#drain();
    });
  }

  /** Whether a job or a commit failed: memory and disk differ. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Takes nothing more, and waits until what was taken is committed. */
  async close(): Promise<void> {
    this.#ended ??= new Error('the chain is closed');
    await this.#running;
  }

  async #drain(): Promise<void> {
    const uncommitted: Job[] = [];
    try {
      for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) {
        this.#waitingBytes -= job.bytes;
        uncommitted.push(job);
        await job.run();
        await breathe();
        if (this.#jobs.length > 0 && uncommitted.length < MAX_UNCOMMITTED) continue;
        await this.#commit(uncommitted.some(({ durable }) => durable));
        for (const { settle } of uncommitted.splice(0)) settle();
      }
    } catch (error) {
      this.#failAll([...uncommitted, ...this.#jobs.splice(0)], error as Error);
    } finally {
      this.#running = undefined;
    }
  }

  #failAll(jobs: readonly Job[], thrown: Error): void {
    const error = thrown instanceof DecodeError ? ownFault(thrown) : thrown;
    this.#hasFailed = true;
    this.#ended = error;
    this.#waitingBytes = 0;
    for (const { fail } of jobs) fail(error);
    this.#onFatal?.(error);
  }
}

/** What a job decodes was stored by us: whoever brought the block that it was needed for is not to blame. */
function ownFault(error: DecodeError): DatabaseDamagedError {
  return new DatabaseDamagedError(`chain: what was stored cannot be decoded: ${error.message}`, {
    cause: error,
  });
}
