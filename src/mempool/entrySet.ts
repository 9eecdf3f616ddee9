import { bytesToKey } from '../bytes/bytes.ts';
import { hexToHash } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
import { lockTypeOf } from '../consensus/lockingScript.ts';
import { type Outpoint, outpointKey, type Transaction } from '../primitives/transaction.ts';
import { EvictionQueue } from './evictionQueue.ts';
import { inFeeOrder } from './feeOrder.ts';
import {
  type FamilySums,
  family,
  type MempoolEntry,
  type Removal,
  type RemovalReason,
} from './mempoolEntry.ts';
import { usageOf } from './policy.ts';

/** What it takes to make an entry; the rest is worked out when it is added. */
export type NewEntry = Pick<MempoolEntry, 'transaction' | 'txid' | 'fee' | 'addedSec' | 'height' | 'coins'>;

/** An entry as only this file changes it. */
type MutableEntry = Omit<NewEntry, 'addedSec' | 'coins'> & {
  modifiedFee: number;
  feeRate: number;
  coins: readonly Coin[];
  addedSec: number;
  parents: Set<MutableEntry>;
  children: Set<MutableEntry>;
  ancestors: FamilySums;
  descendants: FamilySums;
};

/** Most transactions have no relatives in the mempool: two sets each would be a tenth of its memory. */
const NOBODY: Set<MutableEntry> = new Set();
/** Items of the eviction queue that no longer count may be so many before it is made anew. */
const MAX_STALE = 20_000;

/** The transactions that wait, how they depend on one another, and which outpoints they spend. No rules, no waiting. */
export class EntrySet {
  /** By the hash as bytesToKey makes a key of it: cheaper than hex, several times for every transaction. */
  readonly #entries = new Map<string, MutableEntry>();
  readonly #spenders = new Map<string, MutableEntry>();
  /** What the owner has added to fees, of transactions that are here or may come. */
  readonly #deltas = new Map<string, number>();
  #bytes = 0;
  #usage = 0;
  #fees = 0n;
  #ordered: readonly MempoolEntry[] | undefined;
  /** Made when the mempool is full for the first time. */
  #evictions: EvictionQueue | undefined;
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

  /** Base units. */
  get fees(): bigint {
    return this.#fees;
  }

  get(txid: string): MempoolEntry | undefined {
    return this.#entries.get(keyOf(txid));
  }

  has(txid: string): boolean {
    return this.#entries.has(keyOf(txid));
  }

  /** The entry of a transaction's hash, in wire order. */
  ofHash(hash: Uint8Array): MempoolEntry | undefined {
    return this.#entries.get(bytesToKey(hash));
  }

  holds(entry: MempoolEntry): boolean {
    return this.ofHash(entry.transaction.hash) === entry;
  }

  /** All, in the order in which they came. */
  values(): Iterable<MempoolEntry> {
    return this.#entries.values();
  }

  spenderOf({ txHash, index }: Outpoint): MempoolEntry | undefined {
    return this.#spenders.get(outpointKey(txHash, index));
  }

  /** The entries that spend a coin which this transaction spends too. */
  conflictsOf(transaction: Transaction): Set<MempoolEntry> {
    let conflicts: Set<MempoolEntry> = NOBODY;
    for (const { outpoint } of transaction.inputs) {
      const spender = this.spenderOf(outpoint);
      if (spender === undefined) continue;
      if (conflicts === NOBODY) conflicts = new Set();
      conflicts.add(spender);
    }
    return conflicts;
  }

  /** The entries that make what this transaction spends. */
  parentsOf(transaction: Transaction): ReadonlySet<MempoolEntry> {
    return this.#parentsOf(transaction);
  }

  /**
   * The coin that an entry makes, as it would be in a block of this height; undefined when no entry has that output, or
   * it can never be spent.
   */
  coinOf({ txHash, index }: Outpoint, height: number): Coin | undefined {
    const output = this.#entries.get(bytesToKey(txHash))?.transaction.outputs[index];
    if (!output || lockTypeOf(output.lockingScript) === 'data') return undefined;
    return { amount: output.amount, lockingScript: output.lockingScript, height, isCoinbase: false };
  }

