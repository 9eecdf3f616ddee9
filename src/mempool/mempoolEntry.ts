import type { Coin } from '../consensus/coin.ts';
import type { Transaction } from '../primitives/transaction.ts';

/** Of an entry together with its ancestors, or its descendants. */
export type FamilySums = Readonly<{
  count: number;
  bytes: number;
  /** Base units, with what the owner has added by `prioritise`. */
  fees: number;
}>;

/** A valid transaction that waits for a block. */
export interface MempoolEntry {
  /** On bytes of its own. */
  readonly transaction: Transaction;
  readonly txid: string;
  /** Base units. */
  readonly fee: bigint;
  /** The same with what the owner has added: what it counts for here. */
  readonly modifiedFee: number;
  /** Base units a byte, of the modified fee. */
  readonly feeRate: number;
  /** When it came in, seconds since 1970; after a restart that is still when it came in first. */
  readonly addedSec: number;
  /** Of the tip when it came in. */
  readonly height: number;
  /** What its inputs spend, in order. One that is itself unconfirmed has the height of the block that might hold both. */
  readonly coins: readonly Coin[];
  /** The unconfirmed transactions whose outputs it spends: a block must have them before it. */
  readonly parents: ReadonlySet<MempoolEntry>;
  /** The unconfirmed transactions that spend its outputs. */
  readonly children: ReadonlySet<MempoolEntry>;
  /** All that it depends on, itself included. */
  readonly ancestors: FamilySums;
  /** All that depend on it, itself included. */
  readonly descendants: FamilySums;
}

/**
 * Why a transaction left: a block has it, one that pays more took its place, the mempool was full of better paid ones, it
 * waited too long, or the chain no longer allows it (a block spends the same coin, or a reorganization took its own away).
 */
export type RemovalReason = 'confirmed' | 'replaced' | 'evicted' | 'expired' | 'conflict';

export type Removal = Readonly<{ entry: MempoolEntry; reason: RemovalReason }>;

/** The entry, its unconfirmed parents, theirs, and so on; `via` children it is those that depend on it. */
export function family(entry: MempoolEntry, via: 'parents' | 'children'): Set<MempoolEntry> {
  const found = new Set([entry]);
  // A Set iterates over what is added on the way.
  for (const member of found) for (const next of member[via]) found.add(next);
  return found;
}

/**
 * What an entry is worth to a miner, base units a byte: no more than it pays together with the ancestors that it needs, since
 * it cannot be had without them (Bitcoin Core's ancestor score).
 */
export function ancestorScore({ feeRate, ancestors }: MempoolEntry): number {
  return ancestors.count === 1 ? feeRate : Math.min(feeRate, ancestors.fees / ancestors.bytes);
}

/**
 * What the mempool would lose with an entry, base units a byte: its descendants go with it, so a poor parent is worth what
 * its children pay (Bitcoin Core's descendant score).
 */
export function descendantScore({ feeRate, descendants }: MempoolEntry): number {
  return descendants.count === 1 ? feeRate : Math.max(feeRate, descendants.fees / descendants.bytes);
}
