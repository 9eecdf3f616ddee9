import type { Outpoint } from '../primitives/transaction.ts';
import type { KeyPath } from './keyTree.ts';

/** Finds the wallet's key that an output pays to, if one of them can spend it. */
export type FindKey = (lockingScript: Uint8Array) => KeyPath | undefined;

/** An output that one of the wallet's keys can spend. */
export type WalletCoin = Readonly<{
  outpoint: Outpoint;
  /** Base units. */
  amount: bigint;
  /** Of its block; undefined while unconfirmed. */
  height: number | undefined;
  isCoinbase: boolean;
  key: KeyPath;
}>;

/** One that no pending transaction spends. */
export type UnspentCoin = WalletCoin &
  Readonly<{
    /** Now: it is mature, or the change of a payment of ours. */
    isSpendable: boolean;
  }>;

/** What one transaction did to the wallet. */
export type HistoryEntry = Readonly<{
  /** As people read it. */
  txid: string;
  /** undefined while unconfirmed. */
  height: number | undefined;
  blockHash: string | undefined;
  /** The block's time, or when it was first seen. */
  timeSec: number;
  isCoinbase: boolean;
  /** Base units paid to keys of the wallet, change included. */
  received: bigint;
  /** Base units of the wallet's coins that it spent. */
  spent: bigint;
  /** Known where all inputs are the wallet's. */
  fee: bigint | undefined;
}>;
