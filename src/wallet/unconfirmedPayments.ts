import { hashToHex } from '../bytes/hex.ts';
import { type Outpoint, outpointKey, type Transaction } from '../primitives/transaction.ts';
import type { DroppedPayment } from './droppedPayments.ts';
import { describePending } from './historyEntry.ts';
import type { Ledger } from './ledger.ts';
import { type PendingTransaction, type PendingView, viewWithPending } from './pendingView.ts';
import type { FindKey, HistoryEntry, WalletCoin } from './walletCoin.ts';

/** @param entry its `height` is undefined while no block has it */
export type TransactionListener = (entry: HistoryEntry, isWatchOnly: boolean) => void;
/** `wasConfirmed`: a block had it. */
export type DroppedListener = (
  payment: DroppedPayment,
  about: Readonly<{ wasConfirmed: boolean; isWatchOnly: boolean }>,
) => void;
/** How the mempool came to accept a transaction. */
export type Acceptance = Readonly<{
  /** Whether somebody is told. */
  isNews?: boolean;
  /** The txids of what it took the place of. */
  replaced?: readonly string[];
}>;

export type UnconfirmedOptions = Readonly<{
  ledger: Ledger;
  findKey: FindKey;
  /** Whether the mempool holds a transaction now. */
  isInMempool: (txid: string) => boolean;
  /** The txid of the transaction in the mempool that spends this output. */
  spenderOf: (outpoint: Outpoint) => string | undefined;
  nowSec: () => number;
  /** Told of each that comes in, or is unconfirmed again. */
  onTransaction: (entry: HistoryEntry) => void;
  /** Told of each that will not happen, as far as is known. @param wasConfirmed a block had it */
  onDropped: (payment: DroppedPayment, wasConfirmed: boolean) => void;
}>;

/** What a move of the tip did to a ledger. */
export type LedgerChange = Readonly<{
  /** What left its block; another block may have it now. */
  undone: readonly HistoryEntry[];
  /** Our own pending payments whose coins a block spends otherwise. */
  dropped: readonly DroppedPayment[];
}>;

/**
 * The payments of a wallet that no block has: its own, which the ledger keeps until one does, and what others have sent to
 * it, which is as true as the mempool's word; and what becomes of them when they are replaced, undone or forgotten.
 */
export class UnconfirmedPayments {
  readonly #options: UnconfirmedOptions;
  /** Those of others. */
  readonly #seen = new Map<string, PendingTransaction>();
  /** Our own that were not in the mempool after the last block. */
  readonly #stranded = new Set<string>();
  /** What is still to be told of: the ledger does not stand where the chain does. */
  #put: LedgerChange & { aside: readonly string[] } = { undone: [], dropped: [], aside: [] };

  constructor(options: UnconfirmedOptions) {
    this.#options = options;
  }

