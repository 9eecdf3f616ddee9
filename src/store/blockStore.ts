import { Database } from './database.ts';
import { blockKey } from './layout.ts';
import { DatabaseDamagedError } from './storeErrors.ts';

export const BLOCKS_FOLDER = 'blocks';
/** An id that no record has: writing there is how LevelDB is made to force its log to disk. */
const SYNC_ID = 0;

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
    const database = await Database.open(dataDir, folder, { cacheMb: 8, writeBufferMb: 8 });
    const last = await database.lastKey();
    return new BlockStore(database, last ? Buffer.from(last).readUInt32BE(0) + 1 : 1);
  }

  /** An id that nothing has yet; from 1, as 0 says "not there". */
  newId(): number {
    return this.#nextId++;
  }

  /** @throws DatabaseDamagedError when this record, which a commit mentions, cannot be there: its id would be given again */
  expect(id: number): void {
    if (id >= this.#nextId) throw new DatabaseDamagedError(`block record ${id} is missing`);
  }

  async write(records: Iterable<readonly [id: number, bytes: Uint8Array]>, sync: boolean): Promise<void> {
    await this.#database.write(asPuts(records), [], sync);
  }

  /** @throws DatabaseDamagedError when it is not there or not as it was written */
  async read(id: number): Promise<Uint8Array> {
    const bytes = await this.#database.get('block record', blockKey(id));
    if (!bytes) throw new DatabaseDamagedError(`block record ${id} is missing`);
    return bytes;
  }

  /** Ids of all records, ascending: of bodies, of undo data, and of what no commit mentions. */
  async *ids(): AsyncGenerator<number> {
    for await (const key of this.#database.keys()) {
      const id = Buffer.from(key).readUInt32BE(0);
      if (id !== SYNC_ID) yield id;
    }
  }

  /** Forces to disk all that was written so far. */
  async sync(): Promise<void> {
    await this.#database.write([[blockKey(SYNC_ID), new Uint8Array()]], [], true);
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}

function* asPuts(
  records: Iterable<readonly [number, Uint8Array]>,
): Generator<[key: Uint8Array, value: Uint8Array]> {
  for (const [id, bytes] of records) yield [blockKey(id), bytes];
}
