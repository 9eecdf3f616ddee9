import { join } from 'node:path';
import { bytesToHex } from '../bytes/hex.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Outpoint, Transaction } from '../primitives/transaction.ts';
import type { ChainView, TipChange } from './chainView.ts';
import type { DroppedPayment } from './droppedPayments.ts';
import type { KeyPath } from './keyTree.ts';
import { Ledger, type LedgerOptions } from './ledger.ts';
import { followWithPending, LedgerFollower } from './ledgerFollower.ts';
import type { PendingTransaction, PendingView } from './pendingView.ts';
import {
  type Acceptance,
  type DroppedListener,
  type TransactionListener,
  UnconfirmedPayments,
} from './unconfirmedPayments.ts';
import type { FindKey, HistoryEntry, WalletCoin } from './walletCoin.ts';
import { WalletError } from './walletError.ts';
import { MAX_WATCHED, type WatchedKey } from './walletFile.ts';
import type { WalletKeys } from './walletKeys.ts';

/** Coins of watched keys, in the data directory: apart from ours, which nothing here can touch. */
export const WATCH_FOLDER = 'wallet-watched';

export type WatchOptions = Readonly<{
  dataDir: string;
  params: NetworkParams;
  chain: ChainView;
  keys: WalletKeys;
  isInMempool: (txid: string) => boolean;
  spenderOf: (outpoint: Outpoint) => string | undefined;
  nowSec: () => number;
  onRescan?: ((height: number, target: number) => void) | undefined;
  onRescanFailed?: ((error: unknown) => void) | undefined;
  onTransaction?: TransactionListener | undefined;
  onDropped?: DroppedListener | undefined;
  ledger?: LedgerOptions | undefined;
}>;

/** A coin that a watched key can spend. */
export type WatchedCoin = Omit<WalletCoin, 'key'> & Readonly<{ publicKey: Uint8Array; isWatchOnly: true }>;
export type WatchedBalance = Readonly<{ confirmed: bigint; unconfirmed: bigint; immature: bigint }>;

/** Coins of public keys whose private halves are elsewhere: shown, never spent. A ledger of its own follows the chain. */
export class WatchOnly {
  readonly #options: WatchOptions;
  #positions = new Map<string, number>();
  #ledger: Ledger | undefined;
  #unconfirmed: UnconfirmedPayments | undefined;
  #follower: LedgerFollower | undefined;

  private constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Begins to read what it does not know yet, in the background. */
  static async open(options: WatchOptions): Promise<WatchOnly> {
    const watch = new WatchOnly(options);
    if (options.keys.watched.length > 0) await watch.#attach();
    return watch;
  }

  get isRescanning(): boolean {
    return this.#follower?.isRescanning ?? false;
  }

  get rescanSec(): number {
    return this.#follower?.rescanSec ?? 0;
  }

  get problem(): string | undefined {
    return this.#follower?.problem;
  }

  get height(): number {
    return this.#ledger?.tip?.height ?? 0;
  }

  /** Whether there is any key. */
  get isWatching(): boolean {
    return this.#ledger !== undefined;
  }

  has(publicKey: Uint8Array): boolean {
    return this.#positions.has(bytesToHex(publicKey));
  }