  get(txid: string): PendingTransaction | undefined {
    const own = this.#options.ledger.ownPending().get(txid);
    if (own !== undefined) return { ...own, isOwn: true, isTrusted: !this.#stranded.has(txid) };
    const seen = this.#seen.get(txid);
    return seen !== undefined && this.#options.isInMempool(txid) ? seen : undefined;
  }

  all(): PendingTransaction[] {
    const { ledger, isInMempool } = this.#options;
    const own = [...ledger.ownPending().keys()].map((txid) => this.get(txid)!);
    const seen = [...this.#seen].filter(([txid]) => isInMempool(txid) && !ledger.ownPending().has(txid));
    return [...own, ...seen.map(([, pending]) => pending)];
  }

  view(): PendingView {
    const { ledger, findKey } = this.#options;
    return viewWithPending(ledger, this.all(), findKey);
  }

  /** Our own that are not in the mempool: it may take them now. */
  stranded(): Transaction[] {
    const { ledger } = this.#options;
    return [...this.#stranded].flatMap((txid) => ledger.ownPending().get(txid)?.transaction ?? []);
  }

  /** A coin of the ledger, or one that a pending transaction makes. */
  coinOf(outpoint: Outpoint): WalletCoin | undefined {
    const { ledger, findKey } = this.#options;
    const coin = ledger.coin(outpointKey(outpoint.txHash, outpoint.index));
    if (coin !== undefined) return coin;
    const output = this.get(hashToHex(outpoint.txHash))?.transaction.outputs[outpoint.index];
    const key = output && findKey(output.lockingScript);
    return key && { outpoint, amount: output.amount, height: undefined, isCoinbase: false, key };
  }

  /**
   * A transaction that the mempool accepted. One that spends coins of ours alone is ours, whoever brings it: its keys are
   * on another machine too, or it was made by hand.
   * @param isNews whether somebody is told @param replaced the txids of what it took the place of
   */
  note(transaction: Transaction, isNews: boolean, replaced: readonly string[]): void {
    const { ledger, findKey } = this.#options;
    const txid = hashToHex(transaction.hash);
    // With the coins of what it replaces: those are coins of ours as well.
    const coins = transaction.inputs.map(({ outpoint }) => this.coinOf(outpoint));
    this.#dropReplaced(transaction, txid, replaced);
    this.#stranded.delete(txid);
    const isOwn = ledger.ownPending().has(txid);
    const isKnown = isOwn || this.#seen.has(txid);
    if (!isOwn) {
      const isOurs = ledger.keepsOwn && coins.every((coin) => coin !== undefined);
      const isPaid = transaction.outputs.some(({ lockingScript }) => findKey(lockingScript) !== undefined);
      if (!isPaid && coins.every((coin) => coin === undefined)) return;
      if (isOurs) ledger.notePending(transaction, this.#options.nowSec());
      else this.#see(transaction, this.#options.nowSec());
    }
    if (isNews && (isOwn || !isKnown)) this.#tell(txid);
  }

  /** A block has these. */
  confirm(entries: readonly HistoryEntry[]): void {
    for (const { txid } of entries) {
      this.#seen.delete(txid);
      this.#stranded.delete(txid);
    }
  }

  /**
   * Puts aside what others had sent and the mempool has no more, when that has followed the chain: the ledger finds the
   * blocks that have them, or something in their place. @returns their txids, for `settle`
   */
  putAside(): string[] {
    const { ledger, isInMempool } = this.#options;
    const gone = [...this.#seen].filter(([txid]) => !isInMempool(txid));
    for (const [txid, pending] of gone) {
      if (!ledger.ownPending().has(txid)) ledger.drop(this.describeDropped(pending, undefined));
      this.#seen.delete(txid);
    }
    return gone.map(([txid]) => txid);
  }

  /** Keeps for `settle` what a ledger did that is not at the tip yet. */
  postpone({ undone, dropped }: LedgerChange, aside: readonly string[]): void {
    const put = this.#put;
    this.#put = {
      undone: [...put.undone, ...undone],
      dropped: [...put.dropped, ...dropped],
      aside: [...put.aside, ...aside],
    };
  }

  /** When the ledger has followed the chain too: says what has become of what was undone and put aside. */
  settle(change: LedgerChange, gone: readonly string[]): void {
    const { ledger, isInMempool, onDropped } = this.#options;
    this.postpone(change, gone);
    const { undone, dropped, aside } = this.#put;
    this.#put = { undone: [], dropped: [], aside: [] };
    for (const { txid } of undone) {
      const lost = ledger.dropped().get(txid);
      if (lost !== undefined && isInMempool(txid)) {
        ledger.forgetDropped(txid);
        this.#see(lost.transaction, lost.entry.timeSec);
        this.#tell(txid);
      } else if (lost !== undefined) {
        onDropped(lost, true);
      } else if (ledger.ownPending().has(txid)) {
        this.#seen.delete(txid);
        this.#tell(txid);
      }
    }
    const isUndone = new Set(undone.map(({ txid }) => txid));
    const lost = [...dropped, ...aside.flatMap((txid) => ledger.dropped().get(txid) ?? [])];
    for (const payment of lost) if (!isUndone.has(payment.entry.txid)) onDropped(payment, false);
    this.#adopt();
    this.#dropImpossible();
    ledger.limitDropped();
    this.#stranded.clear();
    for (const txid of ledger.ownPending().keys()) if (!isInMempool(txid)) this.#stranded.add(txid);
  }

  /** What is remembered of a payment that waits no longer. @param replacedBy a txid */
  describeDropped(pending: OldPending, replacedBy: string | undefined): DroppedPayment {
    return {
      transaction: pending.transaction,
      entry: this.#describe(pending),
      replacedBy,
      conflictHeight: undefined,
      droppedHeight: this.#options.ledger.tip?.height ?? 0,
    };
  }

  #dropReplaced(transaction: Transaction, txid: string, replaced: readonly string[]): void {
    const { ledger } = this.#options;
    const rivals = transaction.inputs.map(({ outpoint }) => ledger.ownSpenderOf(outpoint));
    const dropped = [...new Set([...replaced, ...rivals])].flatMap((rival) => {
      if (rival === undefined || rival === txid) return [];
      return ledger.ownPending().get(rival) ?? this.#seen.get(rival) ?? [];
    });
    for (const pending of dropped) this.#drop(pending, txid);
    if (dropped.length > 0) this.#dropChildren();
  }

  /** What came in while its coins were not to be seen, in the middle of a rescan or a reorganization, may be our own. */
  #adopt(): void {
    const { ledger, nowSec } = this.#options;
    if (!ledger.keepsOwn) return;
    for (const [txid, { transaction }] of this.#seen) {
      if (!transaction.inputs.every(({ outpoint }) => this.coinOf(outpoint) !== undefined)) continue;
      this.#seen.delete(txid);
      ledger.notePending(transaction, nowSec());
    }
  }

  /** Our own payments whose coins the mempool spends otherwise, and what builds on dropped ones. */
  #dropImpossible(): void {
    const { ledger, isInMempool, spenderOf } = this.#options;
    for (const [txid, pending] of ledger.ownPending()) {
      if (isInMempool(txid)) continue;
      const rivals = pending.transaction.inputs.flatMap(({ outpoint }) => spenderOf(outpoint) ?? []);
      const rival = rivals.find((other) => other !== txid);
      if (rival !== undefined) this.#drop(pending, rival);
    }
    this.#dropChildren();
  }

  /**
   * Our own that spend what a dropped payment made, if something has taken the place of that; one that is only forgotten may
   * come again. A coinbase that was undone does not.
   */
  #dropChildren(): void {
    const { ledger } = this.#options;
    if (ledger.dropped().size === 0) return;
    for (let isMore = true; isMore; ) {
      isMore = false;
      for (const pending of ledger.ownPending().values()) {
        const parent = pending.transaction.inputs
          .map(({ outpoint }) => ledger.dropped().get(hashToHex(outpoint.txHash)))
          .find((dropped) => dropped?.replacedBy !== undefined || dropped?.entry.isCoinbase === true);
        if (parent === undefined) continue;
        this.#drop(pending, parent.replacedBy);
        isMore = true;
      }
    }
  }

