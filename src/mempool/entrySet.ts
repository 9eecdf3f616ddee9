import { hashToHex } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import { type Outpoint, outpointKey, type Transaction } from '../primitives/transaction.ts';
import { inFeeOrder } from './feeOrder.ts';
import { family, type MempoolEntry, type Removal, type RemovalReason } from './mempoolEntry.ts';
import { usageOf } from './policy.ts';

/** What it takes to make an entry; the rest is worked out when it is added. */
export type NewEntry = Pick<MempoolEntry, 'transaction' | 'txid' | 'fee' | 'addedSec' | 'height' | 'coins'>;

/** An entry as only this file changes it. */
type MutableEntry = NewEntry & {
  readonly feeRate: number;
  coins: readonly Coin[];
  readonly parents: Set<MutableEntry>;
  readonly children: Set<MutableEntry>;
};

/** The transactions that wait, how they depend on one another, and which outpoints they spend. No rules, no waiting. */
export class EntrySet {
  readonly #entries = new Map<string, MutableEntry>();
  readonly #spenders = new Map<string, MutableEntry>();
  #bytes = 0;
  #usage = 0;
  #ordered: readonly MempoolEntry[] | undefined;
  #removals: Removal[] = [];

  get size(): number {
    return this.#entries.size;
  }

  /** Of the transactions. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of memory, as `usageOf` estimates it. */
  get usage(): number {
    return this.#usage;
  }

  get(txid: string): MempoolEntry | undefined {
    return this.#entries.get(txid);
  }

  has(txid: string): boolean {
    return this.#entries.has(txid);
  }

  /** All, in the order in which they came. */
  values(): Iterable<MempoolEntry> {
    return this.#entries.values();
  }

  spenderOf({ txHash, index }: Outpoint): MempoolEntry | undefined {
    return this.#spenders.get(outpointKey(txHash, index));
  }

  /** The first entry that spends a coin which this transaction spends too. */
  conflictOf(transaction: Transaction): MempoolEntry | undefined {
    for (const { outpoint } of transaction.inputs) {
      const spender = this.spenderOf(outpoint);
      if (spender) return spender;
    }
    return undefined;
  }

  /** The entries that make what this transaction spends. */
  parentsOf(transaction: Transaction): Set<MempoolEntry> {
    return this.#parentsOf(transaction);
  }

  /**
   * The coin that an entry makes, as it would be in a block of this height; undefined when no entry has that output, or
   * it can never be spent.
   */
  coinOf({ txHash, index }: Outpoint, height: number): Coin | undefined {
    const output = this.#entries.get(hashToHex(txHash))?.transaction.outputs[index];
    if (!output || parseLockingScript(output.lockingScript)?.type === 'data') return undefined;
    return { amount: output.amount, lockingScript: output.lockingScript, height, isCoinbase: false };
  }

  /** Adds what has neither a conflict nor been added before. */
  add(fields: NewEntry): MempoolEntry {
    const { transaction, txid } = fields;
    const entry: MutableEntry = {
      ...fields,
      feeRate: Number(fields.fee) / transaction.bytes.length,
      parents: this.#parentsOf(transaction),
      // There are some already when a reorganization brings back what they spend.
      children: this.#childrenOf(transaction),
    };
    this.#entries.set(txid, entry);
    for (const { outpoint } of transaction.inputs)
      this.#spenders.set(outpointKey(outpoint.txHash, outpoint.index), entry);
    for (const parent of entry.parents) parent.children.add(entry);
    for (const child of entry.children) child.parents.add(entry);
    this.#bytes += transaction.bytes.length;
    this.#usage += usageOf(transaction);
    this.#ordered = undefined;
    return entry;
  }

  /** Removes a transaction that a block of this height holds: what it made are confirmed coins from now on. */
  confirm(txid: string, height: number): void {
    const entry = this.#entries.get(txid);
    if (!entry) return;
    for (const child of entry.children) {
      child.coins = child.coins.map((coin, input) => {
        const isOfEntry = hashToHex(child.transaction.inputs[input]!.outpoint.txHash) === txid;
        return isOfEntry ? { ...coin, height } : coin;
      });
    }
    this.#remove(entry, 'confirmed');
  }

  /** Removes a transaction and all that depend on it; returns them. */
  removeWithDescendants(entry: MempoolEntry, reason: RemovalReason): MempoolEntry[] {
    const removed = [...family(entry, 'children')];
    for (const { txid } of removed) this.#remove(this.#entries.get(txid)!, reason);
    return removed;
  }

  /** What has left since this was asked last, in that order. */
  takeRemovals(): readonly Removal[] {
    const removals = this.#removals;
    this.#removals = [];
    return removals;
  }

  /** Notes what an entry spends now: after a reorganization its coins may be from other blocks. */
  setCoins(txid: string, coins: readonly Coin[]): void {
    this.#entries.get(txid)!.coins = coins;
  }

  /** The best paid first, parents before their children. Not to be changed: it is kept until the set changes. */
  inFeeOrder(): readonly MempoolEntry[] {
    this.#ordered ??= inFeeOrder(this.#entries.values());
    return this.#ordered;
  }

  /** Removes the worst paid until no more memory than this is used; returns them. */
  evictTo(usage: number): MempoolEntry[] {
    const evicted: MempoolEntry[] = [];
    const ordered = this.inFeeOrder();
    // From the end, so that children go before their parents.
    for (let i = ordered.length - 1; i >= 0 && this.#usage > usage; i--) {
      evicted.push(ordered[i]!);
      this.#remove(this.#entries.get(ordered[i]!.txid)!, 'evicted');
    }
    return evicted;
  }

  #remove(entry: MutableEntry, reason: RemovalReason): void {
    const { transaction, txid } = entry;
    this.#removals.push({ entry, reason });
    this.#entries.delete(txid);
    for (const { outpoint } of transaction.inputs)
      this.#spenders.delete(outpointKey(outpoint.txHash, outpoint.index));
    for (const parent of entry.parents) parent.children.delete(entry);
    for (const child of entry.children) child.parents.delete(entry);
    this.#bytes -= transaction.bytes.length;
    this.#usage -= usageOf(transaction);
    this.#ordered = undefined;
  }

  #parentsOf({ inputs }: Transaction): Set<MutableEntry> {
    const parents = new Set<MutableEntry>();
    for (const { outpoint } of inputs) {
      const parent = this.#entries.get(hashToHex(outpoint.txHash));
      if (parent) parents.add(parent);
    }
    return parents;
  }

  #childrenOf({ hash, outputs }: Transaction): Set<MutableEntry> {
    const children = new Set<MutableEntry>();
    for (const index of outputs.keys()) {
      const child = this.#spenders.get(outpointKey(hash, index));
      if (child) children.add(child);
    }
    return children;
  }
}
