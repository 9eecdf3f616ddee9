import { rm } from 'node:fs/promises';
import { Level } from 'level';
import { equalBytes } from '../bytes/bytes.ts';
import { hashToHex, hexToHash } from '../bytes/hex.ts';
import type { Block } from '../primitives/block.ts';
import { decodeTransaction, isCoinbase, outpointKey, type Transaction } from '../primitives/transaction.ts';
import type { KeyPath } from './keyTree.ts';
import {
  coinKey,
  decodeCoin,
  decodeEntry,
  decodePending,
  decodeReplaced,
  decodeTip,
  encodeCoin,
  encodeEntry,
  encodePending,
  encodeReplaced,
  encodeTip,
  historyKey,
  LedgerDamage,
  type LedgerTip,
  pendingKey,
  prefixRange,
  RecordSum,
  replacedKey,
  SUM_KEY,
  TIP_KEY,
} from './ledgerRecords.ts';
import type { HistoryEntry, WalletCoin } from './walletCoin.ts';

type Database = Level<Uint8Array, Uint8Array>;
type Operation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array };

/** Finds the wallet's key that an output pays to, if one of them can spend it. */
export type FindKey = (lockingScript: Uint8Array) => KeyPath | undefined;

export type LedgerOptions = Readonly<{
  isSound?: (path: string) => Promise<boolean>;
  /** Told before it is made anew. */
  onDamaged?: (path: string) => void;
}>;

export type OwnPending = Readonly<{ transaction: Transaction; timeSec: number }>;

/** One of our own payments whose place another one has taken, with a higher fee. */
export type ReplacedPayment = OwnPending &
  Readonly<{
    /** The txid of that one. */
    replacedBy: string;
    /** Base units of what it spent. */
    spent: bigint;
  }>;

