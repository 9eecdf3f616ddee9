import { encodeCheckBatch } from './checkBatch.ts';
import type { SignatureCheck } from './signatureCheck.ts';

/** What one call of VerifyPool.verify waits for. */
export class VerifyJob {
  readonly count: number;
  /** Those of a small job; a large one has them in `packed`. */
  readonly checks: readonly SignatureCheck[];
  /** Batches that wait for a worker, the first checks first. */
  readonly packed: PackedChecks[];
  readonly verdict: Promise<number | undefined>;
  /** Checks before this one were handed to a worker. */
  handedOut = 0;
  /** Once true, what workers still say of this job is of no interest. */
  isSettled = false;
  #answersDue = 0;
  #lowestFailing: number | undefined;
  #resolve!: (lowestFailing: number | undefined) => void;
  #reject!: (error: Error) => void;

  constructor(checks: readonly SignatureCheck[], sharers: number) {
    const isLarge = checks.length >= MIN_PACKED_CHECKS;
    this.count = checks.length;
    this.checks = isLarge ? [] : checks;
    this.packed = isLarge ? packedBatches(checks, sharers) : [];
    this.verdict = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Nothing is left to hand out: all is with the workers, or the verdict cannot change any more. */
  get isHandedOut(): boolean {
    // Checks are handed out in order, so those that are left come after one that fails: it stays the lowest.
    return this.isSettled || this.handedOut === this.count || this.#lowestFailing !== undefined;
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

/** What goes to a worker, and whose it is. */
export type Batch = Readonly<{ slices: readonly JobSlice[]; buffer: SharedArrayBuffer }>;

/** Checks in the form in which they go to a worker. */
type PackedChecks = Readonly<{ count: number; buffer: SharedArrayBuffer }>;

/** At most this many checks in a batch: about 10 ms of work, so that a failure is known soon. */
const MAX_BATCH_CHECKS = 250;
/** Fewer than this are not worth a message of their own, unless there are no more. */
const MIN_BATCH_CHECKS = 8;
/** At most this much of transaction templates in a batch, or one check's. */
const MAX_BATCH_BYTES = 1_000_000;
/** Jobs of a block are packed at once: thousands of checks that wait as objects wear out the garbage collector. */
const MIN_PACKED_CHECKS = 100;

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

  /** The next batch, when the checks are to be shared by so many batches; undefined if nothing waits. */
  takeBatch(sharers: number): Batch | undefined {
    while (this.#jobs[0]?.isHandedOut) this.#checks -= unsent(this.#jobs.shift()!);
    const [first] = this.#jobs;
    const packed = first?.packed.shift();
    if (first && packed) return { slices: [first.handOut(packed.count)], buffer: packed.buffer };
    const slices = this.#takeSmall(sharers);
    if (slices.length === 0) return undefined;
    const checks = slices.flatMap(({ job, start, count }) => job.checks.slice(start, start + count));
    return { slices, buffer: encodeCheckBatch(checks) };
  }

  /** From the small jobs that stand first. */
  #takeSmall(sharers: number): JobSlice[] {
    let room = batchChecks(this.#checks, sharers);
    let roomBytes = MAX_BATCH_BYTES;
    const slices: JobSlice[] = [];
    let finished = 0;
    for (const job of this.#jobs) {
      if (job.packed.length > 0) break;
      if (!job.isHandedOut) {
        const { count, bytes } = fitting(job.checks, job.handedOut, room, roomBytes, slices.length === 0);
        if (count === 0) break;
        slices.push(job.handOut(count));
        this.#checks -= count;
        room -= count;
        roomBytes -= bytes;
      }
      if (!job.isHandedOut) break;
      this.#checks -= unsent(job);
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

/** Checks of a small job that nobody needs any more. */
function unsent({ checks, handedOut }: VerifyJob): number {
  return Math.max(0, checks.length - handedOut);
}

function batchChecks(checks: number, sharers: number): number {
  return Math.min(MAX_BATCH_CHECKS, Math.max(MIN_BATCH_CHECKS, Math.ceil(checks / sharers)));
}

function packedBatches(checks: readonly SignatureCheck[], sharers: number): PackedChecks[] {
  const packed: PackedChecks[] = [];
  const room = batchChecks(checks.length, sharers);
  for (let start = 0; start < checks.length; ) {
    const { count } = fitting(checks, start, room, MAX_BATCH_BYTES, true);
    packed.push({ count, buffer: encodeCheckBatch(checks.slice(start, start + count)) });
    start += count;
  }
  return packed;
}

/**
 * How many of the checks from `start` on fit, one at least if it is `alone`, and the bytes of their templates: neighbours
 * nearly always share one.
 */
function fitting(
  checks: readonly SignatureCheck[],
  start: number,
  room: number,
  roomBytes: number,
  alone: boolean,
): { count: number; bytes: number } {
  let bytes = 0;
  let count = 0;
  let template: Uint8Array | undefined;
  while (count < room && start + count < checks.length) {
    const next = checks[start + count]!.template;
    const extra = next === template ? 0 : next.length;
    if (bytes + extra > roomBytes && !(alone && count === 0)) break;
    template = next;
    bytes += extra;
    count++;
  }
  return { count, bytes };
}