  /**
   * Adds what has neither a conflict nor been added before. `mayHaveChildren`: a reorganization brings it back, so what
   * spends from it may be here already.
   */
  add(fields: NewEntry, { mayHaveChildren = false } = {}): MempoolEntry {
    const { transaction, txid, fee, addedSec, height, coins } = fields;
    const key = bytesToKey(transaction.hash);
    const modifiedFee = Number(fee) + (this.#deltas.get(key) ?? 0);
    const alone: FamilySums = { count: 1, bytes: transaction.bytes.length, fees: modifiedFee };
    const entry: MutableEntry = {
      transaction,
      txid,
      fee,
      addedSec,
      height,
      coins,
      modifiedFee,
      feeRate: modifiedFee / transaction.bytes.length,
      parents: this.#parentsOf(transaction),
      children: mayHaveChildren ? this.#childrenOf(transaction) : NOBODY,
      ancestors: alone,
      descendants: alone,
    };
    this.#entries.set(key, entry);
    for (const { outpoint } of transaction.inputs)
      this.#spenders.set(outpointKey(outpoint.txHash, outpoint.index), entry);
    this.#bytes += transaction.bytes.length;
    this.#usage += usageOf(transaction);
    this.#fees += fee;
    this.#ordered = undefined;
    this.#link(entry);
    this.#noteScore(entry);
    return entry;
  }

  /**
   * Removes a transaction that a block of this height holds: what it made are confirmed coins from now on. Undefined when it
   * was not here.
   */
  confirm(hash: Uint8Array, height: number): MempoolEntry | undefined {
    const key = bytesToKey(hash);
    this.#deltas.delete(key);
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    for (const child of entry.children) {
      child.coins = child.coins.map((coin, input) => {
        const { txHash } = child.transaction.inputs[input]!.outpoint;
        return bytesToKey(txHash) === key ? { ...coin, height } : coin;
      });
    }
    this.#remove(entry, 'confirmed');
    return entry;
  }

  /** Removes transactions and all that depend on them; returns them. */
  removeWithDescendants(
    entries: ReadonlySet<MempoolEntry> | readonly MempoolEntry[],
    reason: RemovalReason,
  ): MempoolEntry[] {
    const doomed = new Set<MempoolEntry>();
    for (const entry of entries) for (const member of family(entry, 'children')) doomed.add(member);
    // Children first: whoever depends on another has more ancestors than that.
    const removed = [...doomed].sort((a, b) => b.ancestors.count - a.ancestors.count);
    for (const entry of removed) this.#remove(this.#own(entry), reason);
    return removed;
  }

  /** What has left since this was asked last, in that order. */
  takeRemovals(): readonly Removal[] {
    const removals = this.#removals;
    if (removals.length > 0) this.#removals = [];
    return removals;
  }

  /** Notes what an entry spends now: after a reorganization its coins may be from other blocks. */
  setCoins(entry: MempoolEntry, coins: readonly Coin[]): void {
    this.#own(entry).coins = coins;
  }

  /** Notes that an entry came in earlier than it seemed. */
  backdate(hash: Uint8Array, addedSec: number): void {
    const entry = this.#entries.get(bytesToKey(hash));
    if (entry !== undefined) entry.addedSec = Math.min(entry.addedSec, addedSec);
  }

  /** The best paid first, parents before their children. Not to be changed: it is kept until the set changes. */
  inFeeOrder(): readonly MempoolEntry[] {
    this.#ordered ??= inFeeOrder(this.#entries.values());
    return this.#ordered;
  }

  /** Whose loss, with all that depend on it, costs a miner least. */
  worst(): MempoolEntry | undefined {
    if (this.#evictions === undefined || this.#evictions.size > 2 * this.#entries.size + MAX_STALE)
      this.#evictions = new EvictionQueue(this.#entries.values());
    return this.#evictions.lowest((entry) => this.holds(entry));
  }

  /** Base units that the owner has added to a transaction's fee. */
  deltaOfHash(hash: Uint8Array): number {
    return this.#deltas.size === 0 ? 0 : (this.#deltas.get(bytesToKey(hash)) ?? 0);
  }

  /** What the owner has added to fees, by hash in wire order. */
  deltas(): ReadonlyMap<string, number> {
    return this.#deltas;
  }

  /** Lets a transaction, which need not be here, count for so many base units more than it pays, on top of earlier ones. */
  prioritise(hash: Uint8Array, delta: number): void {
    const key = bytesToKey(hash);
    const sum = (this.#deltas.get(key) ?? 0) + delta;
    if (sum === 0) this.#deltas.delete(key);
    else this.#deltas.set(key, sum);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.modifiedFee += delta;
    entry.feeRate = entry.modifiedFee / entry.transaction.bytes.length;
    this.#ordered = undefined;
    this.#shareOut(entry, { count: 0, bytes: 0, fees: delta }, { includesItself: true });
  }

  #remove(entry: MutableEntry, reason: RemovalReason): void {
    const { transaction } = entry;
    this.#removals.push({ entry, reason });
    this.#entries.delete(bytesToKey(transaction.hash));
    for (const { outpoint } of transaction.inputs)
      this.#spenders.delete(outpointKey(outpoint.txHash, outpoint.index));
    if (entry.parents.size + entry.children.size > 0) this.#unlink(entry);
    this.#bytes -= transaction.bytes.length;
    this.#usage -= usageOf(transaction);
    this.#fees -= entry.fee;
    this.#ordered = undefined;
  }

  #link(entry: MutableEntry): void {
    for (const parent of entry.parents) {
      if (parent.children === NOBODY) parent.children = new Set();
      parent.children.add(entry);
    }
    for (const child of entry.children) {
      if (child.parents === NOBODY) child.parents = new Set();
      child.parents.add(entry);
    }
    if (entry.parents.size > 0) entry.ancestors = sumUp(family(entry, 'parents'));
    if (entry.children.size === 0) {
      if (entry.parents.size > 0) this.#shareOut(entry, entry.descendants, { includesItself: false });
      return;
    }
    // It connects families that may have been connected another way before: they are counted anew.
    const descendants = family(entry, 'children');
    for (const member of descendants) this.#own(member).ancestors = sumUp(family(member, 'parents'));
    for (const member of family(entry, 'parents')) {
      this.#own(member).descendants = sumUp(family(member, 'children'));
      this.#noteScore(member);
    }
  }

  #unlink(entry: MutableEntry): void {
    const { count, bytes, fees } = {
      count: 1,
      bytes: entry.transaction.bytes.length,
      fees: entry.modifiedFee,
    };
    const less = { count: -count, bytes: -bytes, fees: -fees };
    this.#shareOut(entry, less, { includesItself: false });
    for (const parent of entry.parents) parent.children.delete(entry);
    for (const child of entry.children) child.parents.delete(entry);
  }

