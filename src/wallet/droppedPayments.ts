import { hashToHex } from '../bytes/hex.ts';
import { isCoinbase, outpointKey, type Transaction } from '../primitives/transaction.ts';
import type { HistoryEntry } from './walletCoin.ts';

/** A payment of the wallet that is in no block and waits for none any more. */
export type DroppedPayment = Readonly<{
  transaction: Transaction;
  /** As it was; its `height` is undefined, its `blockHash` the block that had it before a reorganization. */
  entry: HistoryEntry;
  /** The txid of the first transaction that took its place; undefined where none is known. */
  replacedBy: string | undefined;
  /** Of the block that has that one, or another one that spends the same coins; undefined while none has. */
  conflictHeight: number | undefined;
  /** The chain's when it was dropped. */
  droppedHeight: number;
}>;

/** Of the latest. A stranger who replaces payments to us, at the price of a fee each, must not push out our own. */
const MAX_DROPPED = 1000;
const MAX_DROPPED_BYTES = 8_000_000;

/**
 * What became of payments that did not happen, so that their owner is told of them: replaced by others with a higher fee,
 * spent otherwise in a block, or gone from the mempool. Like the conflicted transactions of Bitcoin Core's wallet.
 */
export class DroppedPayments {
  readonly #payments = new Map<string, DroppedPayment>();
  /** Txids by the outpoints that they wanted to spend. */
  readonly #rivals = new Map<string, Set<string>>();
  /** Of their transactions. */
  #bytes = 0;
  readonly #save: (txHash: Uint8Array, payment: DroppedPayment | undefined) => void;

  /** @param save told of each change; undefined for one that is forgotten */
  constructor(save: (txHash: Uint8Array, payment: DroppedPayment | undefined) => void) {
    this.#save = save;
  }

  all(): ReadonlyMap<string, DroppedPayment> {
    return this.#payments;
  }

  add(payment: DroppedPayment): void {
    this.load(payment);
    this.#save(payment.transaction.hash, payment);
  }

  /** Forgets the oldest where there are too many. */
  limit(): void {
    while (this.#payments.size > MAX_DROPPED || this.#bytes > MAX_DROPPED_BYTES)
      this.forget(this.#leastWorth());
  }

  /** One that was saved. */
  load(payment: DroppedPayment): void {
    const { txid } = payment.entry;
    // The latest come last.
    if (!this.#payments.delete(txid)) this.#bytes += payment.transaction.bytes.length;
    this.#payments.set(txid, payment);
    for (const key of keysOf(payment)) {
      const rivals = this.#rivals.get(key) ?? new Set();
      this.#rivals.set(key, rivals.add(txid));
    }
  }

  /** It waits again, or a block has it. */
  forget(txid: string): void {
    const payment = this.#payments.get(txid);
    if (payment === undefined) return;
    this.#payments.delete(txid);
    this.#bytes -= payment.transaction.bytes.length;
    for (const key of keysOf(payment)) {
      const rivals = this.#rivals.get(key);
      rivals?.delete(txid);
      if (rivals?.size === 0) this.#rivals.delete(key);
    }
    this.#save(payment.transaction.hash, undefined);
  }

  /** A block has this transaction: what wanted to spend the same, and what built on that, cannot happen any more. */
  connect(transaction: Transaction, height: number): void {
    if (this.#payments.size === 0) return;
    const txid = hashToHex(transaction.hash);
    this.forget(txid);
    if (isCoinbase(transaction)) return;
    const rivals = transaction.inputs.flatMap(({ outpoint: { txHash, index } }) => [
      ...(this.#rivals.get(outpointKey(txHash, index)) ?? []),
    ]);
    if (rivals.length === 0) return;
    for (const rival of this.#withChildren(rivals)) {
      const payment = this.#payments.get(rival)!;
      const conflictHeight = Math.min(payment.conflictHeight ?? height, height);
      this.#change({ ...payment, replacedBy: payment.replacedBy ?? txid, conflictHeight });
    }
  }

  #withChildren(txids: readonly string[]): Set<string> {
    const all = new Set(txids);
    for (let before = 0; before < all.size; ) {
      before = all.size;
      for (const [txid, { transaction }] of this.#payments)
        if (transaction.inputs.some(({ outpoint }) => all.has(hashToHex(outpoint.txHash)))) all.add(txid);
    }
    return all;
  }

  /** The blocks from this height on are undone. */
  disconnect(height: number): void {
    for (const payment of this.#payments.values()) {
      if (payment.conflictHeight !== undefined && payment.conflictHeight >= height)
        this.#change({ ...payment, conflictHeight: undefined });
    }
  }

  #change(payment: DroppedPayment): void {
    this.#payments.set(payment.entry.txid, payment);
    this.#save(payment.transaction.hash, payment);
  }

  /** The oldest of others, or of ours where there are only those. */
  #leastWorth(): string {
    let oldest: string | undefined;
    for (const [txid, { entry }] of this.#payments) {
      if (entry.spent === 0n) return txid;
      oldest ??= txid;
    }
    return oldest!;
  }
}

function keysOf({ transaction }: DroppedPayment): string[] {
  // Their inputs spend nothing, and look all the same.
  if (isCoinbase(transaction)) return [];
  return transaction.inputs.map(({ outpoint: { txHash, index } }) => outpointKey(txHash, index));
}
