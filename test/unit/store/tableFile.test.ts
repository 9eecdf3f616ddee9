import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c } from '../../../src/store/crc32c.ts';
import { Database } from '../../../src/store/database.ts';
import { isManifestWhole, readLiveTables } from '../../../src/store/liveTables.ts';
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
    const current = join(path, 'CURRENT');
    const named = readFileSync(current, 'latin1');
    for (const damaged of [
      '',
      '\0'.repeat(16),
      named.trimEnd(),
      `./${named}`,
      named.replace('M', 'N'),
      'LOG\n',
    ]) {
      writeFileSync(current, damaged);
      await assert.rejects(Database.open(folder, 'db', OPTIONS), {
        name: 'DatabaseDamagedError',
        message: `${path}: the file CURRENT is damaged`,
      });
    }
    rmSync(current);
    await assert.rejects(Database.open(folder, 'db', OPTIONS), /the file CURRENT is missing/);
    await Database.repair(folder, 'db');
    const database = await Database.open(folder, 'db', OPTIONS);
    let count = 0;
    for await (const _ of database.keys()) count++;
    await database.close();
    assert.equal(count, 200);
    assert.equal(tables.length, 3);
  }));

test('a MANIFEST that is cut or bent is told of, before LevelDB takes away the tables that it does not name then', () =>
  withFolder(async (folder) => {
    const database = await Database.open(folder, 'db', { cacheMb: 8, writeBufferMb: 1 });
    for (let n = 0; n < 8; n++) {
      const puts = Array.from({ length: 50 }, (_, i) => [Buffer.of(n, i), randomBytes(16_000)] as const);
      await database.write(puts, [], false);
    }
    await database.close();
    const path = join(folder, 'db');
    const manifest = join(path, readdirSync(path).find((file) => file.startsWith('MANIFEST'))!);
    const whole = readFileSync(manifest);
    assert.ok(await isManifestWhole(path));
    const tables = () => readdirSync(path).filter((file) => file.endsWith('.ldb'));
    const before = tables();
    for (let at = 0; at < whole.length; at += 7) {
      const bent = Buffer.from(whole);
      bent[at]! ^= 1 << (at & 7);
      for (const damaged of [bent, whole.subarray(0, at + 1)]) {
        writeFileSync(manifest, damaged);
        // At the end of a record a cut cannot be seen.
        if (await isManifestWhole(path)) continue;
        await assert.rejects(Database.open(folder, 'db', OPTIONS), /its MANIFEST is damaged|is damaged/);
        writeFileSync(join(path, 'in-use'), '');
        if (tables().length > ((await readLiveTables(path))?.size ?? 0))
          await assert.rejects(Database.open(folder, 'db', OPTIONS), /its MANIFEST is damaged|is damaged/);
        rmSync(join(path, 'in-use'));
        assert.deepEqual(tables(), before);
      }
    }
    await Database.repair(folder, 'db');
    const again = await Database.open(folder, 'db', OPTIONS);
    let count = 0;
    for await (const _ of again.keys()) count++;
    await again.close();
    assert.equal(count, 400);
  }));

test('a damaged database that another process has open is in use, and nothing of it is repaired', () =>
  withFolder(async (folder) => {
    const path = await fill(folder);
    const source = new URL('../../../src/store/database.js', import.meta.url).href;
    const script = `import { Database } from '${source}';
      const database = await Database.open(${JSON.stringify(folder)}, 'db', ${JSON.stringify(OPTIONS)});
      setInterval(() => undefined, 60_000);
      console.log('open');`;
    const other = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(other.stdout, 'data');
      const name = readdirSync(path).find((file) => file.endsWith('.ldb'))!;
      const table = readFileSync(join(path, name));
      table[table.length >> 1]! ^= 1;
      writeFileSync(join(path, name), table);
      const before = readdirSync(path).sort();
      const refusal = { name: 'DatabaseInUseError', message: `${path} is in use by another process` };
      await assert.rejects(Database.open(folder, 'db', OPTIONS), refusal);
      await assert.rejects(Database.repair(folder, 'db'), refusal);
      assert.deepEqual(readdirSync(path).sort(), before);
    } finally {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
    await assert.rejects(Database.open(folder, 'db', OPTIONS), /is damaged/);
    await Database.repair(folder, 'db');
  }));
