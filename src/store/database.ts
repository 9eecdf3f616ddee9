import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { breathe } from '../bytes/breathe.ts';
import { openValue, sealValue } from './checkedValue.ts';
import { DatabaseDamagedError, DatabaseInUseError } from './storeErrors.ts';

const MIB = 1024 * 1024;
/** Entries put into a batch before others have their turn. */
const BATCH_BREATH = 500;
/** Bytes that an iterator fetches at a time; with its default of 16 KiB the hops between threads cost most of the time. */
const ITERATED_BYTES = 256 * 1024;

type Bytes = Uint8Array;
export type Put = readonly [key: Bytes, value: Bytes];

/** A LevelDB whose every value is sealed on the way in and checked on the way out. Keys and values are bytes. */
export class Database {
  readonly #level: Level<Buffer, Buffer>;

  private constructor(level: Level<Buffer, Buffer>) {
    this.#level = level;
  }

  /** @throws DatabaseInUseError, DatabaseDamagedError */
  static async open(
    dataDir: string,
    name: string,
    options: { cacheMb: number; writeBufferMb: number },
  ): Promise<Database> {
    const path = join(dataDir, name);
    await mkdir(path, { recursive: true });
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
      throw openingError(path, error as Error);
    }
    return new Database(level);
  }

  /** @throws DatabaseDamagedError */
  async get(what: string, key: Bytes): Promise<Bytes | undefined> {
    const sealed = (await this.#level.get(asBuffer(key))) as Buffer | undefined;
    return sealed && openValue(what, key, sealed);
  }

  /** @throws DatabaseDamagedError */
  async getMany(what: string, keys: readonly Bytes[]): Promise<(Bytes | undefined)[]> {
    if (keys.length === 0) return [];
    const sealed = (await this.#level.getMany(keys as Buffer[])) as (Buffer | undefined)[];
    return sealed.map((value, i) => value && openValue(what, keys[i]!, value));
  }

  /** All or nothing; with `sync` on disk when it returns, else as soon as the system pleases. */
  async write(puts: Iterable<Put>, deletes: Iterable<Bytes>, sync: boolean): Promise<void> {
    const batch = this.#level.batch();
    for (const [key, value] of puts) {
      batch.put(asBuffer(key), sealValue(key, value));
      if (batch.length % BATCH_BREATH === 0) await breathe();
    }
    for (const key of deletes) {
      batch.del(asBuffer(key));
      if (batch.length % BATCH_BREATH === 0) await breathe();
    }
    await batch.write({ sync });
  }

  /** Everything from one key up to, not including, another, in order. @throws DatabaseDamagedError */
  async *entries(what: string, range: { gte: Bytes; lt: Bytes }): AsyncGenerator<[Bytes, Bytes]> {
    const iterator = this.#level.iterator({
      gte: asBuffer(range.gte),
      lt: asBuffer(range.lt),
      highWaterMarkBytes: ITERATED_BYTES,
    });
    try {
      for (;;) {
        const entries = await iterator.nextv(1000);
        if (entries.length === 0) return;
        for (const [key, sealed] of entries) yield [key, openValue(what, key, sealed)];
      }
    } finally {
      await iterator.close();
    }
  }

  /** The highest key, if there is any. */
  async lastKey(): Promise<Bytes | undefined> {
    for await (const key of this.#level.keys({ reverse: true, limit: 1 })) return key;
    return undefined;
  }

  /** All keys in order. */
  keys(): AsyncIterable<Bytes> {
    return this.#level.keys();
  }

  async close(): Promise<void> {
    await this.#level.close();
  }
}

function openingError(path: string, error: Error): Error {
  const cause = error.cause as { code?: string; message?: string } | undefined;
  if (cause?.code === 'LEVEL_LOCKED') {
    return new DatabaseInUseError(`${path} is in use by another process`, { cause: error });
  }
  if (cause?.code === 'LEVEL_CORRUPTION' || /corruption/i.test(cause?.message ?? '')) {
    return new DatabaseDamagedError(`${path}: ${cause?.message}`, { cause: error });
  }
  return new Error(`${path} cannot be opened: ${cause?.message ?? error.message}`, { cause: error });
}

function asBuffer(bytes: Bytes): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
