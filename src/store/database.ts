import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { breathe } from '../bytes/breathe.ts';
import { isSealed, openValue, sealValue } from './checkedValue.ts';
import { isLocked } from './databaseLock.ts';
import { type DatabaseStats, NO_STATS, parseDatabaseStats } from './databaseStats.ts';
import { diskFaultOf } from './diskFault.ts';
import { isManifestWhole, readManifestName } from './liveTables.ts';
import { DatabaseDamagedError, DatabaseInUseError, DiskError } from './storeErrors.ts';
import { countUnlistedTables, findDamagedTables, ROUTINE_CHECK_BYTES } from './tableCheck.ts';

const MIB = 1024 * 1024;
/** Entries put into a batch before others have their turn. */
const BATCH_BREATH = 500;
/** Bytes that an iterator fetches at a time; with its default of 16 KiB the hops between threads cost most of the time. */
const ITERATED_BYTES = 256 * 1024;

/** There while the database is open, with the id of the process: who finds it, and no lock, knows of one that was cut short. */
const IN_USE_FILE = 'in-use';
/** Folders of the databases that this process has open. */
const openHere = new Set<string>();

type Bytes = Uint8Array;
/** The database as it was when this was taken. To be closed. */
export type Snapshot = ReturnType<Level['snapshot']>;
export type Put = readonly [key: Bytes, value: Bytes];
export type Entry = [key: Bytes, value: Bytes];
/** From one key up to, not including, another. */
export type Range = Readonly<{ gte: Bytes; lt: Bytes }>;
type EntriesOptions = Readonly<{ snapshot?: Snapshot; reverse?: boolean; skipDamaged?: boolean }>;

/**
 * The part of a batch of `level` that an implementation provides, without the bookkeeping on top of it. It is used for
 * itself because it can be emptied and used again: the memory of one that was written is not given back before the garbage
 * collector comes by, which knows nothing of its size. At ten megabytes a commit that were a hundred while syncing.
 */
type RawBatch = {
  /** Copies both. */
  _put(key: Buffer, value: Buffer): void;
  _del(key: Buffer): void;
  _clear(): void;
  _write(options: { sync: boolean }): Promise<void>;
};

/** Changes to a database, all or none of which will be there. */
export class DatabaseBatch {
  readonly #raw: RawBatch;
  readonly #write: (sync: boolean) => Promise<void>;
  #length = 0;

  constructor(raw: RawBatch, write: (sync: boolean) => Promise<void>) {
    this.#raw = raw;
    this.#write = write;
  }

  get length(): number {
    return this.#length;
  }

  put(key: Bytes, value: Bytes): void {
    this.putSealed(key, sealValue(key, value));
  }

  /** A value that has its checksum already. */
  putSealed(key: Bytes, sealed: Buffer): void {
    this.#raw._put(asBuffer(key), sealed);
    this.#length++;
  }

  delete(key: Bytes): void {
    this.#raw._del(asBuffer(key));
    this.#length++;
  }

  /** Once. With `sync` it is on disk when this returns, else as soon as the system pleases. @throws DiskError */
  write(sync: boolean): Promise<void> {
    return this.#write(sync);
  }
}

/** A LevelDB whose every value is sealed on the way in and checked on the way out. Keys and values are bytes. */
export class Database {
  readonly #path: string;
  readonly #level: Level<Buffer, Buffer>;
  /** Empty, and in nobody's hands. */
  #spareBatch: RawBatch | undefined;

  private constructor(path: string, level: Level<Buffer, Buffer>) {
    this.#path = path;
    this.#level = level;
  }

