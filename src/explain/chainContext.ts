import type { HeaderNode } from '../consensus/headerNode.ts';
import type { RejectCode } from '../consensus/rejection.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Outpoint } from '../primitives/transaction.ts';
import type { Unknown } from './rule.ts';
import type { FoundCoin, SpendSetting } from './spendRules.ts';

/** What is known of the chain around a block or a header. Whoever asks a node fills it in, as far as the node tells. */
export type BlockContext = Readonly<{
  params: NetworkParams;
  nowSec: number;
  /** The block before, with 10 ancestors and the one that its retarget looks back to. */
  parent: HeaderNode | Unknown;
  /** Whether the block before, with all before it, is valid as a whole. */
  isParentValid: true | Unknown;
  /** Of this block: all work up to it. */
  chainWork?: bigint;
  /** It has none before it: valid by its hash alone. */
  isGenesis?: boolean;
  isBip54Active: boolean | Unknown;
  /** A coin that was there before this block. */
  coinOf: (outpoint: Outpoint) => FoundCoin;
  /** Of the block of this height in the same chain. */
  medianTimeAt: (height: number) => number | undefined;
  /** Rules that were not yet there when the block was made, and since when they are. */
  later: Readonly<Partial<Record<RejectCode, string>>>;
}>;

/** What is known of the place of a transaction. */
export type TransactionContext = Readonly<{
  params: NetworkParams;
  /** The height of the block that it is in, or that could be the next. */
  setting: SpendSetting | Unknown;
  coinOf: (outpoint: Outpoint) => FoundCoin;
  /** Its block: the header's root and the hashes of all its transactions. */
  block: TransactionBlock | Unknown;
  later: BlockContext['later'];
}>;

/** Of a transaction that waits to be in one. */
export const UNCONFIRMED: Unknown = { needs: 'a block that has it: it is in none yet' };

export type TransactionBlock = Readonly<{
  hash: string;
  height: number;
  merkleRoot: Uint8Array;
  hashes: readonly Uint8Array[];
  /** Of this transaction among them. */
  index: number;
}>;