  /** Adds to what its ancestors count as their descendants, and its descendants as their ancestors. */
  #shareOut(entry: MutableEntry, more: FamilySums, { includesItself }: { includesItself: boolean }): void {
    for (const member of family(entry, 'parents')) {
      if (member === entry && !includesItself) continue;
      const ancestor = this.#own(member);
      ancestor.descendants = plus(ancestor.descendants, more);
      this.#noteScore(ancestor);
    }
    for (const member of family(entry, 'children')) {
      if (member === entry && !includesItself) continue;
      const descendant = this.#own(member);
      descendant.ancestors = plus(descendant.ancestors, more);
    }
  }

  #noteScore(entry: MempoolEntry): void {
    this.#evictions?.note(entry);
  }

  /** Every entry there is was made here. */
  #own(entry: MempoolEntry): MutableEntry {
    return entry as MutableEntry;
  }

  #parentsOf({ inputs }: Transaction): Set<MutableEntry> {
    let parents = NOBODY;
    for (const { outpoint } of inputs) {
      const parent = this.#entries.get(bytesToKey(outpoint.txHash));
      if (parent === undefined) continue;
      if (parents === NOBODY) parents = new Set();
      parents.add(parent);
    }
    return parents;
  }

  #childrenOf({ hash, outputs }: Transaction): Set<MutableEntry> {
    let children = NOBODY;
    for (const index of outputs.keys()) {
      const child = this.#spenders.get(outpointKey(hash, index));
      if (child === undefined) continue;
      if (children === NOBODY) children = new Set();
      children.add(child);
    }
    return children;
  }
}

function keyOf(txid: string): string {
  return bytesToKey(hexToHash(txid));
}

function plus(sums: FamilySums, more: FamilySums): FamilySums {
  return {
    count: sums.count + more.count,
    bytes: sums.bytes + more.bytes,
    fees: sums.fees + more.fees,
  };
}

function sumUp(members: Iterable<MempoolEntry>): FamilySums {
  let count = 0;
  let bytes = 0;
  let fees = 0;
  for (const { transaction, modifiedFee } of members) {
    count++;
    bytes += transaction.bytes.length;
    fees += modifiedFee;
  }
  return { count, bytes, fees };
}
