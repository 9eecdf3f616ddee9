import { FLOOR_HALF_LIFE_SEC, FLOOR_UPDATE_SEC, INCREMENTAL_FEE_RATE, MIN_FEE_RATE } from './policy.ts';

/**
 * The fee rate below which nothing is taken at the moment. Once a full mempool has thrown something out, the same must not
 * come in again at once: relaying it would cost others, and its sender nothing. The bound falls again with time, but not
 * before a block has come, and faster while there is much room (Bitcoin Core's rolling minimum, CTxMemPool::GetMinFee).
 */
export class FeeFloor {
  #rate = 0;
  #updatedSec = 0;
  #hasBlockComeSince = false;

  /** Base units a byte. `fill` is the share of the mempool's memory that is in use. */
  rateAt(nowSec: number, fill: number): number {
    if (this.#rate > 0 && this.#hasBlockComeSince && nowSec > this.#updatedSec + FLOOR_UPDATE_SEC) {
      const halfLifeSec = FLOOR_HALF_LIFE_SEC / (fill < 1 / 4 ? 4 : fill < 1 / 2 ? 2 : 1);
      this.#rate /= 2 ** ((nowSec - this.#updatedSec) / halfLifeSec);
      this.#updatedSec = nowSec;
      if (this.#rate < INCREMENTAL_FEE_RATE / 2) this.#rate = 0;
    }
    return this.#rate === 0 ? MIN_FEE_RATE : Math.max(MIN_FEE_RATE, INCREMENTAL_FEE_RATE, this.#rate);
  }

  /** What was thrown out had this rate, with all that went along: the next has to pay for the relaying of both. */
  raiseAbove(evictedRate: number): void {
    if (evictedRate + INCREMENTAL_FEE_RATE <= this.#rate) return;
    this.#rate = evictedRate + INCREMENTAL_FEE_RATE;
    this.#hasBlockComeSince = false;
  }

  noteBlock(nowSec: number): void {
    this.#updatedSec = nowSec;
    this.#hasBlockComeSince = true;
  }
}
