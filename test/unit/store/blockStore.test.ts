import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { BLOCKS_FOLDER, BlockStore } from '../../../src/store/blockStore.ts';
import { Database } from '../../../src/store/database.ts';
import { chunkKey } from '../../../src/store/layout.ts';
import { DatabaseDamagedError } from '../../../src/store/storeErrors.ts';
import { withFolder } from '../../support/chains.ts';

const CHUNK = 65_536;

test('records of any length come back as they were: whole, many at once, and in parts', async () => {
  await withFolder(async (dataDir) => {
    const store = await BlockStore.open(dataDir);
    const lengths = [1, 200, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17];
    const records = lengths.map((length) => [store.newId(), randomBytes(length)] as const);
    await store.write(records, false);
    const sizes = records.map(([id, bytes]) => ({ id, bytes: bytes.length }));
    assert.deepEqual(
      (await store.readMany(sizes)).map(Buffer.from),
      records.map(([, bytes]) => bytes),
    );
    for (const [id, bytes] of records) {
      assert.deepEqual(Buffer.from(await store.read(id)), bytes);
      for (const start of [0, 100, CHUNK - 3, CHUNK, 2 * CHUNK - 1].filter((at) => at < bytes.length)) {
        for (const end of [start + 1, CHUNK, CHUNK + 1, bytes.length].filter((at) => at > start)) {
          if (end > bytes.length) continue;
          const part = await store.readPart(id, start, end - start);
          assert.deepEqual(Buffer.from(part), bytes.subarray(start, end), `${start} to ${end}`);
        }
      }
    }
    const found: number[] = [];
    for await (const id of store.ids()) found.push(id);
    assert.deepEqual(
      found,
      records.map(([id]) => id),
    );
    await store.close();
    const again = await BlockStore.open(dataDir);
    assert.equal(again.newId(), lengths.length + 1);
    await again.close();
  });
});

test('a chunk that is gone is missed by all who need it, and by nobody else', async () => {
  for (const gone of [0, 1, 2]) {
    await withFolder(async (dataDir) => {
      const bytes = randomBytes(2 * CHUNK);
      const store = await BlockStore.open(dataDir);
      await store.write(
        [
          [store.newId(), bytes],
          [store.newId(), bytes],
        ],
        true,
      );
      await store.close();
      const database = await Database.open(dataDir, BLOCKS_FOLDER, { cacheMb: 8, writeBufferMb: 4 });
      await database.write([], [chunkKey(1, gone)], true);
      await database.close();
      const lacking = await BlockStore.open(dataDir);
      await assert.rejects(lacking.read(1), DatabaseDamagedError);
      await assert.rejects(lacking.readMany([{ id: 1, bytes: bytes.length }]), /block record 1 is missing/);
      if (gone < 2) await assert.rejects(lacking.readPart(1, gone * CHUNK + 5, 10), DatabaseDamagedError);
      const other = gone === 0 ? CHUNK : 0;
      assert.deepEqual(Buffer.from(await lacking.readPart(1, other, 10)), bytes.subarray(other, other + 10));
      assert.deepEqual(Buffer.from(await lacking.read(2)), bytes);
      await assert.rejects(lacking.readMany([{ id: 2, bytes: bytes.length - 1 }]), DatabaseDamagedError);
      await lacking.close();
    });
  }
});
