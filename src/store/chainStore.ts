import { join } from 'node:path';
import { breathe } from '../bytes/breathe.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { bytesToKey, equalBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { bytesToHex } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
import type { CoinChanges } from '../consensus/connectBlock.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { decodeCoin, encodeCoin } from './coinCodec.ts';
import { CoinSetHash } from './coinSetHash.ts';
import {
  type CommitRecord,
  encodeCommit,
  KEPT_COMMITS,
  readLastCommit,
  readNewestCommit,
} from './commitRecord.ts';
import { Database, type Put } from './database.ts';
import { readHeaderFile, writeHeaderFile } from './headerFile.ts';
import {
  decodeHeaderRecord,
  encodeHeaderRecord,
  type HeaderRecord,
  type StoredHeader,
} from './headerRecord.ts';
import { readLastCommitFile, writeLastCommitFile } from './lastCommitFile.ts';
import * as layout from './layout.ts';
import { claimDatabase, encodeFormat, expectFormat, expectNetwork } from './owner.ts';
import { DatabaseDamagedError } from './storeErrors.ts';

const CHAIN_OPTIONS = { cacheMb: 32, writeBufferMb: 16 };
/** Coins hashed and encoded before others have their turn. */
const COINS_BREATH = 500;

export const CHAIN_FOLDER = 'chain';

/** Where a transaction of the active chain is: the block's height, and the bytes in it. */
export type TransactionLocation = Readonly<{ height: number; offset: number; length: number }>;

/** All that one commit changes. */
export type Commit = Readonly<{
  /** Wire order; the tip before must be the one of the commit before. */
  tipBefore: Uint8Array;
  tip: Uint8Array;
  coins: CoinChanges;
  headers: Iterable<{ height: number; hash: Uint8Array; record: HeaderRecord }>;
  /** By bytesToKey of the hash; undefined takes the entry out. */
  transactions: ReadonlyMap<string, TransactionLocation | undefined>;
}>;

/** The chain's state on disk: headers, coins, the transaction index, and the log of commits. */
export class ChainStore {
  readonly #folder: string;
  readonly #database: Database;
  #last: CommitRecord;
  /** The commit whose headers lie in the file of copies, if one is known. */
  #copiedCommit: number | undefined;

