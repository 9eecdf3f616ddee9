import { mkdir, rm } from 'node:fs/promises';
import { Level } from 'level';
import { equalBytes } from '../bytes/bytes.ts';
import { hashToHex, hexToHash } from '../bytes/hex.ts';
import type { Block } from '../primitives/block.ts';
import {
  decodeTransaction,
  detachTransaction,
  isCoinbase,
  type Outpoint,
  outpointKey,
  type Transaction,
} from '../primitives/transaction.ts';
import { type DroppedPayment, DroppedPayments } from './droppedPayments.ts';
import { describe, describePending } from './historyEntry.ts';
import {
  coinKey,
  decodeCoin,
  decodeDropped,
  decodeEntry,
  decodePending,
  decodeTip,
  droppedKey,
  encodeCoin,
  encodeDropped,
  encodeEntry,
  encodePending,
  encodeTip,
  historyKey,
  LedgerDamage,
  type LedgerTip,
  pendingKey,
  prefixRange,
  RecordSum,
  SUM_KEY,
  TIP_KEY,
} from './ledgerRecords.ts';
import type { FindKey, HistoryEntry, WalletCoin } from './walletCoin.ts';

type Database = Level<Uint8Array, Uint8Array>;
type Operation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array };

export type LedgerOptions = Readonly<{
  /** Whether payments with the coins of its keys are its own, kept until a block has them. Not for keys that are only watched. */
  keepsOwn?: boolean;
  isSound?: (path: string) => Promise<boolean>;
  /** Told before it is made anew. */
  onDamaged?: (path: string) => void;
}>;

export type OwnPending = Readonly<{ transaction: Transaction; timeSec: number }>;

/** What a block did to the wallet, in its order; and which of our own payments it makes impossible. */
export type Connected = Readonly<{ entries: readonly HistoryEntry[]; dropped: readonly DroppedPayment[] }>;

const OWN_PREFIXES = [...Buffer.from('pd')];
const SUMMED_PREFIXES = [...Buffer.from('cp')];
const LEVEL_OPTIONS = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/**
 * The wallet's coins and history as of one block, in a LevelDB of its own. All of it follows from the chain and the keys,
 * so whatever is doubtful about it is answered by making it anew; only our own unconfirmed payments are kept nowhere else.
 * Changes gather in memory and go out with the block they belong to in one atomic batch: a kill leaves an older ledger,
 * never a torn one.
 */
