import type { Coin, CoinSet } from '../../src/consensus/coin.ts';
import { type Outpoint, outpointKey } from '../../src/primitives/transaction.ts';

/** A set of coins as plainly as can be: what CoinTable is held against. */
export class MapCoinSet implements CoinSet {
  readonly coins: Map<string, Coin>;

  constructor(coins: Iterable<readonly [string, Coin]> = []) {
    this.coins = new Map(coins);
  }

  spend({ txHash, index }: Outpoint): Coin | undefined {
    const key = outpointKey(txHash, index);
    const coin = this.coins.get(key);
    this.coins.delete(key);
    return coin;
  }

  add({ txHash, index }: Outpoint, coin: Coin): void {
    this.coins.set(outpointKey(txHash, index), coin);
  }

  remove(outpoint: Outpoint, _coin: Coin): void {
    this.spend(outpoint);
  }
}
