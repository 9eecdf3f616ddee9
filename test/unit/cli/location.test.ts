import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { located, setDataDir, setLocation } from '../../../src/cli/location.ts';
import { seedPreset } from '../../../src/cli/seedPreset.ts';
import { writeSettings } from '../../../src/cli/settingsInForce.ts';
import { loadSettings } from '../../../src/node/config.ts';
import { regtest } from '../../../src/params/regtest.ts';

const folder = mkdtempSync(join(tmpdir(), 'indiecoin-location-'));
after(() => {
  setLocation('');
  rmSync(folder, { recursive: true });
});

test('commands in a text are for the node that was asked', () => {
  const text = 'See `indiecoin wallet history`, or `indiecoin rpc stop` and `ulimit -n`.';
  setLocation('');
  assert.equal(located(text), text);
  setLocation(' --network regtest --data-dir /a');
  assert.equal(
    located(text),
    'See `indiecoin wallet history --network regtest --data-dir /a`, or `indiecoin rpc stop --network regtest --data-dir /a` and `ulimit -n`.',
  );
});

test('a command that names its node already stays as it is', () => {
  setLocation(' --network regtest');
  for (const text of [
    '`indiecoin status --network testnet`',
    '`indiecoin node --data-dir /b`',
    '`indiecoin --help`',
  ])
    assert.equal(located(text), text);
});

test('where a seed ran, it is a seed that is started', () => {
  setLocation('');
  setDataDir(folder);
  const flags = { network: 'regtest', 'data-dir': folder };
  const text = 'No node is running: `indiecoin node --reindex`, `indiecoin rpc stop`.';
  assert.equal(located(text), text);
  writeSettings(folder, loadSettings(flags, {}).settings);
  assert.equal(located(text), text);
  writeSettings(folder, loadSettings(flags, {}, seedPreset(regtest)).settings);
  assert.equal(located(text), 'No node is running: `indiecoin seed --reindex`, `indiecoin rpc stop`.');
});
