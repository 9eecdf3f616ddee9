import type { Chain } from '../chain/chain.ts';
import type { Coin } from '../consensus/coin.ts';
import type { Outpoint } from '../primitives/transaction.ts';

type Read = Readonly<{
  outpoints: readonly Outpoint[];
  resolve: (coins: (Coin | undefined)[]) => void;
  reject: (error: unknown) => void;
}>;

/**
 * Reads coins of the chain, what is asked for at the same time in one go: a call into the database costs ten times what
 * one more coin in it does. As many wait as there are admissions, which are bounded.
 */
export class CoinReader {
  readonly #chain: Chain;
  #waiting: Read[] = [];
  #isReading = false;

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  /** The coins as of the tip at the time of the call or a later one, in order. */
  read(outpoints: readonly Outpoint[]): Promise<(Coin | undefined)[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ outpoints, resolve, reject });
      if (this.#isReading) return;
      this.#isReading = true;
      // Whoever asks in the same turn comes along.
      queueMicrotask(() => this.#readAll());
    });
  }

  async #readAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const reads = this.#waiting;
      this.#waiting = [];
      try {
        const coins = await this.#chain.readCoins(reads.flatMap(({ outpoints }) => outpoints));
        let next = 0;
        for (const { outpoints, resolve } of reads) {
          resolve(coins.slice(next, next + outpoints.length));
          next += outpoints.length;
        }
      } catch (error) {
        for (const { reject } of reads) reject(error);
      }
    }
    this.#isReading = false;
  }
}
