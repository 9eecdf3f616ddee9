import { FLOOR_HALF_LIFE_SEC, MIN_FEE_RATE } from './policy.ts';

/**
 * The fee rate below which nothing is taken at the moment. Once a full mempool has thrown something out, the same must not
 * come in again at once: relaying it would cost others, and its sender nothing. The bound falls again with time.
 */
export class FeeFloor {
  #rate = 0;
  #raisedSec = 0;

  /** Base units a byte. */
  rateAt(nowSec: number): number {
    const halvings = Math.max(0, nowSec - this.#raisedSec) / FLOOR_HALF_LIFE_SEC;
    return Math.max(MIN_FEE_RATE, this.#rate / 2 ** halvings);
  }

  /** To above the best rate that was thrown out. */
  raiseAbove(evictedRate: number, nowSec: number): void {
    this.#rate = Math.max(this.rateAt(nowSec), evictedRate + MIN_FEE_RATE);
    this.#raisedSec = nowSec;
  }
}
