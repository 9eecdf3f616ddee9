import { join } from 'node:path';
import { breathe } from '../bytes/breathe.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { concatBytes, equalBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { bytesToHex } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Outpoint } from '../primitives/transaction.ts';
import { decodeCoin } from './coinCodec.ts';
import { CoinSetHash } from './coinSetHash.ts';
import type { CoinTable } from './coinTable.ts';
import {
  type CommitRecord,
  encodeCommit,
  KEPT_COMMITS,
  readLastCommit,
  readNewestCommit,
} from './commitRecord.ts';
import { Database, type DatabaseBatch } from './database.ts';
import type { DatabaseStats } from './databaseStats.ts';
import { type HeaderCopy, type HeaderToCopy, readHeaderFile, writeHeaderFile } from './headerFile.ts';
import { decodeHeaderRecord, type HeaderRecord } from './headerRecord.ts';
import { readLastCommitFile, writeLastCommitFile } from './lastCommitFile.ts';
import * as layout from './layout.ts';
import { claimDatabase, encodeFormat, expectFormat, expectNetwork } from './owner.ts';
import { DatabaseDamagedError } from './storeErrors.ts';
import { decodeLocation, type TransactionLocation, type TransactionLog } from './transactionLog.ts';

const CHAIN_OPTIONS = { cacheMb: 32, writeBufferMb: 16 };
/** Changes put into a batch before others have their turn. */
const BREATH = 500;

export const CHAIN_FOLDER = 'chain';

type CoinTotals = Pick<CommitRecord, 'coinCount' | 'coinSetHash'>;

/** The coins as of a block, whose hash is in wire order; the hash over them in hex. */
export type CoinSet = Readonly<{ tip: Uint8Array; coinCount: number; coinSetHash: string }>;

/** All that one commit changes. */
export type Commit = Readonly<{
  /** Wire order; the tip before must be the one of the commit before. */
  tipBefore: Uint8Array;
  tip: Uint8Array;
  coins: CoinTable;
  /** `record` as encodeHeaderRecord made it. */
  headers: Iterable<{ height: number; hash: Uint8Array; record: Uint8Array }>;
  transactions: TransactionLog;
}>;

/** The chain's state on disk: headers, coins, the transaction index, and the log of commits. */
export class ChainStore {
  readonly #folder: string;
  readonly #params: NetworkParams;
  readonly #database: Database;
  #last: CommitRecord;
  /** The commit whose headers lie in the file of copies, if one is known. */
  #copiedCommit: number | undefined;

  private constructor(folder: string, params: NetworkParams, database: Database, last: CommitRecord) {
    this.#folder = folder;
    this.#params = params;
    this.#database = database;
    this.#last = last;
  }

