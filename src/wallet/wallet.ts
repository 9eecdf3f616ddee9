import { join } from 'node:path';
import { hashToHex } from '../bytes/hex.ts';
import { parseLockingScript, payToPublicKey } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import { detachTransaction, isCoinbase, outpointKey, type Transaction } from '../primitives/transaction.ts';
import type { ChainNode, ChainView, TipChange } from './chainView.ts';
import { DUST, selectCoins } from './coinSelection.ts';
import type { KeyPath } from './keyTree.ts';
import { type FindKey, Ledger } from './ledger.ts';
import { signPayment } from './payment.ts';
import { findDead, type PendingTransaction, type PendingView, viewWithPending } from './pendingView.ts';
import type { HistoryEntry, WalletCoin } from './walletCoin.ts';
import { WalletError } from './walletError.ts';
import { WalletKeys } from './walletKeys.ts';

/** The coins' database, in the data directory. */
export const LEDGER_FOLDER = 'wallet';
/** Blocks without a coin of ours are written off together. */
const FLUSH_BLOCKS = 500;
const REPORT_BLOCKS = 5000;
/** A second's work: an opening wallet does not keep the node waiting for more. */
const MAX_AWAITED_BLOCKS = 2000;

export type WalletOptions = Readonly<{
  dataDir: string;
  params: NetworkParams;
  chain: ChainView;
  /** Whether the mempool holds a transaction now: what it dropped does not count as pending any more. */
  isInMempool: (txid: string) => boolean;
  clockSec?: () => number;
  /** Told of a rescan every so often, and at its end. */
  onRescan?: (height: number, target: number) => void;
  onRescanFailed?: (error: unknown) => void;
}>;

export type OwnAddress = Readonly<{ address: string; publicKey: Uint8Array }>;
export type Balance = Readonly<{ confirmed: bigint; unconfirmed: bigint; immature: bigint }>;

