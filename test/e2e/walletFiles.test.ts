import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFolder } from '../support/chains.ts';
import { MAIN } from '../support/nodeProcess.ts';

/** Words, passphrases and backups as their owner handles them, without a node. */

// biome-ignore lint/suspicious/noExplicitAny: every field that is used is asserted
type Json = any;
type Result = { code: number | null; json: Json; stderr: string };

function indiecoin(dataDir: string, words: string[], input = '', passphrase?: string): Result {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [MAIN, ...words, '--network', 'regtest', '--data-dir', dataDir, '--json'],
    {
      encoding: 'utf8',
      input,
      timeout: 60_000,
      env: {
        PATH: process.env.PATH,
        HOME: dataDir,
        ...(passphrase !== undefined && { INDIECOIN_WALLET_PASSPHRASE: passphrase }),
      },
    },
  );
  return { code: status, json: stdout === '' ? undefined : JSON.parse(stdout), stderr };
}

test('words and their passphrase bring the same addresses back, each alone others', async () => {
  await withFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    assert.equal(indiecoin(at('a'), ['wallet', 'new', '--words-passphrase']).code, 2);
    const made = indiecoin(
      at('a'),
      ['wallet', 'new', '--words', '24', '--words-passphrase'],
      'word 25\n',
    ).json;
    assert.equal(made.words.split(' ').length, 24);
    const shown = indiecoin(at('a'), ['wallet', 'backup']).json;
    assert.deepEqual(shown, { words: made.words, wordsPassphrase: 'word 25' });

    const restore = ['wallet', 'restore', '--words-passphrase'];
    const piped = indiecoin(at('b'), restore, `${made.words}\nword 25\n`);
    assert.equal(piped.json?.address, made.address, piped.stderr);
    assert.equal(indiecoin(at('c'), restore, `${made.words}\n`).code, 2);
    const file = at('words.txt');
    assert.equal(indiecoin(at('a'), ['wallet', 'backup', file, '--words']).code, 0);
    assert.equal(readFileSync(file, 'utf8'), `${made.words}\nword 25\n`);
    writeFileSync(file, made.words);
    assert.equal(indiecoin(at('c'), [...restore, file], 'word 25\n').json.address, made.address);
    assert.notEqual(indiecoin(at('d'), ['wallet', 'restore', file]).json.address, made.address);
  });
});

test('a backup brings a wallet back with its labels; a flipped byte and another passphrase do not', async () => {
  await withFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const { address } = indiecoin(at('a'), ['wallet', 'address', '--label', 'rent']).json;
    const file = at('backup.json');
    // A wallet without a passphrase: the backup has one nevertheless.
    assert.equal(indiecoin(at('a'), ['wallet', 'backup', file]).code, 2);
    assert.equal(indiecoin(at('a'), ['wallet', 'backup', file], 'of the backup\n').code, 0);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(indiecoin(at('a'), ['wallet', 'backup', file], 'of the backup\n').code, 2, 'never replaced');
    const text = readFileSync(file, 'utf8');
    assert.ok(!text.includes('rent') && !text.includes('xpub'));

    const restore = ['wallet', 'restore', '--file', file];
    assert.equal(indiecoin(at('b'), restore).code, 8);
    assert.equal(indiecoin(at('b'), restore, '', 'wrong').code, 8);
    const bent = at('bent.json');
    writeFileSync(
      bent,
      text.replace(/"sealed": "./, (found) => `${found.slice(0, -1)}${found.endsWith('0') ? 1 : 0}`),
    );
    const refused = indiecoin(at('b'), ['wallet', 'restore', bent], '', 'of the backup');
    assert.deepEqual([refused.code, /bent\.json is damaged/.test(refused.stderr)], [6, true]);
    const restored = indiecoin(at('b'), restore, '', 'of the backup');
    assert.equal(restored.json?.address, address, restored.stderr);
    const labels = Object.values(JSON.parse(readFileSync(join(at('b'), 'wallet.json'), 'utf8')).labels);
    assert.deepEqual(labels, ['rent']);
    assert.equal(indiecoin(at('b'), restore, '', 'of the backup').code, 4);

    // Another passphrase, offline.
    assert.equal(indiecoin(at('b'), ['wallet', 'passphrase'], 'new one\n').code, 8);
    assert.equal(indiecoin(at('b'), ['wallet', 'passphrase'], 'new one\n', 'wrong').code, 8);
    assert.equal(indiecoin(at('b'), ['wallet', 'passphrase'], '\n', 'of the backup').code, 2);
    assert.equal(indiecoin(at('b'), ['wallet', 'passphrase'], 'new one\n', 'of the backup').code, 0);
    assert.equal(indiecoin(at('b'), ['wallet', 'backup'], '', 'of the backup').code, 8);
    assert.equal(indiecoin(at('b'), ['wallet', 'backup'], '', 'new one').json.words.split(' ').length, 12);
  });
});
