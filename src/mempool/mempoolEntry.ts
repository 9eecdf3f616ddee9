import type { Coin } from '../consensus/coin.ts';
import type { Transaction } from '../primitives/transaction.ts';

/** A valid transaction that waits for a block. */
export interface MempoolEntry {
  /** On bytes of its own. */
  readonly transaction: Transaction;
  readonly txid: string;
  /** Base units. */
  readonly fee: bigint;
  /** Base units a byte. */
  readonly feeRate: number;
  readonly addedSec: number;
  /** Of the tip when it came in. */
  readonly height: number;
  /** What its inputs spend, in order. One that is itself unconfirmed has the height of the block that might hold both. */
  readonly coins: readonly Coin[];
  /** The unconfirmed transactions whose outputs it spends: a block must have them before it. */
  readonly parents: ReadonlySet<MempoolEntry>;
  /** The unconfirmed transactions that spend its outputs. */
  readonly children: ReadonlySet<MempoolEntry>;
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
