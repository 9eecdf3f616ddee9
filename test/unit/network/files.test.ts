import assert from 'node:assert/strict';
import files, { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { toCliError } from '../../../src/cli/cliError.ts';
import { EXIT } from '../../../src/cli/exitCodes.ts';
import { BanList } from '../../../src/network/banList.ts';
import { parseSeedList, readBootstrapList } from '../../../src/network/bootstrapList.ts';
import { loadIdentity } from '../../../src/network/identity.ts';
import { chooseListenPort, rememberListenPort } from '../../../src/network/listenPort.ts';
import { mainnet } from '../../../src/params/mainnet.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { testnet } from '../../../src/params/testnet.ts';
import { withFolder } from '../../support/chains.ts';

test('the identity stays the same, in a file for the owner alone', () =>
  withFolder(async (folder) => {
    const first = await loadIdentity(folder);
    assert.equal(first.type, 'Ed25519');
    const path = join(folder, 'identity.key');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    await chmod(path, 0o644);
    assert.ok((await loadIdentity(folder)).equals(first));
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  }));

test('a damaged identity is an error and not a new identity', () =>
  withFolder(async (folder) => {
    await writeFile(join(folder, 'identity.key'), 'garbage');
    await assert.rejects(loadIdentity(folder), /identity\.key/);
    assert.equal(await readFile(join(folder, 'identity.key'), 'utf8'), 'garbage');
    await rm(join(folder, 'identity.key'));
    const key = await loadIdentity(folder);
    const whole = await readFile(join(folder, 'identity.key'));
    for (let at = 0; at < whole.length; at++) {
      const bent = Buffer.from(whole);
      bent[at]! ^= 1 << (at & 7);
      await writeFile(join(folder, 'identity.key'), bent);
      // A few bits of the frame around the key mean nothing.
      const read = await loadIdentity(folder).catch((error: Error) => error);
      const isNoticed = read instanceof Error && /identity\.key/.test(read.message);
      assert.ok(isNoticed || (at < 4 && !(read instanceof Error) && read.equals(key)), `byte ${at}`);
    }
  }));

test('a port of 0 is a free one that is taken again at the next start', () =>
  withFolder(async (folder) => {
    const port = await chooseListenPort(folder, ['127.0.0.1'], 0);
    assert.ok(port > 0);
    await rememberListenPort(folder, port);
    assert.equal(await chooseListenPort(folder, ['127.0.0.1'], 0), port);

    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    try {
      assert.notEqual(await chooseListenPort(folder, ['127.0.0.1'], 0), port);
      await assert.rejects(chooseListenPort(folder, ['127.0.0.1'], port), new RegExp(`${port}`));
    } finally {
      server.close();
    }
  }));

test('an address that is not of this machine is blamed, and not the port', () =>
  withFolder(async (folder) => {
    for (const port of [0, 8888]) {
      const choosing = chooseListenPort(folder, ['127.0.0.1', '203.0.113.77'], port);
      await assert.rejects(choosing, (error) => {
        assert.equal(toCliError(error).exitCode, EXIT.failure);
        return /^listen-host: .*203\.0\.113\.77/.test((error as Error).message);
      });
    }
  }));

test('bans survive a restart and end by themselves', () =>
  withFolder(async (folder) => {
    const bans = await BanList.open(folder);
    bans.add('a', 60, 'test');
    bans.add('b', -1, 'over');
    bans.add('c', 60, 'test');
    assert.ok(bans.remove('c'));
    assert.ok(!bans.remove('c'));
    await bans.close();
    const again = await BanList.open(folder);
    assert.ok(again.isBanned('a'));
    assert.ok(!again.isBanned('b'));
    assert.deepEqual(
      again.list().map(({ who, reason }) => ({ who, reason })),
      [{ who: 'a', reason: 'test' }],
    );
    await writeFile(join(folder, 'bans.json'), '{"who": 1');
    const damaged: string[] = [];
    assert.deepEqual((await BanList.open(folder, (path) => damaged.push(path))).list(), []);
    assert.deepEqual(damaged, [join(folder, 'bans.json')]);
  }));

test('a storm of bans is written a few times, and whole', (t) =>
  withFolder(async (folder) => {
    const rename = t.mock.method(files, 'rename');
    syncBuiltinESMExports();
    try {
      const bans = await BanList.open(folder);
      for (let i = 0; i < 1000; i++) bans.add(`peer${i}`, 3600, 'test');
      await bans.close();
      assert.ok(rename.mock.callCount() <= 2, `${rename.mock.callCount()} times`);
      bans.remove('peer0');
      await bans.close();
      assert.equal((await BanList.open(folder)).list().length, 999);
    } finally {
      rename.mock.restore();
      syncBuiltinESMExports();
    }
  }));

test('above its limit the list of bans loses the one that ends first', () =>
  withFolder(async (folder) => {
    const bans = await BanList.open(folder);
    bans.add('first to end', 60, 'test');
    for (let i = 0; i < 10_000; i++) bans.add(`peer${i}`, 3600 + i, 'test');
    assert.equal(bans.list().length, 10_000);
    assert.ok(!bans.isBanned('first to end'));
    bans.add('shortest', 60, 'test');
    assert.ok(bans.isBanned('peer0'));
    await bans.close();
  }));

test('a ban of IPv6 addresses reaches all of the /64, and no other', () =>
  withFolder(async (folder) => {
    const bans = await BanList.open(folder);
    bans.add('2001:db8:1:2::/64', 60, 'test');
    bans.add('2001:db8:1:4::7', 60, 'test');
    bans.add('203.0.113.7', 60, 'test');
    const banned = ['2001:db8:1:2::', '2001:db8:1:2:ffff::1', '2001:db8:1:4::7', '::ffff:203.0.113.7'];
    const free = ['2001:db8:1:1:ffff::1', '2001:db8:1:3::', '2001:db8:1:4::8', '203.0.113.8'];
    for (const who of banned) assert.ok(bans.isBanned(who), who);
    for (const who of free) assert.ok(!bans.isBanned(who), who);
    await bans.close();
    assert.equal((await BanList.open(folder)).list().length, 3);
  }));

test('seed lists: comments and empty lines are left out', () => {
  assert.deepEqual(parseSeedList('# all\n\n1.2.3.4:5 # one\n  /dnsaddr/x.org  \r\n'), [
    '1.2.3.4:5',
    '/dnsaddr/x.org',
  ]);
});

test('the bootstrap lists of the networks', async () => {
  assert.deepEqual(await readBootstrapList(mainnet), ['104.131.120.174:8888']);
  assert.deepEqual(await readBootstrapList(testnet), []);
  assert.deepEqual(await readBootstrapList(regtest), []);
  assert.deepEqual(await readBootstrapList({ ...regtest, name: 'my-coin', seeds: ['a.org:1'] }), ['a.org:1']);
});
