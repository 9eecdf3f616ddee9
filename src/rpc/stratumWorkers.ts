import { hashesOfDifficulty } from './shareDifficulty.ts';

export type ShareOutcome = 'accepted' | 'stale' | 'duplicate' | 'low' | 'invalid';

/** What came of a worker's shares. */
export type WorkerStats = Readonly<{
  accepted: number;
  stale: number;
  rejected: number;
  blocks: number;
  /** From the difficulty of its shares. */
  hashesPerSecond: number;
  lastShareSec: number | undefined;
}>;

/** What there is to tell of the door for mining machines. */
export type StratumStatus = Readonly<{
  /** `host:port` */
  address: string;
  connections: number;
  hashesPerSecond: number;
  blocksFound: number;
  shares: Readonly<Record<ShareOutcome, number>>;
  /** By name. */
  workers: Readonly<Record<string, WorkerStats>>;
}>;

type Worker = {
  accepted: number;
  stale: number;
  rejected: number;
  blocks: number;
  lastShareSec: number | undefined;
  /** Hashes that the accepted shares stand for, by the minute, newest last. */
  readonly minutes: { minute: number; hashes: number }[];
  readonly sinceMs: number;
};

/** More names are forgotten, those first that have been silent for longest. */
const MAX_WORKERS = 1000;
/** The rate is of the last so many minutes. */
const RATE_MINUTES = 10;
const MINUTE_MS = 60_000;

/** Counts shares by the name of the worker that brought them, over all its connections. */
export class StratumWorkers {
  /** The last to bring something last. */
  readonly #workers = new Map<string, Worker>();
  readonly #totals: Record<ShareOutcome, number> = {
    accepted: 0,
    stale: 0,
    duplicate: 0,
    low: 0,
    invalid: 0,
  };
  #blocks = 0;

  get totals(): Readonly<Record<ShareOutcome, number>> {
    return this.#totals;
  }

  get blocks(): number {
    return this.#blocks;
  }

  note(name: string, outcome: ShareOutcome, difficulty: number): void {
    this.#totals[outcome]++;
    const worker = this.#touch(name);
    if (outcome === 'accepted') {
      worker.accepted++;
      worker.lastShareSec = Math.floor(Date.now() / 1000);
      addHashes(worker, hashesOfDifficulty(difficulty));
    } else if (outcome === 'stale') worker.stale++;
    else worker.rejected++;
  }

  noteBlock(name: string): void {
    this.#blocks++;
    this.#touch(name).blocks++;
  }

  stats(): Record<string, WorkerStats> {
    return Object.fromEntries(
      [...this.#workers].map(([name, { accepted, stale, rejected, blocks, lastShareSec, ...worker }]) => [
        name,
        { accepted, stale, rejected, blocks, hashesPerSecond: rateOf(worker), lastShareSec },
      ]),
    );
  }

  get hashesPerSecond(): number {
    return [...this.#workers.values()].reduce((sum, worker) => sum + rateOf(worker), 0);
  }

  #touch(name: string): Worker {
    const worker = this.#workers.get(name) ?? {
      accepted: 0,
      stale: 0,
      rejected: 0,
      blocks: 0,
      lastShareSec: undefined,
      minutes: [],
      sinceMs: performance.now(),
    };
    this.#workers.delete(name);
    this.#workers.set(name, worker);
    if (this.#workers.size > MAX_WORKERS) this.#workers.delete(this.#workers.keys().next().value!);
    return worker;
  }
}

function addHashes({ minutes }: Worker, hashes: number): void {
  const minute = Math.floor(performance.now() / MINUTE_MS);
  const last = minutes.at(-1);
  if (last?.minute === minute) last.hashes += hashes;
  else minutes.push({ minute, hashes });
  if (minutes.length > RATE_MINUTES + 1) minutes.shift();
}

function rateOf({ minutes, sinceMs }: Pick<Worker, 'minutes' | 'sinceMs'>): number {
  const nowMs = performance.now();
  const spanMs = Math.min(RATE_MINUTES * MINUTE_MS, nowMs - sinceMs);
  const oldest = Math.floor((nowMs - spanMs) / MINUTE_MS);
  const hashes = minutes.reduce((sum, it) => (it.minute >= oldest ? sum + it.hashes : sum), 0);
  return Math.round(hashes / Math.max(1, spanMs / 1000));
}
