import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { AddressBook } from '../../../src/network/addressBook.ts';
import { BanList } from '../../../src/network/banList.ts';
import { parseSeedList, readBootstrapList } from '../../../src/network/bootstrapList.ts';
import { loadIdentity } from '../../../src/network/identity.ts';
import { chooseListenPort, rememberListenPort } from '../../../src/network/listenPort.ts';
import { mainnet } from '../../../src/params/mainnet.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { testnet } from '../../../src/params/testnet.ts';
import { withFolder } from '../../support/chains.ts';

const ID = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';
const OTHER = '12D3KooWA4AunDh13JUcwEhniGNbLTfDXC2f7eHq89ZSWyG4sGZt';
const address = (host: string, id = ID) => `/ip4/${host}/tcp/8888/p2p/${id}`;

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
  }));

test('a port of 0 is a free one that is taken again at the next start', () =>
  withFolder(async (folder) => {
    const port = await chooseListenPort(folder, '127.0.0.1', 0);
    assert.ok(port > 0);
    await rememberListenPort(folder, port);
    assert.equal(await chooseListenPort(folder, '127.0.0.1', 0), port);

    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    try {
      assert.notEqual(await chooseListenPort(folder, '127.0.0.1', 0), port);
      await assert.rejects(chooseListenPort(folder, '127.0.0.1', port), new RegExp(`${port}`));
    } finally {
      server.close();
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

test('the address book remembers whom it met, and shares no others', () =>
  withFolder(async (folder) => {
    const book = await AddressBook.open(folder);
    const nowSec = 1_000_000;
    book.see(ID, address('203.0.113.7'), nowSec);
    book.hear(OTHER, address('198.51.100.7', OTHER));
    await book.save();
    const again = await AddressBook.open(folder);
    assert.equal(again.size, 2);
    const options = { toPrivate: false, except: '', nowSec };
    assert.deepEqual(
      again.share(10, options).map(({ peerId }) => peerId),
      [ID],
    );
    assert.deepEqual(again.share(10, { ...options, except: ID }), []);
    assert.deepEqual(again.share(10, { ...options, nowSec: nowSec + 3 * 24 * 3600 }), []);
    // What somebody says does not replace what we know.
    again.hear(ID, address('198.51.100.1'));
    assert.equal(again.get(ID)!.address, address('203.0.113.7'));
  }));

test('private addresses are shared among private ones alone', () =>
  withFolder(async (folder) => {
    const book = await AddressBook.open(folder);
    book.see(ID, address('192.168.0.7'), 100);
    assert.equal(book.share(10, { toPrivate: true, except: '', nowSec: 100 }).length, 1);
    assert.equal(book.share(10, { toPrivate: false, except: '', nowSec: 100 }).length, 0);
  }));

test('a dead address is tried ever less often, and forgotten', () =>
  withFolder(async (folder) => {
    const book = await AddressBook.open(folder);
    book.hear(ID, address('203.0.113.7'));
    const isDue = (nowSec: number) => book.candidates(nowSec).length === 1;
    assert.ok(isDue(0));
    book.fail(ID, 1000);
    assert.ok(!isDue(1014));
    assert.ok(isDue(1015));
    book.fail(ID, 2000);
    assert.ok(!isDue(2029));
    assert.ok(isDue(2030));
    for (let i = 0; i < 3; i++) book.fail(ID, 3000);
    assert.equal(book.size, 0);
  }));

test('the address book is bounded, in all and for what is heard from one network', () =>
  withFolder(async (folder) => {
    const book = await AddressBook.open(folder);
    for (let i = 0; i < 200; i++) book.hear(`one network ${i}`, `/ip4/203.0.113.${i}/tcp/8888`);
    assert.equal(book.size, 64);
    for (let i = 0; i < 3000; i++)
      book.see(`peer ${i}`, `/ip4/198.51.${i % 256}.${i >> 8}/tcp/8888`, 1000 + i);
    assert.equal(book.size, 2000);
    // The ones met last are those that stay.
    assert.notEqual(book.get('peer 2999'), undefined);
    assert.equal(book.get('peer 0'), undefined);
  }));

test('an address book that cannot be read is an empty one', () =>
  withFolder(async (folder) => {
    for (const text of ['{', '{}', '[{"peerId":"x"}]', `[{"peerId":"x","address":"nonsense"}]`]) {
      await writeFile(join(folder, 'peers.json'), text);
      assert.equal((await AddressBook.open(folder)).size, 0, text);
    }
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
