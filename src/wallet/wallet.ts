import { join } from 'node:path';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import { signMessage } from '../crypto/messageSignature.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Outpoint, Transaction } from '../primitives/transaction.ts';
import type { ChainView, TipChange } from './chainView.ts';
import type { DroppedPayment } from './droppedPayments.ts';
import type { KeyPath, WalletSecret } from './keyTree.ts';
import { Ledger, type LedgerOptions } from './ledger.ts';
import { followWithPending, LedgerFollower } from './ledgerFollower.ts';
import type { LedgerTip } from './ledgerRecords.ts';
import type { PendingTransaction, PendingView } from './pendingView.ts';
import { Spending } from './spending.ts';
import {
  type Acceptance,
  type DroppedListener,
  type TransactionListener,
  UnconfirmedPayments,
} from './unconfirmedPayments.ts';
import { openBackup, parseBackup } from './walletBackup.ts';
import type { FindKey, HistoryEntry, UnspentCoin, WalletCoin } from './walletCoin.ts';
import { WalletError } from './walletError.ts';
import type { NewWallet } from './walletFile.ts';
import { WalletKeys } from './walletKeys.ts';
import { WatchOnly } from './watchOnly.ts';

/** The coins' database, in the data directory. */
export const LEDGER_FOLDER = 'wallet';
/** A second's work: an opening wallet does not keep the node waiting for more. */
const MAX_AWAITED_BLOCKS = 2000;

export type WalletOptions = Readonly<{
  dataDir: string;
  params: NetworkParams;
  chain: ChainView;
  /** Whether the mempool holds a transaction now: what it dropped does not count as pending any more. */
  isInMempool: (txid: string) => boolean;
  /** The txid of the transaction in the mempool that spends this output. */
  spenderOf: (outpoint: Outpoint) => string | undefined;
  clockSec?: () => number;
  /** Told of a rescan every so often. */
  onRescan?: (height: number, target: number) => void;
  onRescanFailed?: (error: unknown) => void;
  /**
   * Told of each transaction that pays or spends coins of ours or of watched keys, when it comes in and when a block has
   * it; not of those that a rescan finds.
   */
  onTransaction?: TransactionListener;
  /** Told of each that will not happen, as far as is known. */
  onDropped?: DroppedListener;
  /** How the coins' database is looked at, and who is told when it is damaged: it is made anew from the chain. */
  ledger?: LedgerOptions;
}>;

export type OwnAddress = Readonly<{
  address: string;
  publicKey: Uint8Array;
  /** See WalletKeys.isBeyondGap. */
  isBeyondGap: boolean;
}>;
export type Balance = Readonly<{ confirmed: bigint; unconfirmed: bigint; immature: bigint }>;

/** The keys and the coins of the node's owner. Works without keys too: everything is zero then, until `create`. */
export class Wallet {
  readonly #options: WalletOptions;
  readonly #findKey: FindKey = (lockingScript) => this.#find(lockingScript);
  #keys: WalletKeys | undefined;
  #ledger: Ledger | undefined;
  #unconfirmed: UnconfirmedPayments | undefined;
  #follower: LedgerFollower | undefined;
  #watchOnly: WatchOnly | undefined;
  #spending: Spending | undefined;
  #isClosing = false;
  /** One payment, or change of keys, at a time: two must not choose the same coin. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: WalletOptions) {
    this.#options = options;
  }

  /**
   * Opens what is there and brings it up to the chain's tip; where that takes long, it goes on in the background. Call
   * before the chain tells of changes.
   */
  static async open(options: WalletOptions): Promise<Wallet> {
    const wallet = new Wallet(options);
    const keys = WalletKeys.load(options.dataDir, options.params);
    if (keys === undefined) return wallet;
    await wallet.#attach(keys);
    wallet.#follower!.startRescan();
    if (options.chain.tip.height - wallet.height <= MAX_AWAITED_BLOCKS) await wallet.settled();
    return wallet;
  }

  /** Whether there are keys. */
  get exists(): boolean {
    return this.#keys !== undefined;
  }

