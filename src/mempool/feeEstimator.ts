import { bytesToKey } from '../bytes/bytes.ts';
import { bucketOf, ConfirmationStats } from './confirmationStats.ts';
import type { MempoolEntry } from './mempoolEntry.ts';

export type EstimateMode = 'economical' | 'conservative';

/** `feeRate` in base units a byte, undefined when too little was seen; `blocks` is the target that the answer is for. */
export type Estimate = Readonly<{ feeRate: number | undefined; blocks: number }>;

/** What is counted of a transaction that waits. */
type Waiting = Readonly<{ height: number; bucket: number; feeRate: number }>;

/** The heights between which transactions were counted. 0: none yet. */
export type Span = { first: number; last: number };

/** An answer needs so many transactions a block: more of those that are looked at for a short time only. */
const ENOUGH = 0.1;
const ENOUGH_SHORT = 0.5;
/** The shares of transactions that were in time: for half the target, the target, and twice the target. */
const HALF_SHARE = 0.6;
const SHARE = 0.85;
const DOUBLE_SHARE = 0.95;
/** What was seen longer ago, in blocks, says nothing of today. */
const OLDEST_HISTORY = 6 * 1008;

/**
 * Learns from how long transactions waited which fee rate brings one into a block in time: Bitcoin Core's CBlockPolicyEstimator
 * (src/policy/fees), with its numbers. Three horizons see the last 12, 48 and 1008 blocks.
 */
export class FeeEstimator {
  readonly short = new ConfirmationStats({ decay: 0.962, scale: 1, periods: 12 });
  readonly medium = new ConfirmationStats({ decay: 0.9952, scale: 2, periods: 24 });
  readonly long = new ConfirmationStats({ decay: 0.99931, scale: 24, periods: 42 });
  readonly #waiting = new Map<string, Waiting>();
  #bestHeight = 0;
  #firstHeight = 0;
  #history: Span = { first: 0, last: 0 };
  /** While there is nothing to fade, a block costs nothing: thousands a second come in while syncing. */
  #isEmpty = true;

  /** Of the last block that it was told of. */
  get bestHeight(): number {
    return this.#bestHeight;
  }

  /** Counts a transaction that has just come in. One with unconfirmed parents waits for them, whatever it pays. */
  add({ transaction, height, parents, feeRate }: MempoolEntry): void {
    if (height !== this.#bestHeight || parents.size > 0) return;
    const waiting = { height, feeRate, bucket: bucketOf(feeRate) };
    this.#isEmpty = false;
    this.#waiting.set(bytesToKey(transaction.hash), waiting);
    for (const stats of this.#horizons) stats.addWaiting(height, waiting.bucket);
  }

  /** One left without a block. */
  remove({ transaction }: MempoolEntry): void {
    this.#take(transaction.hash, false);
  }

  /** A block became the tip, and took these. Blocks that take the place of others are not counted again. */
  addBlock(height: number, confirmed: readonly MempoolEntry[]): void {
    if (height <= this.#bestHeight) return;
    this.#bestHeight = height;
    if (this.#isEmpty) return;
    for (const stats of this.#horizons) stats.beginBlock(height);
    for (const { transaction } of confirmed) {
      const waited = this.#take(transaction.hash, true);
      const blocks = waited === undefined ? 0 : height - waited.height;
      if (waited === undefined || blocks <= 0) continue;
      for (const stats of this.#horizons) stats.record(blocks, waited.feeRate, waited.bucket);
      if (this.#firstHeight === 0) this.#firstHeight = height;
    }
  }

  /**
   * For 1 to 1008 blocks. Economical is what the last blocks say; conservative asks also what held for longer, and so
   * follows a fall more slowly.
   */
  estimate(target: number, mode: EstimateMode): Estimate {
    // Nobody can know what the very next block will hold.
    const blocks = Math.min(Math.max(target, 2), this.#maxUsableTarget);
    if (blocks <= 1) return { feeRate: undefined, blocks };
    const estimates = [
      this.#combined(Math.floor(blocks / 2), HALF_SHARE, true),
      this.#combined(blocks, SHARE, true),
      this.#combined(2 * blocks, DOUBLE_SHARE, mode === 'economical'),
    ];
    const soFar = highest(estimates);
    if (mode === 'conservative' || soFar === undefined) estimates.push(...this.#conservative(2 * blocks));
    return { feeRate: highest(estimates), blocks };
  }

  /** What is to be kept of the heights when the averages are written. */
  span(): Span {
    const own = { first: this.#firstHeight, last: this.#bestHeight };
    return this.#ownSpan > this.#historicSpan / 2 ? own : { ...this.#history };
  }

  /** Goes on from averages that were written at this height. */
  restore(bestHeight: number, history: Span): void {
    this.#bestHeight = bestHeight;
    this.#history = history;
    this.#isEmpty = false;
  }

  /** Counts all that wait as not confirmed: they are not followed any longer. */
  forgetWaiting(): void {
    for (const key of [...this.#waiting.keys()]) this.#takeKey(key, false);
  }

  get #horizons(): readonly ConfirmationStats[] {
    return [this.short, this.medium, this.long];
  }

  get #ownSpan(): number {
    return this.#firstHeight === 0 ? 0 : this.#bestHeight - this.#firstHeight;
  }

  get #historicSpan(): number {
    const { first, last } = this.#history;
    return first === 0 || this.#bestHeight - last > OLDEST_HISTORY ? 0 : last - first;
  }

  /** Nothing is said of targets twice as far as what was seen. */
  get #maxUsableTarget(): number {
    const span = Math.max(this.#ownSpan, this.#historicSpan);
    return Math.min(this.long.maxTarget, Math.floor(span / 2));
  }

  /** From the horizon of the target; and from shorter ones for their longest target, if that is lower. */
  #combined(target: number, share: number, withShorter: boolean): number | undefined {
    if (target < 1 || target > this.long.maxTarget) return undefined;
    const { short, medium, long } = this;
    const ask = (stats: ConfirmationStats, of: number) =>
      stats.estimate(of, stats === short ? ENOUGH_SHORT : ENOUGH, share, this.#bestHeight);
    let estimate = ask([short, medium].find(({ maxTarget }) => target <= maxTarget) ?? long, target);
    if (!withShorter) return estimate;
    for (const stats of [medium, short]) {
      const shorter = target > stats.maxTarget ? ask(stats, stats.maxTarget) : undefined;
      if (shorter !== undefined && (estimate === undefined || shorter < estimate)) estimate = shorter;
    }
    return estimate;
  }

  /** What held for longer than the horizon of the target. */
  #conservative(target: number): (number | undefined)[] {
    const { short, medium, long } = this;
    const ask = (stats: ConfirmationStats) => stats.estimate(target, ENOUGH, DOUBLE_SHARE, this.#bestHeight);
    return [
      target <= short.maxTarget ? ask(medium) : undefined,
      target <= medium.maxTarget ? ask(long) : undefined,
    ];
  }

  #take(hash: Uint8Array, isConfirmed: boolean): Waiting | undefined {
    return this.#waiting.size === 0 ? undefined : this.#takeKey(bytesToKey(hash), isConfirmed);
  }

  #takeKey(key: string, isConfirmed: boolean): Waiting | undefined {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(key);
    const blocksAgo = this.#bestHeight - waiting.height;
    for (const stats of this.#horizons)
      stats.removeWaiting(waiting.height, waiting.bucket, blocksAgo, isConfirmed);
    return waiting;
  }
}

function highest(estimates: readonly (number | undefined)[]): number | undefined {
  const known = estimates.filter((estimate) => estimate !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
