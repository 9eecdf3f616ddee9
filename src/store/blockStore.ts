import { Database, type Put } from './database.ts';
import type { DatabaseStats } from './databaseStats.ts';
import * as layout from './layout.ts';
import { DatabaseDamagedError } from './storeErrors.ts';

export const BLOCKS_FOLDER = 'blocks';
/** A record lies in chunks of so many bytes, the last one shorter: a part of it is read, and checked, without the rest. */
const CHUNK_BYTES = 64 * 1024;
/** An id that no record has: writing there is how LevelDB is made to force its log to disk. */
const SYNC_ID = 0;
/** Chunks deleted at a time: 128 MB at most, so that an end of the program does not wait for more. */
const DISCARDED_TOGETHER = 2000;

/** A record whose length is known. */
export type StoredRecord = Readonly<{ id: number; bytes: number }>;

/**
 * The bodies and undo data of blocks, in a database of their own: they are large, and written in ascending order LevelDB
 * moves them hardly ever. What no commit mentions (after a kill) is left lying and never read.
 */
export class BlockStore {
  readonly #database: Database;
  #nextId: number;

  private constructor(database: Database, nextId: number) {
    this.#database = database;
    this.#nextId = nextId;
  }

  static async open(dataDir: string, folder = BLOCKS_FOLDER): Promise<BlockStore> {
    const database = await Database.open(dataDir, folder, { cacheMb: 2, writeBufferMb: 4 });
    const last = await database.lastKey();
    return new BlockStore(database, last ? layout.recordIdOf(last) + 1 : 1);
  }

  /** An id that nothing has yet; from 1, as 0 says "not there". */
  newId(): number {
    return this.#nextId++;
  }

  /** @throws DatabaseDamagedError when this record, which a commit mentions, cannot be there: its id would be given again */
  expect(id: number): void {
    if (id >= this.#nextId) throw missing(id);
  }

  async write(records: Iterable<readonly [id: number, bytes: Uint8Array]>, sync: boolean): Promise<void> {
    await this.#database.write(asChunks(records), [], sync);
  }

  /** A record of unknown length. @throws DatabaseDamagedError when it is not there or not as it was written */
  async read(id: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const [key, chunk] of this.#database.entries('block record', layout.chunksOf(id))) {
      if (layout.isWholeRecord(key)) return chunk;
      if (layout.chunkNumberOf(key) !== chunks.length) throw missing(id);
      chunks.push(chunk);
    }
    const last = chunks.at(-1);
    if (last === undefined || last.length === CHUNK_BYTES) throw missing(id);
    return joined(chunks);
  }

  /** Many records with one call to the database. @throws DatabaseDamagedError */
  async readMany(records: readonly StoredRecord[]): Promise<Uint8Array[]> {
    const keys = records.flatMap(({ id, bytes }) => chunkKeys(id, 0, chunkOfByte(bytes)));
    const chunks = await this.#database.getMany('block record', keys);
    let end = 0;
    return records.map(({ id, bytes }) => {
      const start = end;
      end += chunkOfByte(bytes) + 1;
      const own = chunks.slice(start, end);
      if (!isWhole(own)) throw missing(id);
      const record = joined(own);
      if (record.length !== bytes) throw missing(id);
      return record;
    });
  }

  /** Some bytes of a record; only the chunks that hold them are read. A view. @throws DatabaseDamagedError */
  async readPart(id: number, offset: number, length: number): Promise<Uint8Array> {
    const first = chunkOfByte(offset);
    const keys = chunkKeys(id, first, chunkOfByte(offset + length - 1));
    const chunks = await this.#database.getMany('block record', keys);
    if (!isWhole(chunks)) throw missing(id);
    const start = offset - first * CHUNK_BYTES;
    const part = joined(chunks).subarray(start, start + length);
    if (part.length !== length) throw missing(id);
    return part;
  }

  /** Ids of all records, ascending: of bodies, of undo data, and of what no commit mentions. */
  async *ids(): AsyncGenerator<number> {
    let last = SYNC_ID;
    for await (const key of this.#database.keys()) {
      const id = layout.recordIdOf(key);
      if (id !== last) yield id;
      last = id;
    }
  }

  /**
   * Deletes all records below an id, and these; no commit may mention one of them any more. What is left when `signal` stops
   * it is deleted by the next call. @throws DiskError
   */
  async discard(belowId: number, ids: readonly number[], signal: AbortSignal): Promise<void> {
    const first = SYNC_ID + 1;
    const range = layout.chunksBetween(first, belowId);
    for (let lowest = await this.#database.firstKey(range); lowest && !signal.aborted; ) {
      await this.#database.deleteRange(range, DISCARDED_TOGETHER);
      lowest = await this.#database.firstKey(range);
      const end = lowest ? layout.recordIdOf(lowest) : belowId;
      // Without it the bytes would stay until LevelDB comes by some day.
      await this.#database.compact(layout.chunksBetween(first, end));
    }
    for (const id of ids) {
      if (signal.aborted) return;
      await this.#database.deleteRange(layout.chunksOf(id), Number.POSITIVE_INFINITY);
    }
  }

  /** Forces to disk all that was written so far. */
  async sync(): Promise<void> {
    await this.#database.write([[layout.chunkKey(SYNC_ID, 0), new Uint8Array()]], [], true);
  }

  stats(): DatabaseStats {
    return this.#database.stats();
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}

/** A record whose length is a multiple of the chunk's ends in an empty one, so that a lost end is noticed. */
function* asChunks(records: Iterable<readonly [id: number, bytes: Uint8Array]>): Generator<Put> {
  for (const [id, bytes] of records) {
    for (let number = 0; number <= chunkOfByte(bytes.length); number++) {
      const start = number * CHUNK_BYTES;
      yield [layout.chunkKey(id, number), bytes.subarray(start, start + CHUNK_BYTES)];
    }
  }
}

function chunkOfByte(offset: number): number {
  return Math.floor(offset / CHUNK_BYTES);
}

function chunkKeys(id: number, first: number, last: number): Uint8Array[] {
  return Array.from({ length: last - first + 1 }, (_, i) => layout.chunkKey(id, first + i));
}

function isWhole(chunks: readonly (Uint8Array | undefined)[]): chunks is readonly Uint8Array[] {
  return !chunks.includes(undefined);
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function missing(id: number): DatabaseDamagedError {
  return new DatabaseDamagedError(`block record ${id} is missing`);
}
