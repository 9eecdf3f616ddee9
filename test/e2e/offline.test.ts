import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFolder } from '../support/chains.ts';
import { MAIN, NodeProcess } from '../support/nodeProcess.ts';

/** Commands that open the data directory themselves, as processes: blocks to a file and back, a wallet without a node. */

type Result = { code: number | null; json: Json; stderr: string };
// biome-ignore lint/suspicious/noExplicitAny: every field that is used is asserted
type Json = any;

function indiecoin(
  dataDir: string,
  words: readonly string[],
  options: { input?: string; passphrase?: string } = {},
): Result {
  const args = [MAIN, ...words, '--network', 'regtest', '--data-dir', dataDir, '--json'];
  const passphrase =
    options.passphrase === undefined ? {} : { INDIECOIN_WALLET_PASSPHRASE: options.passphrase };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    input: options.input ?? '',
    timeout: 60_000,
    env: { PATH: process.env.PATH, HOME: dataDir, ...passphrase },
  });
  return { code: status, json: stdout === '' ? undefined : JSON.parse(stdout), stderr };
}

test('a chain goes to a file and back, whole and checked', async () => {
  await withFolder(async (folder) => {
    const [a, b, file] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'blocks.dat')];
    const own = indiecoin(a, ['wallet', 'address']).json;
    assert.match(own.address, /^icrt1/);
    const node = await NodeProcess.start({ dataDir: a });
    await node.rpc('generatetoaddress', 120, own.address);
    const inUse = indiecoin(a, ['chain', 'export', file]);
    assert.equal(inUse.code, 5);
    assert.match(JSON.parse(inUse.stderr).error.message, /in use by another process/);
    assert.equal(indiecoin(a, ['wallet', 'balance']).json.confirmed, '1050.00000000');
    assert.equal(await node.stop(), 0);

    const exported = indiecoin(a, ['chain', 'export', file]);
    assert.equal(exported.code, 0, exported.stderr);
    assert.equal(exported.json.blocks, 121);
    const bytes = readFileSync(file);
    assert.equal(bytes.subarray(0, 4).toString('hex'), '1ed1ec03');
    assert.equal(indiecoin(a, ['chain', 'verify']).json.ok, true);

    const imported = indiecoin(b, ['chain', 'import', file]);
    assert.equal(imported.code, 0, imported.stderr);
    assert.deepEqual([imported.json.connected, imported.json.known, imported.json.height], [120, 1, 120]);
    assert.equal(imported.json.cutOff, false);
    assert.equal(imported.json.tip, exported.json.tip);
    assert.equal(indiecoin(b, ['chain', 'import', file]).json.known, 121);

    // A folder without a chain is not taken for an empty one.
    for (const words of [
      ['chain', 'verify'],
      ['chain', 'export', join(folder, 'none.dat')],
    ]) {
      const nothing = indiecoin(join(folder, 'mistyped'), words);
      assert.equal(nothing.code, 4);
      assert.match(nothing.stderr, /There is no chain in/);
    }

    // A copy that was not finished: all its whole blocks are taken, and it says so.
    const half = join(folder, 'half.dat');
    writeFileSync(half, bytes.subarray(0, -10));
    const cutOff = indiecoin(join(folder, 'half'), ['chain', 'import', half]);
    assert.deepEqual([cutOff.code, cutOff.json.cutOff, cutOff.json.height], [1, true, 119]);

    // One bit of the last block's coinbase is another: it is refused, all before it are taken.
    bytes[bytes.length - 10]! ^= 1;
    writeFileSync(file, bytes);
    const bent = indiecoin(join(folder, 'c'), ['chain', 'import', file]);
    assert.equal(bent.code, 4);
    assert.deepEqual([bent.json.connected, bent.json.refused.length], [119, 1]);
    assert.equal(bent.json.refused[0].reason, 'bad-txnmrklroot');

    // Noise between blocks is skipped, and a file that ends within a block ends before it.
    writeFileSync(file, Buffer.concat([Buffer.from('noise'), bytes.subarray(0, bytes.length - 20)]));
    assert.equal(indiecoin(join(folder, 'd'), ['chain', 'import', file]).json.height, 119);
    writeFileSync(file, 'no block at all');
    assert.equal(indiecoin(join(folder, 'd'), ['chain', 'import', file]).code, 4);
  });
});

test('a damaged database is named', async () => {
  await withFolder(async (folder) => {
    const dataDir = join(folder, 'a');
    const node = await NodeProcess.start({ dataDir });
    await node.rpc('generatetoaddress', 50, (await node.rpc<{ address: string }>('walletaddress')).address);
    await node.stop();
    const blocks = join(dataDir, 'blocks');
    const log = readdirSync(blocks).find((name) => name.endsWith('.log'))!;
    const bytes = readFileSync(join(blocks, log));
    // Within the body of a block, where LevelDB itself sees nothing wrong only if it does not look.
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
    writeFileSync(join(blocks, log), bytes);
    const verified = indiecoin(dataDir, ['chain', 'verify']);
    assert.equal(verified.code, 6, verified.stderr);
  });
});

test('a wallet is made, backed up and restored without a node', async () => {
  await withFolder(async (folder) => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    assert.match(indiecoin(a, ['--version']).json.version, /^\d+\.\d+\.\d+$/);
    const made = indiecoin(a, ['wallet', 'new'], { passphrase: 'correct horse' });
    assert.equal(made.code, 0, made.stderr);
    assert.equal(made.json.words.split(' ').length, 12);
    assert.equal(indiecoin(a, ['wallet', 'new']).code, 4);
    assert.equal(indiecoin(a, ['wallet', 'address']).json.address, made.json.address);
    assert.notEqual(indiecoin(a, ['wallet', 'address', '--new']).json.address, made.json.address);
    assert.equal(indiecoin(a, ['wallet', 'backup']).code, 8);
    assert.equal(indiecoin(a, ['wallet', 'backup'], { passphrase: 'wrong' }).code, 8);
    const backup = indiecoin(a, ['wallet', 'backup'], { passphrase: 'correct horse' });
    assert.equal(backup.json.words, made.json.words);

    assert.equal(indiecoin(b, ['wallet', 'restore'], { input: 'twelve wrong words' }).code, 2);
    assert.match(indiecoin(b, ['wallet', 'restore'], { input: '\n' }).stderr, /No words were given/);
    const restored = indiecoin(b, ['wallet', 'restore'], { input: `${made.json.words}\n` });
    assert.equal(restored.code, 0, restored.stderr);
    assert.deepEqual(restored.json, { address: made.json.address, publicKey: made.json.publicKey });
    rmSync(join(b, 'wallet.key'));
    assert.equal(indiecoin(b, ['wallet', 'backup']).code, 6);
  });
});