  #drop(pending: OldPending, replacedBy: string | undefined): void {
    const { ledger, onDropped } = this.#options;
    const payment = this.describeDropped(pending, replacedBy);
    this.#seen.delete(payment.entry.txid);
    this.#stranded.delete(payment.entry.txid);
    ledger.drop(payment);
    ledger.limitDropped();
    onDropped(payment, false);
  }

  #see(transaction: Transaction, timeSec: number): void {
    const txid = hashToHex(transaction.hash);
    this.#options.ledger.forgetDropped(txid);
    if (!this.#seen.has(txid)) this.#seen.set(txid, { transaction, timeSec, isOwn: false, isTrusted: false });
  }

  #tell(txid: string): void {
    const pending = this.get(txid);
    if (pending !== undefined) this.#options.onTransaction(this.#describe(pending));
  }

  #describe(pending: OldPending): HistoryEntry {
    const { ledger, findKey } = this.#options;
    return describePending(pending, findKey, (outpoint) => {
      const coin = this.coinOf(outpoint);
      if (coin !== undefined) return coin.amount;
      // A child is dropped after its parent.
      const parent = ledger.dropped().get(hashToHex(outpoint.txHash))?.transaction;
      const output = parent?.outputs[outpoint.index];
      return output && findKey(output.lockingScript) && output.amount;
    });
  }
}

type OldPending = Readonly<{ transaction: Transaction; timeSec: number }>;