export class Ledger {
  readonly #database: Database;
  readonly #accountKey: string;
  readonly keepsOwn: boolean;
  readonly #coins = new Map<string, WalletCoin & { height: number }>();
  readonly #ownPending = new Map<string, OwnPending>();
  /** Txids of `#ownPending` by the outpoints that they spend. */
  readonly #ownSpenders = new Map<string, string>();
  readonly #dropped = new DroppedPayments((txHash, payment) => {
    if (payment === undefined) this.#delete(droppedKey(txHash));
    else this.#put(droppedKey(txHash), encodeDropped(payment));
  });
  /** Over the coins and our own payments, as they are in memory. */
  #sum = new RecordSum();
  #operations: Operation[] = [];
  #tip: LedgerTip | undefined;
  #written: LedgerTip | undefined;
  /** The last write: two at once could reach the database in either order. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(database: Database, accountKey: string, keepsOwn: boolean) {
    this.#database = database;
    this.#accountKey = accountKey;
    this.keepsOwn = keepsOwn;
  }

  /**
   * Opens the ledger of these keys. A damaged one, and one of other keys, is emptied: `tip` is undefined then.
   * @param options.isSound looks at the files before LevelDB does, whom a damaged table makes end the process
   */
  static async open(path: string, accountKey: string, options: LedgerOptions = {}): Promise<Ledger> {
    try {
      if ((await options.isSound?.(path)) === false)
        throw new LedgerDamage('a table of the wallet is damaged');
      return await Ledger.#load(path, accountKey, options);
    } catch (error) {
      if (!isDamage(error)) throw error;
      options.onDamaged?.(path);
      await rm(path, { recursive: true, force: true });
      return Ledger.#load(path, accountKey, options);
    }
  }

  static async #load(path: string, accountKey: string, options: LedgerOptions): Promise<Ledger> {
    // The data directory may be one that everybody on the machine can read.
    await mkdir(path, { recursive: true, mode: 0o700 });
    // Uncompressed: keys and hashes do not shrink, and the tables can be checked.
    const database: Database = new Level(path, { ...LEVEL_OPTIONS, compression: false });
    await database.open();
    const ledger = new Ledger(database, accountKey, options.keepsOwn ?? true);
    try {
      await ledger.#read();
    } catch (error) {
      await database.close();
      throw error;
    }
    return ledger;
  }

  /** The block up to which the coins are counted; undefined before the first. */
  get tip(): LedgerTip | undefined {
    return this.#tip;
  }

  coins(): Iterable<WalletCoin & { height: number }> {
    return this.#coins.values();
  }

  coin(key: string): (WalletCoin & { height: number }) | undefined {
    return this.#coins.get(key);
  }

  ownPending(): ReadonlyMap<string, OwnPending> {
    return this.#ownPending;
  }

  /** The one of our own pending payments that spends this. */
  ownSpenderOf({ txHash, index }: Outpoint): string | undefined {
    return this.#ownSpenders.get(outpointKey(txHash, index));
  }

  /** By their txids, the latest last. */
  dropped(): ReadonlyMap<string, DroppedPayment> {
    return this.#dropped.all();
  }

  /** Starts counting behind this block: for keys that cannot be older. */
  startAt(tip: LedgerTip): void {
    this.#tip = tip;
  }

  /** Takes in the next block. */
  connect(block: Block, height: number, findKey: FindKey): Connected {
    const blockHash = hashToHex(block.header.hash);
    const entries: HistoryEntry[] = [];
    const dropped: DroppedPayment[] = [];
    block.transactions.forEach((transaction, position) => {
      dropped.push(...this.#dropRivals(transaction, height, findKey));
      this.#dropped.connect(transaction, height);
      const spent = this.#spend(transaction);
      const received = this.#receive(transaction, height, findKey);
      if (spent.length === 0 && received === undefined) return;
      const entry = {
        ...describe(transaction, received ?? 0n, spent),
        height,
        blockHash,
        timeSec: block.header.timeSec,
      };
      entries.push(entry);
      this.#put(historyKey(height, position), encodeEntry(entry));
      this.dropPending(transaction.hash);
    });
    this.#tip = { hash: blockHash, height };
    return { entries, dropped };
  }

  /**
   * Takes back the tip, the coins that it spent included. Its payments are pending again where they are our own, and dropped
   * else, until another block or the mempool is found to have them: so a kill in the middle of a reorganization loses none.
   * @returns what it had done to the wallet, in its order
   */
  async disconnect(block: Block, height: number): Promise<HistoryEntry[]> {
    await this.flush();
    const inputs = block.transactions.flatMap((transaction) => transaction.inputs);
    const keys = inputs.map(({ outpoint }) => coinKey('s', outpoint));
    const values = await this.#database.getMany(keys, LEVEL_OPTIONS);
    const range = { gte: historyKey(height, 0), lt: historyKey(height + 1, 0), ...LEVEL_OPTIONS };
    const history = await this.#database.iterator(range).all();
    // From here on nothing is awaited: a write in between would be of half a block.
    values.forEach((value, i) => {
      if (value === undefined) return;
      const coin = decodeCoin(keys[i]!, value);
      this.#delete(keys[i]!);
      this.#put(coinKey('c', coin.outpoint), encodeCoin(coin));
      this.#coins.set(outpointKey(coin.outpoint.txHash, coin.outpoint.index), coin);
    });
    for (const { hash: txHash, outputs } of block.transactions) {
      for (const index of outputs.keys()) {
        if (this.#coins.delete(outpointKey(txHash, index))) this.#delete(coinKey('c', { txHash, index }));
      }
    }
    const transactions = new Map(block.transactions.map((one) => [hashToHex(one.hash), one]));
    const undone = history.map(([key, value]) => {
      this.#delete(key);
      return decodeEntry(key, value);
    });
    for (const entry of undone) {
      const transaction = transactions.get(entry.txid);
      if (transaction !== undefined) this.#keepUndone(detachTransaction(transaction), entry);
    }
    this.#dropped.disconnect(height);
    this.#tip = { hash: hashToHex(block.header.previousHash), height: height - 1 };
    await this.flush();
    return undone;
  }

  #keepUndone(transaction: Transaction, entry: HistoryEntry): void {
    const { height, timeSec } = entry;
    // Its fee is known where all its coins are ours.
    if (this.keepsOwn && entry.fee !== undefined && !entry.isCoinbase) {
      this.notePending(transaction, timeSec);
      return;
    }
    const unconfirmed = { ...entry, height: undefined, blockHash: undefined };
    const rest = { replacedBy: undefined, conflictHeight: undefined, droppedHeight: height! };
    this.#dropped.add({ transaction, entry: unconfirmed, ...rest });
  }

  /** Keeps one of our own payments until a block has it. On the disk when this resolves. */
  async addPending(transaction: Transaction, timeSec: number): Promise<void> {
    this.notePending(transaction, timeSec);
    await this.flush({ sync: true });
  }

  /** The same, on the disk with the next write. */
  notePending(transaction: Transaction, timeSec: number): void {
    this.#loadPending(transaction, timeSec);
    this.#dropped.forget(hashToHex(transaction.hash));
    this.#put(pendingKey(transaction.hash), encodePending(timeSec, transaction.bytes));
  }

  #loadPending(transaction: Transaction, timeSec: number): void {
    const txid = hashToHex(transaction.hash);
    this.#ownPending.set(txid, { transaction, timeSec });
    for (const { outpoint } of transaction.inputs)
      this.#ownSpenders.set(outpointKey(outpoint.txHash, outpoint.index), txid);
  }

  /**
   * Puts one of our payments in the place of another, in one write: after a kill there is one of them, never both.
   * @param old what is remembered of that one
   */
  async replacePending(old: DroppedPayment, transaction: Transaction, timeSec: number): Promise<void> {
    this.drop(old);
    await this.addPending(transaction, timeSec);
  }

  /**
   * Takes that back: as if there had been no replacement. Nothing is done when it is pending no more: a block, or another
   * replacement, has decided meanwhile.
   */
  async restorePending(replacement: Uint8Array, old: OwnPending): Promise<void> {
    if (!this.#ownPending.has(hashToHex(replacement))) return;
    this.dropPending(replacement);
    await this.addPending(old.transaction, old.timeSec);
  }

  /** Remembers a payment that waits no longer. */
  drop(payment: DroppedPayment): void {
    this.dropPending(payment.transaction.hash);
    this.#dropped.add(payment);
  }

  /** Forgets the oldest where there are too many. */
  limitDropped(): void {
    this.#dropped.limit();
  }

  /** One that was dropped waits again. */
  forgetDropped(txid: string): void {
    this.#dropped.forget(txid);
  }

  dropPending(txHash: Uint8Array): void {
    const txid = hashToHex(txHash);
    const pending = this.#ownPending.get(txid);
    if (pending === undefined) return;
    this.#ownPending.delete(txid);
    for (const { outpoint } of pending.transaction.inputs) {
      const key = outpointKey(outpoint.txHash, outpoint.index);
      if (this.#ownSpenders.get(key) === txid) this.#ownSpenders.delete(key);
    }
    this.#delete(pendingKey(txHash));
  }

  /** How much is waiting to be written: blocks without anything of ours are not worth a write each. */
  get unwrittenBlocks(): number {
    return (this.#tip?.height ?? 0) - (this.#written?.height ?? 0);
  }

  get hasUnwrittenChanges(): boolean {
    return this.#operations.length > 0;
  }

  async flush(options: { sync?: boolean } = {}): Promise<void> {
    if (this.#operations.length === 0 && this.#written === this.#tip) return this.#writing;
    const operations = this.#operations;
    this.#operations = [];
    if (this.#tip !== undefined) {
      operations.push({ type: 'put', key: TIP_KEY, value: encodeTip(this.#tip, this.#accountKey) });
    }
    operations.push({ type: 'put', key: SUM_KEY, value: this.#sum.encode() });
    this.#written = this.#tip;
    const write = () => this.#database.batch(operations, { ...LEVEL_OPTIONS, sync: options.sync === true });
    this.#writing = this.#writing.then(write);
    await this.#writing;
  }

  /** Confirmed entries, latest first. */
  async history(limit: number): Promise<HistoryEntry[]> {
    await this.flush();
    const entries: HistoryEntry[] = [];
    const range = { ...prefixRange('h'), reverse: true, limit, ...LEVEL_OPTIONS };
    for await (const [key, value] of this.#database.iterator(range)) entries.push(decodeEntry(key, value));
    return entries;
  }

  /** How many confirmed transactions there are. */
  async countHistory(): Promise<number> {
    await this.flush();
    let count = 0;
    for await (const _ of this.#database.keys({ ...prefixRange('h'), ...LEVEL_OPTIONS })) count++;
    return count;
  }

  /** Forgets everything but our own unconfirmed payments, to count again from the start. */
  async clear(): Promise<void> {
    await this.#writing;
    this.#operations = this.#operations.filter(({ key }) => OWN_PREFIXES.includes(key[0]!));
    this.#coins.clear();
    this.#tip = undefined;
    this.#written = undefined;
    this.#sum = new RecordSum();
    this.#dropped.disconnect(0);
    for (const [txid, { timeSec, transaction }] of this.#ownPending)
      this.#sum.put(pendingKey(hexToHash(txid)), encodePending(timeSec, transaction.bytes));
    // The sum first: without coins, but with their sum, the ledger would be taken for damaged after a kill, and emptied whole.
    for (const prefix of ['k', 't', 'c', 's', 'h'])
      await this.#database.clear({ ...prefixRange(prefix), ...LEVEL_OPTIONS });
  }

  async close(): Promise<void> {
    await this.flush({ sync: true });
    await this.#database.close();
  }

  async #read(): Promise<void> {
    const tipValue = await this.#database.get(TIP_KEY, LEVEL_OPTIONS);
    if (tipValue !== undefined) {
      const { tip, accountKey } = decodeTip(tipValue);
      if (accountKey !== this.#accountKey) throw new LedgerDamage('the ledger belongs to other keys');
      this.#tip = this.#written = tip;
    }
    for await (const [key, value] of this.#database.iterator({ ...prefixRange('c'), ...LEVEL_OPTIONS })) {
      const coin = decodeCoin(key, value);
      this.#sum.put(key, value);
      this.#coins.set(outpointKey(coin.outpoint.txHash, coin.outpoint.index), coin);
    }
    for await (const [key, value] of this.#database.iterator({ ...prefixRange('p'), ...LEVEL_OPTIONS })) {
      this.#sum.put(key, value);
      const { timeSec, bytes } = decodePending(value);
      this.#loadPending(decodeTransaction(bytes), timeSec);
    }
    const dropped: DroppedPayment[] = [];
    const droppedRange = { ...prefixRange('d'), ...LEVEL_OPTIONS };
    for await (const [, value] of this.#database.iterator(droppedRange)) dropped.push(decodeDropped(value));
    dropped.sort((a, b) => a.droppedHeight - b.droppedHeight || a.entry.timeSec - b.entry.timeSec);
    for (const payment of dropped) this.#dropped.load(payment);
    const sum = await this.#database.get(SUM_KEY, LEVEL_OPTIONS);
    // The first versions kept none.
    if (sum !== undefined && !equalBytes(sum, this.#sum.encode()))
      throw new LedgerDamage('records of the wallet are missing');
  }

  /** Drops our own payments that want to spend what a transaction of a block spends. */
  #dropRivals(transaction: Transaction, height: number, findKey: FindKey): DroppedPayment[] {
    if (this.#ownPending.size === 0) return [];
    const replacedBy = hashToHex(transaction.hash);
    const txids = transaction.inputs.map(({ outpoint }) => this.ownSpenderOf(outpoint));
    return [...new Set(txids)]
      .filter((txid) => txid !== undefined && txid !== replacedBy)
      .map((txid) => {
        const pending = this.#ownPending.get(txid!)!;
        const amountOf = (outpoint: Outpoint) => this.#amountOf(outpoint, findKey);
        const entry = describePending(pending, findKey, amountOf);
        const payment = {
          transaction: pending.transaction,
          entry,
          replacedBy,
          conflictHeight: height,
          droppedHeight: height,
        };
        this.drop(payment);
        return payment;
      });
  }

  /** Of a coin of ours that a block has, or a pending payment of ours makes. */
  #amountOf({ txHash, index }: Outpoint, findKey: FindKey): bigint | undefined {
    const coin = this.#coins.get(outpointKey(txHash, index));
    if (coin !== undefined) return coin.amount;
    const output = this.#ownPending.get(hashToHex(txHash))?.transaction.outputs[index];
    return output && findKey(output.lockingScript) && output.amount;
  }

  #spend(transaction: Transaction): bigint[] {
    const amounts: bigint[] = [];
    for (const { outpoint } of transaction.inputs) {
      const key = outpointKey(outpoint.txHash, outpoint.index);
      const coin = this.#coins.get(key);
      if (coin === undefined) continue;
      amounts.push(coin.amount);
      this.#coins.delete(key);
      this.#delete(coinKey('c', outpoint));
      this.#put(coinKey('s', outpoint), encodeCoin(coin));
    }
    return amounts;
  }

  /** @returns what it paid to us; undefined when nothing */
  #receive(transaction: Transaction, height: number, findKey: FindKey): bigint | undefined {
    let received: bigint | undefined;
    transaction.outputs.forEach(({ amount, lockingScript }, index) => {
      const key = findKey(lockingScript);
      if (key === undefined) return;
      received = (received ?? 0n) + amount;
      // A copy of the hash: a view would keep the whole block in memory.
      const outpoint = { txHash: Uint8Array.from(transaction.hash), index };
      const coin = { outpoint, amount, height, isCoinbase: isCoinbase(transaction), key };
      this.#coins.set(outpointKey(outpoint.txHash, index), coin);
      this.#put(coinKey('c', outpoint), encodeCoin(coin));
    });
    return received;
  }

  #put(key: Uint8Array, value: Uint8Array): void {
    if (isSummed(key)) this.#sum.put(key, value);
    this.#operations.push({ type: 'put', key, value });
  }

  #delete(key: Uint8Array): void {
    if (isSummed(key)) this.#sum.delete(key);
    this.#operations.push({ type: 'del', key });
  }
}

function isSummed(key: Uint8Array): boolean {
  return SUMMED_PREFIXES.includes(key[0]!);
}

function isDamage(error: unknown): boolean {
  if (error instanceof LedgerDamage) return true;
  const cause =
    error instanceof Error ? (error.cause as Partial<NodeJS.ErrnoException> | undefined) : undefined;
  return cause?.code === 'LEVEL_CORRUPTION' || /no such file/i.test(cause?.message ?? '');
}
