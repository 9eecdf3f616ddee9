import type { Transaction } from '../primitives/transaction.ts';
import { MAX_ORPHANS, MAX_ORPHANS_PER_SOURCE, ORPHAN_EXPIRY_SEC } from './policy.ts';

export type Orphan = Readonly<{
  transaction: Transaction;
  txid: string;
  source: string;
  /** Of its parents, those that are unknown. */
  missing: readonly string[];
  addedSec: number;
}>;

/**
 * Transactions whose parents are unknown. They cost their sender nothing and cannot be checked, so they are few: within a
 * source's share the newest stays, and beyond the whole any, chosen at random so that nobody can push out a certain one.
 */
export class OrphanPool {
  readonly #orphans = new Map<string, Orphan>();

  get size(): number {
    return this.#orphans.size;
  }

  has(txid: string): boolean {
    return this.#orphans.has(txid);
  }

  add(orphan: Orphan): void {
    this.#expire(orphan.addedSec);
    if (this.#orphans.has(orphan.txid)) return;
    const ofSource = [...this.#orphans.values()].filter(({ source }) => source === orphan.source);
    if (ofSource.length >= MAX_ORPHANS_PER_SOURCE) this.#orphans.delete(ofSource[0]!.txid);
    if (this.#orphans.size >= MAX_ORPHANS) {
      const victim = Math.floor(Math.random() * this.#orphans.size);
      this.#orphans.delete([...this.#orphans.keys()][victim]!);
    }
    this.#orphans.set(orphan.txid, orphan);
  }

  /** Removes and returns those that waited for this transaction. */
  takeChildren(parentTxid: string): Orphan[] {
    if (this.#orphans.size === 0) return [];
    const children = [...this.#orphans.values()].filter(({ missing }) => missing.includes(parentTxid));
    for (const { txid } of children) this.#orphans.delete(txid);
    return children;
  }

  delete(txid: string): void {
    this.#orphans.delete(txid);
  }

  #expire(nowSec: number): void {
    for (const { txid, addedSec } of this.#orphans.values()) {
      if (addedSec + ORPHAN_EXPIRY_SEC <= nowSec) this.#orphans.delete(txid);
    }
  }
}
