import { breathe } from '../bytes/breathe.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { bytesToKey, equalBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
import type { CoinChanges } from '../consensus/connectBlock.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { decodeCoin, encodeCoin } from './coinCodec.ts';
import { CoinSetHash } from './coinSetHash.ts';
import { type CommitRecord, encodeCommit, KEPT_COMMITS, readLastCommit } from './commitRecord.ts';
import { Database, type Put } from './database.ts';
import { decodeHeaderRecord, encodeHeaderRecord, type HeaderRecord } from './headerRecord.ts';
import * as layout from './layout.ts';
import { DatabaseForeignError } from './storeErrors.ts';

/** Coins hashed and encoded before others have their turn. */
const COINS_BREATH = 500;

export const CHAIN_FOLDER = 'chain';
/** Of the keys and values in layout.ts; a program refuses any other than its own. 2: block records in chunks. */
const FORMAT = 2;

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
  readonly #database: Database;
  #last: CommitRecord;

  private constructor(database: Database, last: CommitRecord) {
    this.#database = database;
    this.#last = last;
  }

  /** Opens or creates it. @throws DatabaseForeignError, DatabaseInUseError, DatabaseDamagedError */
  static async open(dataDir: string, params: NetworkParams): Promise<ChainStore> {
    const database = await Database.open(dataDir, CHAIN_FOLDER, { cacheMb: 32, writeBufferMb: 16 });
    try {
      await checkOwner(database, dataDir, params);
      return new ChainStore(database, await readLastCommit(database, params));
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

  /** Every header, lowest first. */
  async *headers(): AsyncGenerator<HeaderRecord> {
    for await (const [, value] of this.#database.entries('header', layout.keysOf(layout.HEADER))) {
      yield decodeHeaderRecord(value);
    }
  }

  /** Every coin with its outpoint. */
  async *coins(): AsyncGenerator<{ txHash: Uint8Array; index: number; coin: Coin }> {
    for await (const [key, value] of this.#database.entries('coin', layout.keysOf(layout.COIN))) {
      const reader = new ByteReader(key.subarray(1));
      yield { txHash: reader.bytes(32), index: reader.u32(), coin: decodeCoin(value) };
    }
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
    const number = new ByteWriter(8).u64(BigInt(this.#last.number)).finish();
    await this.#database.write([[layout.CLEAN_KEY, number]], [], true);
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  /** Forces to disk all that was committed so far. */
  async sync(): Promise<void> {
    await this.#database.write([[layout.FORMAT_KEY, encodeFormat()]], [], true);
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

/** Marks a new database as this network's, and refuses any other's. */
async function checkOwner(database: Database, dataDir: string, params: NetworkParams): Promise<void> {
  const { hash } = params.genesis.header;
  const network = await database.get('network', layout.NETWORK_KEY);
  if (!network) {
    await database.write(
      [
        [layout.NETWORK_KEY, hash],
        [layout.FORMAT_KEY, encodeFormat()],
      ],
      [],
      true,
    );
    return;
  }
  if (!equalBytes(network, hash)) {
    throw new DatabaseForeignError(
      `${dataDir} holds the chain of another network (genesis ${hashToHex(network)}), not of ${params.name}`,
    );
  }
  const value = await database.get('format', layout.FORMAT_KEY);
  const format = value ? new ByteReader(value).u32() : 0;
  if (format > FORMAT) {
    throw new DatabaseForeignError(
      `${dataDir} was written by a newer version of IndieCoin (format ${format})`,
    );
  }
  if (format < FORMAT) {
    throw new DatabaseForeignError(
      `${dataDir} was written by an older version of IndieCoin (format ${format}): ` +
        '`indiecoin node --reindex` makes it anew from the stored blocks',
    );
  }
}

function encodeFormat(): Uint8Array {
  return new ByteWriter(4).u32(FORMAT).finish();
}

function encodeLocation({ height, offset, length }: TransactionLocation): Uint8Array {
  return new ByteWriter(12).u32(height).u32(offset).u32(length).finish();
}

function decodeLocation(bytes: Uint8Array): TransactionLocation {
  const reader = new ByteReader(bytes);
  return { height: reader.u32(), offset: reader.u32(), length: reader.u32() };
}