  /** Opens or creates it. @throws DatabaseForeignError, DatabaseInUseError, DatabaseDamagedError */
  static async open(dataDir: string, params: NetworkParams): Promise<ChainStore> {
    const database = await Database.open(dataDir, CHAIN_FOLDER, CHAIN_OPTIONS);
    try {
      await claimDatabase(database, dataDir, params);
      await expectNetwork(database, dataDir, params);
      await expectFormat(database, dataDir);
      const folder = join(dataDir, CHAIN_FOLDER);
      const last = await readLastCommit(database, params, await readLastCommitFile(folder));
      return new ChainStore(folder, params, database, last);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** The tip in wire order, and how many coins there are, as of the last commit. */
  get tip(): Uint8Array {
    return this.#last.tip;
  }

  get coinCount(): number {
    return this.#last.coinCount;
  }

  /** Hex of the coin set's running hash. */
  get coinSetHash(): string {
    return bytesToHex(this.#last.coinSetHash);
  }

  /** Writes it all or none of it. */
  async commit({ tipBefore, tip, coins, headers, transactions }: Commit, sync: boolean): Promise<void> {
    const batch = this.#database.batch();
    const totals = await this.#addCoins(coins, batch);
    await addTransactions(transactions, batch);
    for (const { height, hash, record } of headers) {
      batch.put(layout.headerKey(height, hash), record);
      if (batch.length % BREATH === 0) await breathe();
    }
    const record = { number: this.#last.number + 1, tipBefore, tip, ...totals };
    batch.put(layout.commitKey(record.number), encodeCommit(record));
    if (record.number > KEPT_COMMITS) batch.delete(layout.commitKey(record.number - KEPT_COMMITS));
    await batch.write(sync);
    this.#last = record;
  }

  /** The values of these coins, for CoinTable.load or decodeCoin; undefined for one that does not exist. */
  async readCoins(outpoints: readonly Outpoint[]): Promise<(Uint8Array | undefined)[]> {
    return this.#database.getMany('coin', outpoints.map(layout.coinKey));
  }

  async findTransaction(hash: Uint8Array): Promise<TransactionLocation | undefined> {
    const value = await this.#database.get('transaction', layout.transactionKey(hash));
    return value && decodeLocation(value);
  }

  /** Every header, lowest first, many at a time. */
  async *headers(): AsyncGenerator<HeaderRecord[]> {
    for await (const group of this.#database.groups('header', layout.keysOf(layout.HEADER))) {
      yield group.map(([, value]) => decodeHeaderRecord(value));
    }
  }

  /** The same from the copy that a clean close left, parents before their children; undefined where there is none. */
  async copiedHeaders(): Promise<Iterable<readonly HeaderCopy[]> | undefined> {
    const copies = await readHeaderFile(this.#folder, this.#last);
    if (copies !== undefined) this.#copiedCommit = this.#last.number;
    return copies;
  }

  /**
   * Shows every coin as of the last commit, all of one transaction together, and says which that was.
   * @throws DatabaseDamagedError also in the end, when these were not the coins that the commits kept count of: a sum over
   * them is worth nothing before
   */
  async scanCoins(visit: (outpoint: Outpoint, coin: Coin) => void): Promise<CoinSet> {
    const snapshot = this.#database.snapshot();
    try {
      const newest = await readNewestCommit(this.#database, this.#params, snapshot);
      const sum = CoinSetHash.empty();
      let coinCount = 0;
      const range = layout.keysOf(layout.COIN);
      for await (const [key, value] of this.#database.entries('coin', range, { snapshot })) {
        sum.add(concatBytes(key, value));
        coinCount++;
        const reader = new ByteReader(key.subarray(1));
        visit({ txHash: reader.bytes(32), index: reader.u32() }, decodeCoin(value));
      }
      if (coinCount !== newest.coinCount || !equalBytes(sum.toBytes(), newest.coinSetHash)) {
        throw new DatabaseDamagedError(
          `chain: ${coinCount} coins were found, which are not the ${newest.coinCount} that were written`,
        );
      }
      return { tip: newest.tip, coinCount, coinSetHash: bytesToHex(newest.coinSetHash) };
    } finally {
      await snapshot.close();
    }
  }

  /** Counts and hashes the coins anew, to hold against what the commits say. */
  async recountCoins(): Promise<{ coinCount: number; coinSetHash: string }> {
    const sum = CoinSetHash.empty();
    let coinCount = 0;
    for await (const [key, value] of this.#database.entries('coin', layout.keysOf(layout.COIN))) {
      sum.add(concatBytes(key, value));
      coinCount++;
    }
    return { coinCount, coinSetHash: bytesToHex(sum.toBytes()) };
  }

  /** Waits until everything is on disk and notes which commit is the last, so that none can be lost unnoticed. */
  async markClean(): Promise<void> {
    const { number } = this.#last;
    await this.#database.write(
      [[layout.CLEAN_KEY, new ByteWriter(8).u64(BigInt(number)).finish()]],
      [],
      true,
    );
    await writeLastCommitFile(this.#folder, number);
  }

  /** Leaves a copy of all headers for the next start. To be called when no change of them is uncommitted. */
  async copyHeaders(headers: Iterable<HeaderToCopy>): Promise<void> {
    if (this.#copiedCommit === this.#last.number) return;
    await writeHeaderFile(this.#folder, this.#last, headers);
  }

  stats(): DatabaseStats {
    return this.#database.stats();
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  /** Forces to disk all that was committed so far. */
  async sync(): Promise<void> {
    const { number } = this.#last;
    await this.#database.write([[layout.FORMAT_KEY, encodeFormat()]], [], true);
    await writeLastCommitFile(this.#folder, number);
  }

  async #addCoins(coins: CoinTable, batch: DatabaseBatch): Promise<CoinTotals> {
    const sum = CoinSetHash.fromBytes(this.#last.coinSetHash);
    let { coinCount } = this.#last;
    for (let from = 0; from < coins.count; from += BREATH) {
      coinCount += addCoins(coins, from, Math.min(coins.count, from + BREATH), sum, batch);
      await breathe();
    }
    return { coinCount, coinSetHash: sum.toBytes() };
  }
}

/** Adds what has become of some coins to the batch and to the hash of the set. Returns by how many the set has grown. */
function addCoins(
  coins: CoinTable,
  from: number,
  to: number,
  sum: CoinSetHash,
  batch: DatabaseBatch,
): number {
  let grown = 0;
  for (let number = from; number < to; number++) {
    if (!coins.isChanged(number)) continue;
    const before = coins.before(number);
    if (before) {
      sum.remove(before.keyAndValue);
      grown--;
    }
    const after = coins.after(number);
    if (after) {
      sum.add(after.keyAndValue);
      grown++;
      batch.putSealed(after.key, after.sealedValue());
    } else if (before) {
      batch.delete(before.key);
    }
  }
  return grown;
}

async function addTransactions(transactions: TransactionLog, batch: DatabaseBatch): Promise<void> {
  for (let from = 0; from < transactions.count; from += BREATH) {
    addSomeTransactions(transactions, from, Math.min(transactions.count, from + BREATH), batch);
    await breathe();
  }
}

function addSomeTransactions(
  transactions: TransactionLog,
  from: number,
  to: number,
  batch: DatabaseBatch,
): void {
  for (let number = from; number < to; number++) {
    const record = transactions.change(number);
    if (transactions.isAdded(number)) batch.putSealed(record.key, record.sealedValue());
    else batch.delete(record.key);
  }
}