/** The keys and the coins of the node's owner. Works without keys too: everything is zero then, until `create`. */
export class Wallet {
  readonly #options: WalletOptions;
  readonly #seen = new Map<string, PendingTransaction>();
  readonly #findKey: FindKey = (lockingScript) => this.#find(lockingScript);
  #keys: WalletKeys | undefined;
  #ledger: Ledger | undefined;
  #rescan: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isClosing = false;
  #hasFailed = false;
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
    wallet.#startRescan();
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
    return this.#rescan !== undefined;
  }

  /** The height up to which coins are counted. */
  get height(): number {
    if (this.#ledger === undefined) return this.#options.chain.tip.height;
    return this.#ledger.tip?.height ?? 0;
  }

  /** Makes new keys. @returns the words, to be written down @throws WalletError `exists` */
  async create(passphrase?: string): Promise<string> {
    return this.#inTurn(async () => {
      const { dataDir, params, chain } = this.#options;
      const birth = chain.tip;
      const made = await WalletKeys.create(dataDir, params, {
        passphrase,
        birthHeight: birth.height,
        nowSec: this.#nowSec(),
      });
      await this.#attach(made.keys);
      this.#startRescan();
      await this.#rescan;
      return made.words;
    });
  }

  /** Makes the keys of these words and looks for their coins in the whole chain, in the background. */
  async restore(words: string, passphrase?: string): Promise<void> {
    await this.#inTurn(async () => {
      const { dataDir, params } = this.#options;
      const nowSec = this.#nowSec();
      const { keys } = await WalletKeys.create(dataDir, params, {
        words,
        passphrase,
        birthHeight: 0,
        nowSec,
      });
      await this.#attach(keys);
    });
    this.#startRescan();
  }

  /** Resolves when no rescan runs. */
  async settled(): Promise<void> {
    while (this.#rescan !== undefined) await this.#rescan;
  }

  /** The words, for a backup. */
  async revealWords(passphrase?: string): Promise<string> {
    return this.#requireKeys().revealWords(passphrase);
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

  /** What can be spent now: mature coins, and the change of our own payments. */
  spendable(): WalletCoin[] {
    const { unspent, incoming } = this.#view();
    const change = incoming.filter(({ isOwn, key }) => isOwn && key.chain === 'change');
    return [...unspent.filter((coin) => this.#isMature(coin)), ...change];
  }

  /** Unconfirmed first, then from the latest block on. */
  async history(limit: number): Promise<HistoryEntry[]> {
    const pending = [...this.#view().entries].reverse();
    const confirmed = (await this.#ledger?.history(limit)) ?? [];
    return [...pending, ...confirmed].slice(0, limit);
  }

  /**
   * Signs a payment and keeps it on the disk until a block has it, so that a kill before it was sent loses nothing. The
   * caller gives it to the mempool, and calls `abandon` if that refuses it.
   */
  async pay(payment: {
    publicKey: Uint8Array;
    amount: bigint;
    /** Base units per byte. */
    feeRate: bigint;
    passphrase?: string | undefined;
  }): Promise<{ transaction: Transaction; fee: bigint }> {
    return this.#inTurn(async () => {
      const keys = this.#requireKeys();
      if (payment.amount < DUST) {
        throw new WalletError(
          'bad-amount',
          `Less than ${DUST} base units costs more to spend than it is worth.`,
        );
      }
      const { coins, fee, change } = selectCoins(this.spendable(), {
        target: payment.amount,
        outputs: 1,
        feeRate: payment.feeRate,
        isLast: ({ height }) => height === undefined,
      });
      const privateKeys = await keys.privateKeys(
        coins.map(({ key }) => key),
        payment.passphrase,
      );
      const outputs = [{ amount: payment.amount, lockingScript: payToPublicKey(payment.publicKey) }];
      if (change > 0n) {
        const path = await keys.changeKey();
        const output = { amount: change, lockingScript: payToPublicKey(keys.ring.publicKey(path)) };
        // At either place: the order must not tell which output is the change.
        if (Math.random() < 0.5) outputs.unshift(output);
        else outputs.push(output);
      }
      const signers = coins.map(({ key }, i) => ({
        publicKey: keys.ring.publicKey(key),
        privateKey: privateKeys[i]!,
      }));
      const transaction = signPayment(coins, outputs, signers);
      for (const key of privateKeys) key.fill(0);
      await this.#ledger!.addPending(transaction, this.#nowSec());
      return { transaction, fee };
    });
  }

  /** Takes back a payment that the mempool refused: its coins are free again. */
  async abandon(transaction: Transaction): Promise<void> {
    this.#ledger?.dropPending(transaction.hash);
    await this.#ledger?.flush({ sync: true });
  }

  /** Our payments that no block has, oldest first: to be given to the mempool again after a start. */
  ownPending(): Transaction[] {
    return [...(this.#ledger?.ownPending().values() ?? [])]
      .sort((a, b) => a.timeSec - b.timeSec)
      .map(({ transaction }) => transaction);
  }

  /** A transaction that the mempool accepted. */
  noteTransaction(transaction: Transaction): void {
    const ledger = this.#ledger;
    if (ledger === undefined) return;
    const txid = hashToHex(transaction.hash);
    if (ledger.ownPending().has(txid)) return;
    const spends = transaction.inputs.some(
      ({ outpoint }) =>
        ledger.coin(outpointKey(outpoint.txHash, outpoint.index)) !== undefined ||
        this.#seen.has(hashToHex(outpoint.txHash)),
    );
    if (!spends && !transaction.outputs.some(({ lockingScript }) => this.#findKey(lockingScript))) return;
    this.#seen.set(txid, { transaction, timeSec: this.#nowSec(), isOwn: false });
  }

  /** Follows the chain. Awaited by it, after the mempool was told. */
  async update(change: TipChange): Promise<void> {
    const ledger = this.#ledger;
    // A running rescan reads the chain until it stands at its tip, and so takes this change in.
    if (ledger === undefined || this.#rescan !== undefined || this.#isClosing) return;
    await this.#writing;
    const undone: Transaction[] = [];
    for (const { node, block } of change.disconnected) {
      if (ledger.tip?.hash !== node.hash) continue;
      await ledger.disconnect(block, node.height);
      undone.unshift(...block.transactions.filter((transaction) => !isCoinbase(transaction)));
    }
    for (const { node, block } of change.connected) {
      if (ledger.tip?.hash === node.parent?.hash) await this.#connect(ledger, block, node.height);
    }
    for (const transaction of undone) this.noteTransaction(detachTransaction(transaction));
    if (ledger.tip?.hash !== change.tip.hash) this.#startRescan();
    else await this.#settle(ledger);
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await this.#rescan;
    await this.#turn.catch(() => undefined);
    await this.#ledger?.close();
  }

  async #attach(keys: WalletKeys): Promise<void> {
    const ledger = await Ledger.open(join(this.#options.dataDir, LEDGER_FOLDER), keys.accountKey);
    this.#keys = keys;
    this.#ledger = ledger;
  }

  #startRescan(): void {
    this.#rescan ??= this.#catchUp()
      .catch((error: unknown) => {
        this.#hasFailed = true;
        this.#options.onRescanFailed?.(error);
      })
      .then(() => {
        this.#rescan = undefined;
        // A change that came while the last block was being written was left to us.
        const isBehind = this.#ledger?.tip?.hash !== this.#options.chain.tip.hash;
        if (isBehind && !this.#isClosing && !this.#hasFailed) this.#startRescan();
      });
  }

  /** Reads blocks until the ledger stands at the chain's tip, back along a branch that was left where need be. */
  async #catchUp(): Promise<void> {
    const { chain } = this.#options;
    const ledger = this.#ledger!;
    while (!this.#isClosing) {
      const { tip } = ledger;
      const node = tip === undefined ? undefined : chain.node(tip.hash);
      if (node === undefined) {
        await this.#restart(ledger);
      } else if (!chain.isActive(node)) {
        const block = await this.#readBlock(node);
        if (block === undefined) await this.#restart(ledger);
        else await ledger.disconnect(block, node.height);
      } else if (node === chain.tip) {
        break;
      } else {
        const next = chain.nodeAt(node.height + 1);
        const block = next === undefined ? undefined : await this.#readBlock(next);
        // Gone while it was asked for: the chain has moved, look again.
        if (next === undefined || next.parent !== node) continue;
        if (block === undefined) throw new Error(`block ${next.hash} of the active chain cannot be read`);
        await this.#connect(ledger, block, next.height);
        if (next.height % REPORT_BLOCKS === 0) this.#options.onRescan?.(next.height, chain.tip.height);
      }
    }
    await this.#settle(ledger);
  }

  async #restart(ledger: Ledger): Promise<void> {
    const { chain } = this.#options;
    await ledger.clear();
    const start = chain.nodeAt(Math.min(this.#requireKeys().birthHeight, chain.tip.height))!;
    ledger.startAt({ hash: start.hash, height: start.height });
  }

  async #readBlock(node: ChainNode): Promise<Block | undefined> {
    const bytes = await this.#options.chain.readBlock(node.hash);
    return bytes === undefined ? undefined : decodeBlock(bytes);
  }

  async #connect(ledger: Ledger, block: Block, height: number): Promise<void> {
    await this.#discoverKeys(block);
    ledger.connect(block, height, this.#findKey);
    if (ledger.unwrittenBlocks >= FLUSH_BLOCKS) await ledger.flush();
  }

  /**
   * Counts the keys that a block pays before its coins are taken: a key near the end of those watched makes more to be
   * watched, and the block may pay one of those too, even earlier.
   */
  async #discoverKeys(block: Block): Promise<void> {
    const keys = this.#requireKeys();
    let isChanged = false;
    for (let isMore = true; isMore; ) {
      isMore = false;
      for (const { outputs } of block.transactions) {
        for (const { lockingScript } of outputs) {
          const path = this.#findKey(lockingScript);
          if (path !== undefined && keys.ring.noteUsed(path)) isMore = true;
        }
      }
      isChanged ||= isMore;
    }
    if (isChanged) await keys.save();
  }

  /** After a change of the chain: forgets what cannot be pending any more, and writes. */
  async #settle(ledger: Ledger): Promise<void> {
    for (const txid of this.#seen.keys()) {
      if (!this.#options.isInMempool(txid)) this.#seen.delete(txid);
    }
    for (const transaction of findDead(ledger, this.#pending())) ledger.dropPending(transaction.hash);
    if (!ledger.hasUnwrittenChanges) return;
    // The chain need not wait for it: a ledger that stands lower reads the blocks again. A failure shows at the next write.
    this.#writing = ledger.flush();
    this.#writing.catch(() => undefined);
  }

  #pending(): PendingTransaction[] {
    const own = [...(this.#ledger?.ownPending().values() ?? [])].map((kept) => ({ ...kept, isOwn: true }));
    const seen = [...this.#seen]
      .filter(([txid]) => this.#options.isInMempool(txid))
      .map(([, pending]) => pending);
    return [...own, ...seen];
  }

  #view(): PendingView {
    if (this.#ledger === undefined) return { unspent: [], incoming: [], entries: [] };
    return viewWithPending(this.#ledger, this.#pending(), this.#findKey);
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
    const publicKey = this.#requireKeys().ring.publicKey(path);
    return { address: encodeAddress(publicKey, this.#options.params.addressPrefix), publicKey };
  }

  #requireKeys(): WalletKeys {
    if (this.#keys !== undefined) return this.#keys;
    throw new WalletError('no-wallet', 'There is no wallet yet: `indiecoin wallet new` makes one.');
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