  /** @throws DatabaseInUseError, DatabaseDamagedError, DiskError */
  static async open(
    dataDir: string,
    name: string,
    options: { cacheMb: number; writeBufferMb: number },
  ): Promise<Database> {
    const path = join(dataDir, name);
    await mkdir(path, { recursive: true });
    const isCutShort = existsSync(join(path, IN_USE_FILE));
    if (isCutShort) await expectFree(path);
    await expectCurrent(path);
    // After a process that was cut short, all of them, which may take gigabytes.
    await expectSoundTables(path, isCutShort ? Infinity : ROUTINE_CHECK_BYTES);
    await expectWholeManifest(path, isCutShort);
    const level = new Level<Buffer, Buffer>(path, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      // Hashes and keys do not compress; trying cost most of the time of a load.
      compression: false,
      cacheSize: options.cacheMb * MIB,
      writeBufferSize: options.writeBufferMb * MIB,
    });
    try {
      await level.open();
    } catch (error) {
      throw explain(path, 'opened', error as Error);
    }
    try {
      await writeFile(join(path, IN_USE_FILE), String(process.pid));
    } catch (error) {
      await level.close();
      throw explain(path, 'opened', error as Error);
    }
    openHere.add(path);
    return new Database(path, level);
  }

  /**
   * Puts together what can be read of a database that does not open; damaged tables are lost. The checksum of every value
   * holds for what is left. @throws DatabaseInUseError, DatabaseDamagedError, DiskError
   */
  static async repair(dataDir: string, name: string): Promise<void> {
    const path = join(dataDir, name);
    // It takes no lock, and would rewrite the files of a process that has them open.
    await expectFree(path);
    try {
      const damaged = await findDamagedTables(path, { maxBytes: Infinity, isRepair: true });
      for (const table of damaged) await rm(join(path, table));
      // Not in its types, which are those that a browser has too.
      await (Level as unknown as { repair(path: string): Promise<void> }).repair(path);
    } catch (error) {
      throw explain(path, 'repaired', error as Error);
    }
  }

  /** @throws DatabaseDamagedError */
  async get(what: string, key: Bytes): Promise<Bytes | undefined> {
    const sealed = (await this.#attempt('read', this.#level.get(asBuffer(key)))) as Buffer | undefined;
    return sealed && openValue(what, key, sealed);
  }

  /** @throws DatabaseDamagedError */
  async getMany(what: string, keys: readonly Bytes[]): Promise<(Bytes | undefined)[]> {
    if (keys.length === 0) return [];
    const reading = this.#level.getMany(keys as Buffer[]);
    const sealed = (await this.#attempt('read', reading)) as (Buffer | undefined)[];
    return sealed.map((value, i) => value && openValue(what, keys[i]!, value));
  }

  /** Changes that are written together. */
  batch(): DatabaseBatch {
    const raw = this.#spareBatch ?? (this.#level.batch() as unknown as RawBatch);
    this.#spareBatch = undefined;
    return new DatabaseBatch(raw, (sync) => this.#writeBatch(raw, sync));
  }

  async #writeBatch(raw: RawBatch, sync: boolean): Promise<void> {
    if (this.#level.status !== 'open') throw new Error(`${this.#path} is closed`);
    await this.#attempt('written', raw._write({ sync }));
    raw._clear();
    this.#spareBatch = raw;
  }

  /** All or nothing; with `sync` on disk when it returns, else as soon as the system pleases. @throws DiskError */
  async write(puts: Iterable<Put>, deletes: Iterable<Bytes>, sync: boolean): Promise<void> {
    const batch = this.batch();
    for (const [key, value] of puts) {
      batch.put(key, value);
      if (batch.length % BATCH_BREATH === 0) await breathe();
    }
    for (const key of deletes) {
      batch.delete(key);
      if (batch.length % BATCH_BREATH === 0) await breathe();
    }
    await batch.write(sync);
  }

  snapshot(): Snapshot {
    return this.#level.snapshot();
  }

  /** Everything from one key up to, not including, another, in order. @throws DatabaseDamagedError */
  async *entries(what: string, range: Range, options: EntriesOptions = {}): AsyncGenerator<Entry> {
    for await (const group of this.groups(what, range, options)) yield* group;
  }

  /** The same, many at a time: a promise for each costs as much as all the rest. @throws DatabaseDamagedError */
  async *groups(what: string, range: Range, options: EntriesOptions = {}): AsyncGenerator<Entry[]> {
    const { skipDamaged = false, ...rest } = options;
    const iterator = this.#level.iterator({
      ...rest,
      ...asRange(range),
      highWaterMarkBytes: ITERATED_BYTES,
    });
    try {
      for (;;) {
        const entries = await this.#attempt('read', iterator.nextv(1000));
        if (entries.length === 0) return;
        const sound = skipDamaged ? entries.filter(([key, sealed]) => isSealed(key, sealed)) : entries;
        yield sound.map(([key, sealed]) => [key, openValue(what, key, sealed)]);
      }
    } finally {
      await iterator.close();
    }
  }

  /** The highest key, if there is any. */
  async lastKey(): Promise<Bytes | undefined> {
    const [key] = await this.#attempt('read', this.#level.keys({ reverse: true, limit: 1 }).all());
    return key;
  }

  /** All keys in order. */
  async *keys(): AsyncGenerator<Bytes> {
    try {
      yield* this.#level.keys();
    } catch (error) {
      throw explain(this.#path, 'read', error as Error);
    }
  }

  /** The lowest key of a range. */
  async firstKey(range: { gte: Bytes; lt: Bytes }): Promise<Bytes | undefined> {
    const [key] = await this.#attempt('read', this.#level.keys({ ...asRange(range), limit: 1 }).all());
    return key;
  }

  /** Deletes entries of a range, the lowest first, at most `limit`. @throws DiskError */
  async deleteRange(range: { gte: Bytes; lt: Bytes }, limit: number): Promise<void> {
    await this.#attempt('written', this.#level.clear({ ...asRange(range), limit }));
  }

  /** Gives back what deleted entries of a range still take on the disk. @throws DiskError */
  async compact({ gte, lt }: { gte: Bytes; lt: Bytes }): Promise<void> {
    // Not in the types of `level`, which are those that a browser has too.
    const level = this.#level as unknown as { compactRange(start: Buffer, end: Buffer): Promise<void> };
    await this.#attempt('written', level.compactRange(asBuffer(gte), asBuffer(lt)));
  }

  /** What LevelDB tells of itself; nothing once it is closed. Cheap: nothing is read from the disk. */
  stats(): DatabaseStats {
    if (this.#level.status !== 'open') return NO_STATS;
    // Not in the types of `level` either.
    const level = this.#level as unknown as { getProperty(name: string): string };
    return parseDatabaseStats(
      level.getProperty('leveldb.stats'),
      level.getProperty('leveldb.approximate-memory-usage'),
    );
  }

  async close(): Promise<void> {
    await this.#level.close();
    openHere.delete(this.#path);
    await rm(join(this.#path, IN_USE_FILE), { force: true });
  }

  async #attempt<T>(done: 'read' | 'written', work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw explain(this.#path, done, error as Error);
    }
  }
}

/** Without its file CURRENT, LevelDB takes a folder for a new database, and deletes the tables in it. */
async function expectCurrent(path: string): Promise<void> {
  const names = await readdir(path);
  if (names.includes('CURRENT')) {
    if ((await readManifestName(path)) !== undefined) return;
    throw new DatabaseDamagedError(`${path}: the file CURRENT is damaged`);
  }
  if (!names.some((name) => /\.(ldb|sst|log)$/.test(name))) return;
  throw new DatabaseDamagedError(`${path}: the file CURRENT is missing`);
}

/** @throws DatabaseInUseError, DiskError */
async function expectFree(path: string): Promise<void> {
  // To ask for a lock of our own would be to lose it: a process has a lock on a file only once (fcntl).
  const isTaken =
    openHere.has(path) ||
    (await isLocked(path).catch((error) => {
      throw explain(path, 'opened', error as Error);
    }));
  if (isTaken) throw new DatabaseInUseError(inUse(path));
}

/** @throws DatabaseDamagedError */
async function expectSoundTables(path: string, maxBytes: number): Promise<void> {
  const damaged = await findDamagedTables(path, { maxBytes });
  if (damaged.length > 0) throw new DatabaseDamagedError(`${path}: ${damaged.join(', ')} is damaged`);
}

/** A process that was killed may leave half a record, and no harm is done by that as long as there is no table to lose. */
async function expectWholeManifest(path: string, isCutShort: boolean): Promise<void> {
  if (await isManifestWhole(path)) return;
  if (isCutShort && (await countUnlistedTables(path)) === 0) return;
  throw new DatabaseDamagedError(`${path}: its MANIFEST is damaged`);
}

/** LevelDB's error in the words of this program. */
function explain(path: string, done: 'opened' | 'repaired' | 'read' | 'written', error: Error): Error {
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
  if (code === 'LEVEL_LOCKED') {
    return new DatabaseInUseError(inUse(path), { cause: error });
  }
  // A file that the others name and that is gone, too.
  if (code === 'LEVEL_CORRUPTION' || /corruption|no such file/i.test(message)) {
    return new DatabaseDamagedError(`${path}: ${message}`, { cause: error });
  }
  const fault = diskFaultOf(error);
  if (fault !== undefined) return new DiskError(`${path} cannot be ${done}: ${fault}`, { cause: error });
  const other = new Error(`${path} cannot be ${done}: ${message}`, { cause: error });
  return /permission denied/i.test(message) ? Object.assign(other, { code: 'EACCES', path }) : other;
}

function inUse(path: string): string {
  return `${path} is in use by another process`;
}

function asBuffer(bytes: Bytes): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asRange({ gte, lt }: { gte: Bytes; lt: Bytes }): { gte: Buffer; lt: Buffer } {
  return { gte: asBuffer(gte), lt: asBuffer(lt) };
}
