import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { writeBlockFile } from '../../../src/node/blockFile.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { withFolder } from '../../support/chains.ts';

test('an export that ends midway leaves no file, and fails once, with the reason', () =>
  withFolder(async (folder) => {
    for (let count = 1; count < 12; count++) {
      async function* blocks() {
        for (let i = 0; i < count; i++) yield Buffer.alloc(100 * count);
        throw new Error('cut short');
      }
      await assert.rejects(writeBlockFile(join(folder, 'out.dat'), blocks(), regtest), /cut short/);
      // What was on its way to the disk fails now, and nobody waits for that any more.
      await setImmediate();
      assert.deepEqual(readdirSync(folder), []);
    }
  }));