  /** Whether paying needs a passphrase. */
  get isProtected(): boolean {
    return this.#keys?.protection === 'passphrase';
  }

  get isRescanning(): boolean {
    return this.#follower?.isRescanning ?? false;
  }

  /** Why the coins are not those of the chain, or where they are, as a sentence. */
  get problem(): string | undefined {
    if (this.#keys === undefined) return WalletKeys.lost(this.#options.dataDir);
    return this.#follower?.problem ?? this.#watchOnly?.problem;
  }

  /** The height up to which coins are counted. */
  get height(): number {
    if (this.#ledger === undefined) return this.#options.chain.tip.height;
    return this.#ledger.tip?.height ?? 0;
  }

  /**
   * Makes new keys.
   * @returns the words, to be written down @throws WalletError `exists`
   */
  async create(
    passphrase?: string,
    options: Pick<NewWallet, 'wordCount' | 'wordsPassphrase'> = {},
  ): Promise<string> {
    return this.#inTurn(async () => {
      this.#requireNoKeys();
      const { dataDir, params, chain } = this.#options;
      const birthHeight = chain.tip.height;
      const nowSec = this.#nowSec();
      const made = await WalletKeys.create(dataDir, params, { ...options, passphrase, birthHeight, nowSec });
      await this.#attach(made.keys);
      this.#follower!.startRescan();
      await this.settled();
      return made.words;
    });
  }

  /**
   * Makes the keys of these words and looks for their coins in the whole chain, in the background.
   * @throws WalletError `pruned` when it is not all there any more
   */
  async restore(words: string, passphrase?: string, wordsPassphrase?: string): Promise<void> {
    await this.#restore({ words, wordsPassphrase, passphrase, birthHeight: 0, nowSec: this.#nowSec() });
  }

