import type { SignatureCheck } from './signatureCheck.ts';

/** What one call of VerifyPool.verify waits for. */
export class VerifyJob {
  readonly checks: readonly SignatureCheck[];
  readonly verdict: Promise<number | undefined>;
  /** Checks before this one were handed to a worker. */
  handedOut = 0;
  /** Once true, what workers still say of this job is of no interest. */
  isSettled = false;
  #answersDue = 0;
  #lowestFailing: number | undefined;
  #resolve!: (lowestFailing: number | undefined) => void;
  #reject!: (error: Error) => void;

  constructor(checks: readonly SignatureCheck[]) {
    this.checks = checks;
    this.verdict = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Nothing is left to hand out: all is with the workers, or the verdict cannot change any more. */
  get isHandedOut(): boolean {
    // Checks are handed out in order, so those that are left come after one that fails: it stays the lowest.
    return this.isSettled || this.handedOut === this.checks.length || this.#lowestFailing !== undefined;
  }

  handOut(count: number): JobSlice {
    const start = this.handedOut;
    this.handedOut += count;
    this.#answersDue++;
    return { job: this, start, count };
  }

  /** A worker's answer to one slice: the lowest failing index in it, if any. */
  answer(failing: number | undefined): void {
    this.#answersDue--;
    if (failing !== undefined) this.#lowestFailing = Math.min(failing, this.#lowestFailing ?? failing);
    if (this.isSettled || this.#answersDue > 0 || !this.isHandedOut) return;
    this.isSettled = true;
    this.#resolve(this.#lowestFailing);
  }

  fail(error: Error): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#reject(error);
  }
}

/** A run of one job's checks inside a batch. */
export type JobSlice = Readonly<{ job: VerifyJob; start: number; count: number }>;

/** At most this many checks in a batch: about 10 ms of work, so that a failure is known soon. */
const MAX_BATCH_CHECKS = 250;
/** Fewer than this are not worth a message of their own, unless there are no more. */
const MIN_BATCH_CHECKS = 8;
/** At most this much of transaction templates in a batch, or one check's. */
const MAX_BATCH_BYTES = 1_000_000;

/**
 * The jobs whose checks wait for a worker, first come, first served. Small jobs that wait together leave together: a
 * message costs as much as a signature, and a mempool has one or two signatures a job.
 */
export class VerifyQueue {
  #jobs: VerifyJob[] = [];
  #checks = 0;

  get jobs(): number {
    return this.#jobs.length;
  }

  push(job: VerifyJob): void {
    this.#jobs.push(job);
    this.#checks += job.checks.length;
  }

  /** The next batch, when the checks are to be shared by so many batches; empty if nothing waits. */
  takeBatch(sharers: number): JobSlice[] {
    let room = Math.min(MAX_BATCH_CHECKS, Math.max(MIN_BATCH_CHECKS, Math.ceil(this.#checks / sharers)));
    let roomBytes = MAX_BATCH_BYTES;
    const slices: JobSlice[] = [];
    let finished = 0;
    for (const job of this.#jobs) {
      if (!job.isHandedOut) {
        const { count, bytes } = fitting(job, room, roomBytes, slices.length === 0);
        if (count === 0) break;
        slices.push(job.handOut(count));
        this.#checks -= count;
        room -= count;
        roomBytes -= bytes;
      }
      if (!job.isHandedOut) break;
      this.#checks -= job.checks.length - job.handedOut;
      finished++;
      if (room === 0) break;
    }
    this.#jobs.splice(0, finished);
    return slices;
  }

  /** Empties the queue. */
  takeAll(): VerifyJob[] {
    const jobs = this.#jobs;
    this.#jobs = [];
    this.#checks = 0;
    return jobs;
  }
}

/**
 * How many of the job's next checks fit, one at least if it is `alone`, and the bytes of their templates: neighbours
 * nearly always share one.
 */
function fitting(
  job: VerifyJob,
  room: number,
  roomBytes: number,
  alone: boolean,
): { count: number; bytes: number } {
  let bytes = 0;
  let count = 0;
  let template: Uint8Array | undefined;
  while (count < room && job.handedOut + count < job.checks.length) {
    const next = job.checks[job.handedOut + count]!.template;
    const extra = next === template ? 0 : next.length;
    if (bytes + extra > roomBytes && !(alone && count === 0)) break;
    template = next;
    bytes += extra;
    count++;
  }
  return { count, bytes };
}
