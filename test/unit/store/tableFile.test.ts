import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c } from '../../../src/store/crc32c.ts';
import { Database } from '../../../src/store/database.ts';
import { readLiveTables } from '../../../src/store/liveTables.ts';
import { checkOlderTables, findDamagedTables } from '../../../src/store/tableCheck.ts';
import { isTableSound } from '../../../src/store/tableFile.ts';
import { withFolder } from '../../support/chains.ts';

const OPTIONS = { cacheMb: 8, writeBufferMb: 4 };

/** Three tables and a log; large values, so that a table has many blocks. */
async function fill(folder: string): Promise<string> {
  for (let n = 0; n < 4; n++) {
    const database = await Database.open(folder, 'db', OPTIONS);
    const puts = Array.from({ length: 50 }, (_, i) => [Buffer.of(n, i), Buffer.alloc(50 * i, i)] as const);
    await database.write(puts, [], false);
    await database.close();
  }
  return join(folder, 'db');
}

test('CRC-32C of the published example, whatever the offset', () => {
  for (const before of ['', '1', '1234567', '12345678']) {
    const bytes = Buffer.from(`${before}123456789`);
    assert.equal(crc32c(bytes, before.length, bytes.length), 0xe3069283);
  }
  // RFC 3720, B.4: 32 bytes of zeros, and of ones.
  assert.equal(crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff), 0, 32), 0x62a8ab43);
});

test('every flipped bit of a table is seen but those that fill up its footer', () =>
  withFolder(async (folder) => {
    const path = await fill(folder);
    const live = await readLiveTables(path);
    assert.equal(live?.size, 3);
    const name = readdirSync(path).find((file) => file.endsWith('.ldb'))!;
    const table = readFileSync(join(path, name));
    assert.equal(live.get(Number.parseInt(name, 10)), table.length);
    assert.ok(isTableSound(table));
    let unseen = 0;
    for (let at = 0; at < table.length; at++) {
      table[at]! ^= 1 << (at % 8);
      if (isTableSound(table)) unseen++;
      table[at]! ^= 1 << (at % 8);
    }
    assert.ok(unseen < 40, `${unseen} of ${table.length}`);
    assert.ok(!isTableSound(table.subarray(0, -1)));
    assert.ok(!isTableSound(Buffer.concat([table, Buffer.of(0)])));
    assert.ok(!isTableSound(new Uint8Array()));
  }));

test('a database whose table is damaged does not open; one that an interrupted compaction left does no harm', () =>
  withFolder(async (folder) => {
    const path = await fill(folder);
    writeFileSync(join(path, '999999.ldb'), 'half a table that nothing mentions');
    const database = await Database.open(folder, 'db', OPTIONS);
    await database.close();
    const name = readdirSync(path).find((file) => file.endsWith('.ldb'))!;
    const table = readFileSync(join(path, name));
    table[table.length >> 1]! ^= 1;
    writeFileSync(join(path, name), table);
    await assert.rejects(Database.open(folder, 'db', OPTIONS), {
      name: 'DatabaseDamagedError',
      message: `${path}: ${name} is damaged`,
    });
    // The newest are looked at first, and no more than asked for.
    assert.deepEqual(await findDamagedTables(path, { maxBytes: 1 }), []);
    assert.deepEqual(await findDamagedTables(path, { maxBytes: Infinity }), [name]);
    const { signal } = new AbortController();
    await checkOlderTables(path, signal);
    await assert.rejects(checkOlderTables(path, signal, 1), { message: `${path}: ${name} is damaged` });
    // After a process that did not close it, all are.
    writeFileSync(join(path, 'in-use'), '');
    await assert.rejects(Database.open(folder, 'db', OPTIONS), /is damaged/);
  }));

test('what would be taken for a new database, and emptied, is a damaged one', () =>
  withFolder(async (folder) => {
    const path = await fill(folder);
    const tables = readdirSync(path).filter((file) => file.endsWith('.ldb'));
    rmSync(join(path, 'CURRENT'));
    await assert.rejects(Database.open(folder, 'db', OPTIONS), /the file CURRENT is missing/);
    await Database.repair(folder, 'db');
    const database = await Database.open(folder, 'db', OPTIONS);
    let count = 0;
    for await (const _ of database.keys()) count++;
    await database.close();
    assert.equal(count, 200);
    assert.equal(tables.length, 3);
  }));