  /**
   * Makes the wallet of a backup, and looks for its coins in the background.
   * @param path for the messages @throws WalletError `damaged`, `wrong-passphrase`, `locked`, `pruned`
   */
  async restoreBackup(path: string, text: string, passphrase: string | undefined): Promise<void> {
    const backup = parseBackup(path, text, this.#options.params);
    await this.#restore(await openBackup(path, backup, passphrase));
  }

  async #restore(options: NewWallet): Promise<void> {
    await this.#inTurn(async () => {
      const { dataDir, params, chain } = this.#options;
      if (chain.lowestHeight > options.birthHeight + 1) {
        const message = `This node has pruned the blocks before height ${chain.lowestHeight}, and these words may have coins in them. Restore the wallet on a node that has all blocks, or start this one with --reindex to download them again.`;
        throw new WalletError('pruned', message);
      }
      this.#requireNoKeys();
      const { keys } = await WalletKeys.create(dataDir, params, options);
      await this.#attach(keys);
      this.#follower!.startRescan();
    });
  }

  /** Resolves when no rescan runs. */
  async settled(): Promise<void> {
    await this.#follower?.settled();
    await this.#watchOnly?.settled();
  }

  /** The words and their passphrase, for a backup. */
  async revealSecret(passphrase?: string): Promise<WalletSecret> {
    return this.#requireKeys().revealSecret(passphrase);
  }

  /** Whether paying needs the passphrase now. */
  get isLocked(): boolean {
    return this.#keys?.isLocked ?? false;
  }

  /** Unix time; 0 while locked. */
  get unlockedUntilSec(): number {
    return this.#keys?.unlockedUntilSec ?? 0;
  }

  /** Payments need no passphrase for so long. @throws WalletError `wrong-passphrase`, `wrong-state` */
  async unlock(passphrase: string, seconds: number): Promise<void> {
    await this.#inTurn(() => this.#requireKeys().unlock(passphrase, seconds));
  }

  async lock(): Promise<void> {
    await this.#inTurn(async () => this.#requireKeys().lock());
  }

  /** @param old undefined for a wallet that has none @throws WalletError `wrong-passphrase`, `wrong-state` */
  async changePassphrase(old: string | undefined, passphrase: string): Promise<void> {
    await this.#inTurn(() => this.#requireKeys().changePassphrase(old, passphrase));
  }

  /** The keys themselves, for what is said about them. @throws WalletError `no-wallet` */
  get keys(): WalletKeys {
    return this.#requireKeys();
  }

  /** Paying with its coins. @throws WalletError `no-wallet` */
  get spending(): Spending {
    this.#requireKeys();
    return this.#spending!;
  }

  /** Keys of others whose coins are shown; undefined where there is no wallet. */
  get watchOnly(): WatchOnly | undefined {
    return this.#watchOnly;
  }

  /** The block up to which coins are counted. */
  get tip(): LedgerTip | undefined {
    return this.#ledger?.tip;
  }

  /** How long a rescan runs, and how far it is (0 to 1); undefined when none does. */
  get scanning(): { duration: number; progress: number } | undefined {
    const [follower, height] = this.isRescanning
      ? [this.#follower!, this.height]
      : [this.#watchOnly, this.#watchOnly?.height ?? 0];
    if (follower?.isRescanning !== true) return undefined;
    return { duration: follower.rescanSec, progress: height / Math.max(1, this.#options.chain.tip.height) };
  }

  /** Blocks from here on are still to be read, by this wallet or for its watched keys. */
  get unreadFrom(): number {
    const own = this.isRescanning ? this.height : Number.POSITIVE_INFINITY;
    return this.#watchOnly?.isRescanning === true ? Math.min(own, this.#watchOnly.height) : own;
  }

  /** How many transactions it knows, the pending ones included. */
  async countTransactions(): Promise<number> {
    return this.#view().entries.length + ((await this.#ledger?.countHistory()) ?? 0);
  }

  /** A key for change that nobody saw yet. */
  async changeAddress(): Promise<OwnAddress> {
    return this.#inTurn(async () => this.#describeKey(await this.#requireKeys().changeKey()));
  }

  async setLabel(publicKey: Uint8Array, label: string): Promise<void> {
    await this.#inTurn(() => this.#requireKeys().setLabel(publicKey, label));
  }

  /** 65 bytes, see messageSignature. @throws WalletError `locked`, `wrong-passphrase`, `not-own` */
  async signMessage(publicKey: Uint8Array, message: string, passphrase?: string): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const keys = this.#requireKeys();
      if (keys.isLocked && passphrase === undefined)
        throw new WalletError('locked', 'The wallet is locked: it needs its passphrase for this.');
      const path = keys.ring.find(publicKey);
      if (path === undefined) throw new WalletError('not-own', 'Private key not available');
      const [privateKey] = await keys.privateKeys([path], passphrase);
      const signature = signMessage(message, privateKey!);
      privateKey!.fill(0);
      return signature;
    });
  }

  /** Shows the coins of another's key, see WatchOnly.add. @throws WalletError `own-key`, `pruned` */
  async watch(
    publicKey: Uint8Array,
    options: { label?: string | undefined; fromHeight?: number | undefined } = {},
  ): Promise<void> {
    await this.#inTurn(async () => {
      const keys = this.#requireKeys();
      await this.#watchOnly!.add(publicKey, options.fromHeight);
      if (options.label !== undefined) await keys.setLabel(publicKey, options.label);
    });
  }

  /**
   * Counts all coins again from the chain, in the background. Our own unconfirmed payments stay.
   * @param fromHeight where this is before the wallet's birth, it is looked through from there from now on
   * @throws WalletError `pruned`, `rescanning`
   */
  async rescan(fromHeight: number | undefined): Promise<void> {
    await this.#inTurn(async () => {
      const keys = this.#requireKeys();
      const { chain } = this.#options;
      if (this.scanning !== undefined)
        throw new WalletError('rescanning', 'Wallet is currently rescanning. Abort existing rescan or wait.');
      const birthHeight = Math.min(keys.birthHeight, Math.max(0, (fromHeight ?? keys.birthHeight + 1) - 1));
      if (birthHeight + 1 < chain.lowestHeight) {
        const message =
          "Can't rescan beyond pruned data. Use RPC call getblockchaininfo to determine your pruned height.";
        throw new WalletError('pruned', message);
      }
      if (birthHeight !== keys.birthHeight) await keys.setBirthHeight(birthHeight);
      await this.#follower!.close();
      await this.#ledger!.clear();
      this.#follow(keys, this.#ledger!);
      this.#follower!.startRescan();
      await this.#watchOnly?.rescan();
    });
  }

  /** An address to be paid at: the first unused one, or one never shown before. Makes a wallet where there is none. */
  async address(isFresh = false): Promise<OwnAddress> {
    if (!this.exists) await this.create();
    return this.#inTurn(async () => {
      const keys = this.#requireKeys();
      return this.#describeKey(isFresh ? await keys.freshKey('receive') : await keys.currentReceive());
    });
  }

  /**
   * Who mined blocks pay. The first call makes the key.
   * @returns privateKey only then, for its owner to note; undefined too when a passphrase keeps it sealed
   */
  async miningKey(): Promise<OwnAddress & { privateKey: Uint8Array | undefined }> {
    if (!this.exists) await this.create();
    return this.#inTurn(async () => {
      const keys = this.#requireKeys();
      const { path, isNew } = await keys.miningKey();
      const isShown = isNew && !this.isProtected;
      const [privateKey] = isShown ? await keys.privateKeys([path], undefined) : [];
      return { ...this.#describeKey(path), privateKey };
    });
  }

  balance(): Balance {
    const { unspent, incoming } = this.#view();
    const sum = (coins: readonly WalletCoin[]) => coins.reduce((total, { amount }) => total + amount, 0n);
    return {
      confirmed: sum(unspent.filter((coin) => this.#isMature(coin))),
      unconfirmed: sum(incoming),
      immature: sum(unspent.filter((coin) => !this.#isMature(coin))),
    };
  }

  /** All coins that no pending transaction spends. */
  unspent(): UnspentCoin[] {
    const { unspent, incoming } = this.#view();
    return [
      ...unspent.map((coin) => ({ ...coin, isSpendable: this.#isMature(coin) })),
      ...incoming.map((coin) => ({ ...coin, isSpendable: coin.isTrusted && coin.key.chain === 'change' })),
    ];
  }

  /** One that waits for a block; undefined where there is none. */
  pendingTransaction(txid: string): PendingTransaction | undefined {
    return this.#unconfirmed?.get(txid);
  }

  /** Unconfirmed first, then from the latest block on. */
  async history(limit: number): Promise<HistoryEntry[]> {
    const pending = [...this.#view().entries].reverse();
    const confirmed = (await this.#ledger?.history(limit)) ?? [];
    return [...pending, ...confirmed].slice(0, limit);
  }

  /** Payments that did not happen, as far as is known, by their txids: the latest last. */
  dropped(): ReadonlyMap<string, DroppedPayment> {
    return this.#ledger?.dropped() ?? new Map();
  }

  /** Whether it is a payment of this wallet: confirmed, pending or dropped. */
  async knows(txid: string): Promise<boolean> {
    if (this.dropped().has(txid)) return true;
    return (await this.history(Number.MAX_SAFE_INTEGER)).some((entry) => entry.txid === txid);
  }

  /** Our payments that no block has, oldest first: to be given to the mempool again after a start. */
  ownPending(): Transaction[] {
    return [...(this.#ledger?.ownPending().values() ?? [])]
      .sort((a, b) => a.timeSec - b.timeSec)
      .map(({ transaction }) => transaction);
  }

  /** Of those, the ones that were not in the mempool after the last block: it may take them now. */
  strandedPayments(): Transaction[] {
    return this.#unconfirmed?.stranded() ?? [];
  }

  /** A transaction that the mempool accepted. */
  noteTransaction(transaction: Transaction, { isNews = true, replaced = [] }: Acceptance = {}): void {
    this.#watchOnly?.noteTransaction(transaction, { isNews, replaced });
    this.#unconfirmed?.note(transaction, isNews, replaced);
    this.#follower?.write();
  }

  /** Follows the chain. Awaited by it, after the mempool was told. */
  async update(change: TipChange): Promise<void> {
    if (this.#follower === undefined || this.#isClosing) return;
    await this.#watchOnly?.update(change);
    await followWithPending(this.#follower, this.#unconfirmed!, change);
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await this.#follower?.close();
    await this.#watchOnly?.close();
    await this.#turn.catch(() => undefined);
    this.#keys?.lock();
    await this.#ledger?.close();
  }

  async #attach(keys: WalletKeys): Promise<void> {
    const { dataDir } = this.#options;
    const ledger = await Ledger.open(join(dataDir, LEDGER_FOLDER), keys.accountKey, this.#options.ledger);
    this.#keys = keys;
    this.#ledger = ledger;
    this.#unconfirmed = undefined;
    this.#follow(keys, ledger);
    this.#spending = new Spending({
      keys,
      ledger,
      nowSec: () => this.#nowSec(),
      find: this.#findKey,
      unconfirmed: () => this.#unconfirmed!,
      unspent: () => this.unspent(),
      inTurn: (work) => this.#inTurn(work),
    });
    this.#watchOnly = await WatchOnly.open({
      ...this.#options,
      keys,
      nowSec: () => this.#nowSec(),
    });
  }

  #follow(keys: WalletKeys, ledger: Ledger): void {
    const { chain, isInMempool, spenderOf, onRescan, onRescanFailed, onTransaction, onDropped } =
      this.#options;
    const findKey = this.#findKey;
    // A rescan does not forget them.
    this.#unconfirmed ??= new UnconfirmedPayments({
      ledger,
      findKey,
      isInMempool,
      spenderOf,
      nowSec: () => this.#nowSec(),
      onTransaction: (entry) => onTransaction?.(entry, false),
      onDropped: (payment, wasConfirmed) => onDropped?.(payment, { wasConfirmed, isWatchOnly: false }),
    });
    const unconfirmed = this.#unconfirmed;
    this.#follower = new LedgerFollower({
      chain,
      ledger,
      keys,
      findKey,
      onCaughtUp: (change) => unconfirmed.settle(change, unconfirmed.putAside()),
      onConnected: (entries, isNew) => {
        unconfirmed.confirm(entries);
        if (isNew) for (const entry of entries) onTransaction?.(entry, false);
      },
      onRescan,
      onRescanFailed,
    });
  }

  #view(): PendingView {
    return this.#unconfirmed?.view() ?? { unspent: [], incoming: [], entries: [] };
  }

  #isMature({ isCoinbase: isNew, height }: WalletCoin & { height: number }): boolean {
    const { params, chain } = this.#options;
    return !isNew || chain.tip.height + 1 >= height + params.coinbaseMaturity;
  }

  #find(lockingScript: Uint8Array): KeyPath | undefined {
    const lock = parseLockingScript(lockingScript);
    return lock?.type === 'public-key' ? this.#keys?.ring.find(lock.publicKey) : undefined;
  }

  #describeKey(path: KeyPath): OwnAddress {
    const keys = this.#requireKeys();
    const publicKey = keys.ring.publicKey(path);
    const address = encodeAddress(publicKey, this.#options.params.addressPrefix);
    return { address, publicKey, isBeyondGap: keys.isBeyondGap(path) };
  }

  /** Of a wallet whose files were moved away meanwhile, the keys and the coins are still open here. */
  #requireNoKeys(): void {
    if (this.#keys === undefined) return;
    const { dataDir } = this.#options;
    const message = WalletKeys.exists(dataDir)
      ? `There is a wallet in ${dataDir} already.`
      : `The running node still has the wallet whose file in ${dataDir} is gone: \`indiecoin wallet backup FILE\` saves it. Stop the node to have another one in its place.`;
    throw new WalletError('exists', message);
  }

  #requireKeys(): WalletKeys {
    if (this.#keys !== undefined) return this.#keys;
    const none = 'There is no wallet yet: `indiecoin wallet new` makes one.';
    throw new WalletError('no-wallet', this.problem ?? none);
  }

  #nowSec(): number {
    return this.#options.clockSec?.() ?? Math.floor(Date.now() / 1000);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work, work);
    this.#turn = result;
    return result;
  }
}