  /**
   * Shows the coins of another key from now on.
   * @param fromHeight also those that were paid since this block; then all watched keys are looked for again, in the background
   * @throws WalletError `own-key`, `pruned`
   */
  async add(publicKey: Uint8Array, fromHeight: number | undefined): Promise<void> {
    const { keys, chain, nowSec } = this.#options;
    if (keys.ring.find(publicKey) !== undefined)
      throw new WalletError('own-key', 'This key is of the wallet itself: its coins are shown anyway.');
    if (fromHeight !== undefined && fromHeight < chain.lowestHeight) {
      const message = `This node has pruned the blocks before height ${chain.lowestHeight}: it cannot look for coins from height ${fromHeight} on.`;
      throw new WalletError('pruned', message);
    }
    const start = Math.min(fromHeight ?? Number.POSITIVE_INFINITY, chain.tip.height + 1);
    const hex = bytesToHex(publicKey);
    const known = keys.watched.find((watched) => watched.publicKey === hex);
    if (known !== undefined && fromHeight === undefined) return;
    if (known === undefined && keys.watched.length >= MAX_WATCHED)
      throw new WalletError('too-many-addresses', `A wallet watches ${MAX_WATCHED} keys at most.`);
    const added = { publicKey: hex, fromHeight: start, addedSec: known?.addedSec ?? nowSec() };
    const watched: WatchedKey[] =
      known === undefined
        ? [...keys.watched, added]
        : keys.watched.map((one) =>
            one === known ? { ...added, fromHeight: Math.min(start, one.fromHeight) } : one,
          );
    const isBehind = this.#ledger !== undefined && start <= chain.tip.height;
    // Emptied before the key is kept: a kill in between reads the chain again, and does not leave the key without its past.
    if (isBehind) await this.#reset();
    try {
      await keys.setWatched(watched);
      if (this.#ledger === undefined) await this.#attach();
      else this.#indexKeys();
    } finally {
      if (isBehind) this.#follow();
    }
  }

  /** Unspent ones that the chain has, and that wait for a block. */
  coins(): WatchedCoin[] {
    const { unspent, incoming } = this.#view();
    return [...unspent, ...incoming].map(({ key, outpoint, amount, height, isCoinbase }) => {
      const publicKey = Buffer.from(this.#options.keys.watched[key.index]!.publicKey, 'hex');
      return { outpoint, amount, height, isCoinbase, publicKey, isWatchOnly: true };
    });
  }

  balance(): WatchedBalance {
    const { chain, params } = this.#options;
    const balance = { confirmed: 0n, unconfirmed: 0n, immature: 0n };
    for (const { amount, height, isCoinbase } of this.coins()) {
      if (height === undefined) balance.unconfirmed += amount;
      else if (isCoinbase && chain.tip.height + 1 < height + params.coinbaseMaturity)
        balance.immature += amount;
      else balance.confirmed += amount;
    }
    return balance;
  }

  /** One that waits for a block; undefined where there is none. */
  pendingTransaction(txid: string): PendingTransaction | undefined {
    return this.#unconfirmed?.get(txid);
  }

  /** Payments that did not happen, as far as is known, by their txids: the latest last. */
  dropped(): ReadonlyMap<string, DroppedPayment> {
    return this.#ledger?.dropped() ?? new Map();
  }

  /** Unconfirmed first, then from the latest block on. */
  async history(limit: number): Promise<HistoryEntry[]> {
    const confirmed = (await this.#ledger?.history(limit)) ?? [];
    return [...[...this.#view().entries].reverse(), ...confirmed].slice(0, limit);
  }

  /** A transaction that the mempool accepted. */
  noteTransaction(transaction: Transaction, { isNews = true, replaced = [] }: Acceptance): void {
    this.#unconfirmed?.note(transaction, isNews, replaced);
    this.#follower?.write();
  }

  /** Follows the chain. */
  async update(change: TipChange): Promise<void> {
    if (this.#follower !== undefined) await followWithPending(this.#follower, this.#unconfirmed!, change);
  }

  /** Reads the chain again, from the first block that a key was to be looked for in. */
  async rescan(): Promise<void> {
    if (this.#ledger === undefined) return;
    await this.#reset();
    this.#follow();
  }

  /** Resolves when no rescan runs. */
  async settled(): Promise<void> {
    await this.#follower?.settled();
  }

  async close(): Promise<void> {
    await this.#follower?.close();
    await this.#ledger?.close();
  }

  async #attach(): Promise<void> {
    const { dataDir, keys, ledger } = this.#options;
    this.#ledger = await Ledger.open(join(dataDir, WATCH_FOLDER), keys.accountKey, {
      ...ledger,
      keepsOwn: false,
    });
    this.#indexKeys();
    this.#follow();
  }

  #indexKeys(): void {
    this.#positions = new Map(this.#options.keys.watched.map(({ publicKey }, i) => [publicKey, i]));
  }

  async #reset(): Promise<void> {
    await this.#follower?.close();
    await this.#ledger?.clear();
  }

  #follow(): void {
    const {
      chain,
      keys,
      isInMempool,
      spenderOf,
      nowSec,
      onRescan,
      onRescanFailed,
      onTransaction,
      onDropped,
    } = this.#options;
    const first = Math.min(...keys.watched.map(({ fromHeight }) => fromHeight));
    const followed = {
      ring: { noteUsed: () => false },
      save: async () => undefined,
      birthHeight: Math.max(0, first - 1),
    };
    const ledger = this.#ledger!;
    const findKey: FindKey = (lockingScript) => this.#find(lockingScript);
    // A rescan does not forget them.
    this.#unconfirmed ??= new UnconfirmedPayments({
      ledger,
      findKey,
      isInMempool,
      spenderOf,
      nowSec,
      onTransaction: (entry) => onTransaction?.(entry, true),
      onDropped: (payment, wasConfirmed) => onDropped?.(payment, { wasConfirmed, isWatchOnly: true }),
    });
    const unconfirmed = this.#unconfirmed;
    this.#follower = new LedgerFollower({
      chain,
      ledger,
      keys: followed,
      findKey,
      onCaughtUp: (change) => unconfirmed.settle(change, unconfirmed.putAside()),
      onConnected: (entries, isNew) => {
        unconfirmed.confirm(entries);
        if (isNew) for (const entry of entries) onTransaction?.(entry, true);
      },
      onRescan,
      onRescanFailed,
    });
    this.#follower.startRescan();
  }

  #view(): PendingView {
    return this.#unconfirmed?.view() ?? { unspent: [], incoming: [], entries: [] };
  }

  /** The path names the position among the watched keys: these are in no tree. */
  #find(lockingScript: Uint8Array): KeyPath | undefined {
    const lock = parseLockingScript(lockingScript);
    const index = lock?.type === 'public-key' ? this.#positions.get(bytesToHex(lock.publicKey)) : undefined;
    return index === undefined ? undefined : { chain: 'receive', index };
  }
}