  private constructor(folder: string, database: Database, last: CommitRecord) {
    this.#folder = folder;
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
      return new ChainStore(folder, database, last);
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
  async commit(commit: Commit, sync: boolean): Promise<void> {
    const { puts, deletes, record } = await this.#batch(commit);
    await this.#database.write(puts, deletes, sync);
    this.#last = record;
  }

  /** Which of the coins exist, by outpointKey. */
  async readCoins(keys: readonly string[]): Promise<Map<string, Coin>> {
    const values = await this.#database.getMany('coin', keys.map(layout.coinKey));
    const coins = new Map<string, Coin>();
    for (const [i, value] of values.entries()) if (value) coins.set(keys[i]!, decodeCoin(value));
    return coins;
  }

  async findTransaction(hash: Uint8Array): Promise<TransactionLocation | undefined> {
    const value = await this.#database.get('transaction', layout.transactionKey(bytesToKey(hash)));
    return value && decodeLocation(value);
  }

  /** Every header, parents before their children, many at a time. */
  async *headers(): AsyncGenerator<StoredHeader[]> {
    const copies = await readHeaderFile(this.#folder, this.#last);
    if (copies !== undefined) {
      this.#copiedCommit = this.#last.number;
      yield* copies;
      return;
    }
    for await (const group of this.#database.groups('header', layout.keysOf(layout.HEADER))) {
      yield group.map(([key, value]) => ({
        hash: layout.headerHashOf(key),
        record: decodeHeaderRecord(value),
      }));
    }
  }

  /**
   * Every coin with its outpoint, as of the last commit.
   * @throws DatabaseDamagedError also in the end, when these were not the coins that the commits kept count of: a sum over
   * them is worth nothing before the last one has come.
   */
  async *coins(): AsyncGenerator<{ txHash: Uint8Array; index: number; coin: Coin }> {
    const snapshot = this.#database.snapshot();
    try {
      const newest = await readNewestCommit(this.#database, snapshot);
      const sum = CoinSetHash.empty();
      let coinCount = 0;
      const range = layout.keysOf(layout.COIN);
      for await (const [key, value] of this.#database.entries('coin', range, { snapshot })) {
        sum.add(key, value);
        coinCount++;
        const reader = new ByteReader(key.subarray(1));
        yield { txHash: reader.bytes(32), index: reader.u32(), coin: decodeCoin(value) };
      }
      const kept = {
        coinCount: newest?.coinCount ?? 0,
        hash: newest?.coinSetHash ?? CoinSetHash.empty().toBytes(),
      };
      if (coinCount !== kept.coinCount || !equalBytes(sum.toBytes(), kept.hash)) {
        throw new DatabaseDamagedError(
          `chain: ${coinCount} coins were found, which are not the ${kept.coinCount} that were written`,
        );
      }
    } finally {
      await snapshot.close();
    }
  }

  /** Reads all coins. @throws DatabaseDamagedError when they are not those that the commits kept count of */
  async checkCoins(): Promise<void> {
    for await (const _ of this.coins());
  }

  /** Counts and hashes the coins anew, to hold against what the commits say. */
  async recountCoins(): Promise<{ coinCount: number; coinSetHash: string }> {
    const sum = CoinSetHash.empty();
    let coinCount = 0;
    for await (const [key, value] of this.#database.entries('coin', layout.keysOf(layout.COIN))) {
      sum.add(key, value);
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
  async copyHeaders(headers: Iterable<StoredHeader>): Promise<void> {
    if (this.#copiedCommit === this.#last.number) return;
    await writeHeaderFile(this.#folder, this.#last, headers);
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

  async #batch(commit: Commit): Promise<{ puts: Put[]; deletes: Uint8Array[]; record: CommitRecord }> {
    const puts: Put[] = [];
    const deletes: Uint8Array[] = [];
    const sum = CoinSetHash.fromBytes(this.#last.coinSetHash);
    let coinCount = this.#last.coinCount;
    for (const [outpoint, { before, after }] of commit.coins) {
      if (!before && !after) continue;
      const key = layout.coinKey(outpoint);
      if (before) {
        sum.remove(key, encodeCoin(before));
        coinCount--;
      }
      if (after) {
        const value = encodeCoin(after);
        sum.add(key, value);
        coinCount++;
        puts.push([key, value]);
      } else deletes.push(key);
      if ((puts.length + deletes.length) % COINS_BREATH === 0) await breathe();
    }
    for (const { height, hash, record } of commit.headers) {
      puts.push([layout.headerKey(height, hash), encodeHeaderRecord(record)]);
    }
    for (const [hash, location] of commit.transactions) {
      const key = layout.transactionKey(hash);
      if (location) puts.push([key, encodeLocation(location)]);
      else deletes.push(key);
    }
    const number = this.#last.number + 1;
    const { tipBefore, tip } = commit;
    const record = { number, tipBefore, tip, coinCount, coinSetHash: sum.toBytes() };
    puts.push([layout.commitKey(number), encodeCommit(record)]);
    if (number > KEPT_COMMITS) deletes.push(layout.commitKey(number - KEPT_COMMITS));
    return { puts, deletes, record };
  }
}

function encodeLocation({ height, offset, length }: TransactionLocation): Uint8Array {
  return new ByteWriter(12).u32(height).u32(offset).u32(length).finish();
}

function decodeLocation(bytes: Uint8Array): TransactionLocation {
  const reader = new ByteReader(bytes);
  return { height: reader.u32(), offset: reader.u32(), length: reader.u32() };
}
