/** An unspent output: all that a later transaction needs to know of it. */
export type Coin = Readonly<{
  /** Base units. */
  amount: bigint;
  lockingScript: Uint8Array;
  /** Of the block that made it. */
  height: number;
  isCoinbase: boolean;
}>;
