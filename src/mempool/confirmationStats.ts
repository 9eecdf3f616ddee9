/** The fee rates of the buckets, base units a byte: upper bounds, each 5 % above the one before. */
export const BUCKETS: readonly number[] = makeBuckets(1, 10_000, 1.05);

/** How far one set of averages looks, and how fast it forgets. */
export type Horizon = Readonly<{
  /** What an average is multiplied with at every block. */
  decay: number;
  /** Blocks are counted in periods of so many. */
  scale: number;
  periods: number;
}>;

/**
 * How long transactions of every fee rate waited, as averages in which a block counts less the longer ago it was (Bitcoin
 * Core's TxConfirmStats). Periods and buckets are laid out one row a period.
 */
export class ConfirmationStats {
  readonly maxTarget: number;
  readonly #horizon: Horizon;
  /** Transactions that a block took, by bucket, and the sum of their fee rates. */
  readonly #confirmed = new Float64Array(BUCKETS.length);
  readonly #rates = new Float64Array(BUCKETS.length);
  /** Those of them that waited no more than so many periods, and those that left after so many without a block. */
  readonly #confirmedWithin: Float64Array;
  readonly #failedAfter: Float64Array;
  /** Those that wait, by the height at which they came, in a ring; and those that came before it began. */
  readonly #waiting: Uint32Array;
  readonly #waitingLonger = new Uint32Array(BUCKETS.length);

  constructor(horizon: Horizon) {
    this.#horizon = horizon;
    this.maxTarget = horizon.periods * horizon.scale;
    this.#confirmedWithin = new Float64Array(horizon.periods * BUCKETS.length);
    this.#failedAfter = new Float64Array(horizon.periods * BUCKETS.length);
    this.#waiting = new Uint32Array(this.maxTarget * BUCKETS.length);
  }

  /** The averages, to be written to a file, or filled from one. */
  get averages(): readonly Float64Array[] {
    return [this.#confirmed, this.#rates, this.#confirmedWithin, this.#failedAfter];
  }

  /** A transaction came in after the block of this height. */
  addWaiting(height: number, bucket: number): void {
    this.#waiting[this.#row(height) + bucket]!++;
  }

  /** It left, `blocksAgo` blocks after it came; `isConfirmed`: in a block. */
  removeWaiting(height: number, bucket: number, blocksAgo: number, isConfirmed: boolean): void {
    const counts = blocksAgo >= this.maxTarget ? this.#waitingLonger : this.#waiting;
    const at = blocksAgo >= this.maxTarget ? bucket : this.#row(height) + bucket;
    if (counts[at]! > 0) counts[at]!--;
    if (isConfirmed) return;
    const { scale, periods } = this.#horizon;
    const waited = Math.min(Math.floor(blocksAgo / scale), periods);
    for (let period = 0; period < waited; period++) this.#failedAfter[period * BUCKETS.length + bucket]!++;
  }

  /** Lets what is known fade by one block, and begins the row of this height. */
  beginBlock(height: number): void {
    const row = this.#row(height);
    for (let bucket = 0; bucket < BUCKETS.length; bucket++) {
      this.#waitingLonger[bucket]! += this.#waiting[row + bucket]!;
      this.#waiting[row + bucket] = 0;
    }
    const { decay } = this.#horizon;
    for (const average of this.averages) for (let i = 0; i < average.length; i++) average[i]! *= decay;
  }

  /** A block took a transaction after so many blocks. */
  record(blocks: number, feeRate: number, bucket: number): void {
    const { scale, periods } = this.#horizon;
    for (let period = Math.ceil(blocks / scale); period <= periods; period++)
      this.#confirmedWithin[(period - 1) * BUCKETS.length + bucket]!++;
    this.#confirmed[bucket]!++;
    this.#rates[bucket]! += feeRate;
  }

  /**
   * The median fee rate of the cheapest buckets, taken together until they hold enough transactions, of which this share was
   * in a block within `target` blocks; undefined when there are none. `enough` is a number of transactions a block.
   */
  estimate(target: number, enough: number, share: number, height: number): number | undefined {
    const { decay, scale } = this.#horizon;
    const period = (Math.ceil(target / scale) - 1) * BUCKETS.length;
    let best: { from: number; to: number } | undefined;
    let to = BUCKETS.length - 1;
    let [inTime, all, inRange] = [0, 0, 0];
    for (let bucket = BUCKETS.length - 1; bucket >= 0; bucket--) {
      inTime += this.#confirmedWithin[period + bucket]!;
      inRange += this.#confirmed[bucket]!;
      all += this.#confirmed[bucket]! + this.#failedAfter[period + bucket]!;
      all += this.#waitingSince(target, bucket, height);
      if (inRange < enough / (1 - decay)) continue;
      inRange = 0;
      // Too few in time: the next cheaper ones are added, which may save the average.
      if (inTime / all < share) continue;
      best = { from: bucket, to };
      to = bucket - 1;
      [inTime, all] = [0, 0];
    }
    return best && this.#medianRate(best);
  }

  /** Of those that still wait, the ones that have waited for so many blocks or more. */
  #waitingSince(blocks: number, bucket: number, height: number): number {
    let count = this.#waitingLonger[bucket]!;
    for (let ago = blocks; ago < this.maxTarget && ago <= height; ago++)
      count += this.#waiting[this.#row(height - ago) + bucket]!;
    return count;
  }

  #medianRate({ from, to }: { from: number; to: number }): number | undefined {
    let half = 0;
    for (let bucket = from; bucket <= to; bucket++) half += this.#confirmed[bucket]! / 2;
    if (half === 0) return undefined;
    for (let bucket = from; bucket <= to; bucket++) {
      const count = this.#confirmed[bucket]!;
      if (count >= half) return this.#rates[bucket]! / count;
      half -= count;
    }
    return undefined;
  }

  #row(height: number): number {
    return (height % this.maxTarget) * BUCKETS.length;
  }
}

/** The bucket of a fee rate: the first whose bound is not below it. */
export function bucketOf(feeRate: number): number {
  let low = 0;
  let high = BUCKETS.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (BUCKETS[middle]! < feeRate) low = middle + 1;
    else high = middle;
  }
  return low;
}

function makeBuckets(least: number, most: number, spacing: number): number[] {
  const bounds: number[] = [];
  for (let bound = least; bound <= most; bound *= spacing) bounds.push(bound);
  return [...bounds, Number.POSITIVE_INFINITY];
}