/** Replaced payments that are remembered, the latest. */
const MAX_REPLACED = 1000;
const OWN_PREFIXES = [...Buffer.from('pr')];
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
  readonly #coins = new Map<string, WalletCoin & { height: number }>();
  readonly #ownPending = new Map<string, OwnPending>();
  readonly #replaced = new Map<string, ReplacedPayment>();
  /** Over the coins and our own payments, as they are in memory. */
  #sum = new RecordSum();
  #operations: Operation[] = [];
  #tip: LedgerTip | undefined;
  #written: LedgerTip | undefined;
  /** The last write: two at once could reach the database in either order. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(database: Database, accountKey: string) {
    this.#database = database;
    this.#accountKey = accountKey;
  }

  /**
   * Opens the ledger of these keys. A damaged one, and one of other keys, is emptied: `tip` is undefined then.
   * @param options.isSound looks at the files before LevelDB does, whom a damaged table makes end the process
   */
  static async open(path: string, accountKey: string, options: LedgerOptions = {}): Promise<Ledger> {
    try {
      if ((await options.isSound?.(path)) === false)
        throw new LedgerDamage('a table of the wallet is damaged');
      return await Ledger.#load(path, accountKey);
    } catch (error) {
      if (!isDamage(error)) throw error;
      options.onDamaged?.(path);
      await rm(path, { recursive: true, force: true });
      return Ledger.#load(path, accountKey);
    }
  }

  static async #load(path: string, accountKey: string): Promise<Ledger> {
    // Uncompressed: keys and hashes do not shrink, and the tables can be checked.
    const database: Database = new Level(path, { ...LEVEL_OPTIONS, compression: false });
    await database.open();
    const ledger = new Ledger(database, accountKey);
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

  replaced(): ReadonlyMap<string, ReplacedPayment> {
    return this.#replaced;
  }

  /** Starts counting behind this block: for keys that cannot be older. */
  startAt(tip: LedgerTip): void {
    this.#tip = tip;
  }

  /** Takes in the next block. @returns what it did to the wallet, in the block's order */
  connect(block: Block, height: number, findKey: FindKey): HistoryEntry[] {
    const blockHash = hashToHex(block.header.hash);
    const entries: HistoryEntry[] = [];
    block.transactions.forEach((transaction, position) => {
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
      this.#forgetReplaced(entry.txid);
    });
    this.#tip = { hash: blockHash, height };
    return entries;
  }

  /** Takes back the tip, the coins that it spent included. */
  async disconnect(block: Block, height: number): Promise<void> {
    await this.flush();
    const inputs = block.transactions.flatMap((transaction) => transaction.inputs);
    const keys = inputs.map(({ outpoint }) => coinKey('s', outpoint));
    const values = await this.#database.getMany(keys, LEVEL_OPTIONS);
    values.forEach((value, i) => {
      if (value === undefined) return;
      const coin = decodeCoin(keys[i]!, value);
      this.#delete(keys[i]!);
      this.#put(coinKey('c', coin.outpoint), encodeCoin(coin));
      this.#coins.set(outpointKey(coin.outpoint.txHash, coin.outpoint.index), coin);
    });
    block.transactions.forEach((transaction, position) => {
      transaction.outputs.forEach((_, index) => {
        if (!this.#coins.delete(outpointKey(transaction.hash, index))) return;
        this.#delete(coinKey('c', { txHash: transaction.hash, index }));
      });
      this.#delete(historyKey(height, position));
    });
    this.#tip = { hash: hashToHex(block.header.previousHash), height: height - 1 };
    await this.flush();
  }

  /** Keeps one of our own payments until a block has it. On the disk when this resolves. */
  async addPending(transaction: Transaction, timeSec: number): Promise<void> {
    this.#ownPending.set(hashToHex(transaction.hash), { transaction, timeSec });
    this.#put(pendingKey(transaction.hash), encodePending(timeSec, transaction.bytes));
    await this.flush({ sync: true });
  }

  /**
   * Puts one of our payments in the place of another, in one write: after a kill there is one of them, never both.
   * @param spent base units of what the old one spent
   */
  async replacePending(
    old: Uint8Array,
    transaction: Transaction,
    timeSec: number,
    spent: bigint,
  ): Promise<void> {
    const kept = this.#ownPending.get(hashToHex(old));
    this.dropPending(old);
    if (kept !== undefined) {
      const { bytes } = kept.transaction;
      this.#replaced.set(hashToHex(old), { ...kept, spent, replacedBy: hashToHex(transaction.hash) });
      this.#put(replacedKey(old), encodeReplaced(kept.timeSec, transaction.hash, spent, bytes));
    }
    if (this.#replaced.size > MAX_REPLACED) {
      const times = [...this.#replaced].map(([txid, { timeSec: since }]) => ({ txid, since }));
      this.#forgetReplaced(times.reduce((a, b) => (b.since < a.since ? b : a)).txid);
    }
    await this.addPending(transaction, timeSec);
  }

  /** Takes that back: as if there had been no replacement. */
  async restorePending(replacement: Uint8Array, old: OwnPending): Promise<void> {
    this.dropPending(replacement);
    this.#forgetReplaced(hashToHex(old.transaction.hash));
    await this.addPending(old.transaction, old.timeSec);
  }

  #forgetReplaced(txid: string): void {
    if (this.#replaced.delete(txid)) this.#delete(replacedKey(hexToHash(txid)));
  }

  dropPending(txHash: Uint8Array): void {
    if (this.#ownPending.delete(hashToHex(txHash))) this.#delete(pendingKey(txHash));
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
    for (const [txid, { timeSec, transaction }] of this.#ownPending)
      this.#sum.put(pendingKey(hexToHash(txid)), encodePending(timeSec, transaction.bytes));
    for (const prefix of ['c', 's', 'h', 't', 'k'])
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
      this.#ownPending.set(Buffer.from(key.subarray(1)).reverse().toString('hex'), {
        timeSec,
        transaction: decodeTransaction(bytes),
      });
    }
    for await (const [key, value] of this.#database.iterator({ ...prefixRange('r'), ...LEVEL_OPTIONS })) {
      const { bytes, ...replaced } = decodeReplaced(value);
      const transaction = decodeTransaction(bytes);
      this.#replaced.set(hashToHex(key.subarray(1)), { ...replaced, transaction });
    }
    const sum = await this.#database.get(SUM_KEY, LEVEL_OPTIONS);
    // The first versions kept none.
    if (sum !== undefined && !equalBytes(sum, this.#sum.encode()))
      throw new LedgerDamage('records of the wallet are missing');
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

/** A transaction as the history shows it. @param spent amounts of the inputs that were ours */
export function describe(
  transaction: Transaction,
  received: bigint,
  spent: readonly bigint[],
): Pick<HistoryEntry, 'txid' | 'isCoinbase' | 'received' | 'spent' | 'fee'> {
  const total = spent.reduce((sum, amount) => sum + amount, 0n);
  const outputs = transaction.outputs.reduce((sum, { amount }) => sum + amount, 0n);
  return {
    txid: hashToHex(transaction.hash),
    isCoinbase: isCoinbase(transaction),
    received,
    spent: total,
    fee: spent.length === transaction.inputs.length ? total - outputs : undefined,
  };
}

function isDamage(error: unknown): boolean {
  if (error instanceof LedgerDamage) return true;
  const cause =
    error instanceof Error ? (error.cause as Partial<NodeJS.ErrnoException> | undefined) : undefined;
  return cause?.code === 'LEVEL_CORRUPTION' || /no such file/i.test(cause?.message ?? '');
}
