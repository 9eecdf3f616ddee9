import type { Outpoint } from '../primitives/transaction.ts';

/** An unspent output: all that a later transaction needs to know of it. */
export type Coin = Readonly<{
  /** Base units. */
  amount: bigint;
  lockingScript: Uint8Array;
  /** Of the block that made it. */
  height: number;
  isCoinbase: boolean;
}>;

/** The coins as blocks find and change them. */
export interface CoinSet {
  /** Takes a coin out and returns it; undefined where there is none. */
  spend(outpoint: Outpoint): Coin | undefined;
  add(outpoint: Outpoint, coin: Coin): void;
  /** Takes out a coin that is known to be there, and to be this one. */
  remove(outpoint: Outpoint, coin: Coin): void;
}
