import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { AddressTable } from '../../../src/network/addressTable.ts';
import { isDue, isTerrible, newlyHeard } from '../../../src/network/knownAddress.ts';
import { PeerAddressError } from '../../../src/network/peerAddress.ts';
import { withFolder } from '../../support/chains.ts';

const ID = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';
const OTHER = '12D3KooWA4AunDh13JUcwEhniGNbLTfDXC2f7eHq89ZSWyG4sGZt';
const HOUR = 3600;
const DAY = 24 * HOUR;
const NOW = 1_800_000_000;
const address = (host: string, id = ID, port = 8888) => `/ip4/${host}/tcp/${port}/p2p/${id}`;
const everyone = { toPrivate: false, except: '', nowSec: NOW };

function withTable(run: (table: AddressTable, folder: string) => Promise<void> | void): Promise<void> {
  return withFolder(async (folder) => run(await AddressTable.open(folder), folder));
}

const due = (table: AddressTable, nowSec: number, isLonely = false) =>
  [...table.candidates(nowSec, isLonely)].map(({ address }) => address);

test('what was told is dialled, and passed on only once somebody answered there', () =>
  withTable((table) => {
    const told = address('203.0.113.7');
    assert.ok(table.hear(told, '198.51.100.1', NOW));
    assert.ok(!table.hear(told, '198.51.100.2', NOW), 'no news');
    assert.equal(table.kindOf(told), 'new');
    assert.deepEqual(due(table, NOW), [told]);
    assert.deepEqual(table.share(10, { ...everyone, nowSec: NOW - 1 }), []);
    table.succeed(told, NOW);
    assert.equal(table.kindOf(told), 'tried');
    assert.deepEqual(
      table.share(10, everyone).map(({ peerId }) => peerId),
      [ID],
    );
    assert.deepEqual(table.share(10, { ...everyone, except: ID }), []);
    // Not for ever, and not after a dial that failed.
    assert.equal(table.share(10, { ...everyone, nowSec: NOW + 3 * DAY - 1 }).length, 1);
    assert.equal(table.share(10, { ...everyone, nowSec: NOW + 3 * DAY + 59 }).length, 0);
    table.fail(told, NOW + 1);
    assert.deepEqual(table.share(10, { ...everyone, nowSec: NOW + 2 }), []);
    table.succeed(told, NOW + 100);
    assert.equal(table.share(10, { ...everyone, nowSec: NOW + 100 }).length, 1);
  }));

test('private addresses are shared among private ones alone', () =>
  withTable((table) => {
    for (const host of ['192.168.0.7', '10.1.1.1', '127.0.0.1', '100.64.0.1'])
      table.succeed(address(host), NOW);
    assert.equal(table.share(10, { ...everyone, toPrivate: true }).length, 4);
    assert.equal(table.share(10, everyone).length, 0);
  }));

test('a name is not passed on: it may lead to a private address, and nobody takes it', () =>
  withTable((table) => {
    table.succeed(`/dns/nas.lan/tcp/8888/p2p/${ID}`, NOW);
    assert.equal(table.counts().tried, 1);
    for (const toPrivate of [true, false]) assert.deepEqual(table.share(10, { ...everyone, toPrivate }), []);
  }));

test('it is on the disk as it was, with its anchors and the peers that a person added', () =>
  withTable(async (table, folder) => {
    table.succeed(address('203.0.113.7'), NOW);
    table.hear(address('198.51.100.7', OTHER), '192.0.2.1', NOW);
    table.setAnchors([address('203.0.113.7'), 'two', 'three']);
    table.setKept(['example.org:1']);
    await table.save();
    const again = await AddressTable.open(folder);
    assert.deepEqual(again.counts(), { new: 1, tried: 1 });
    assert.deepEqual(again.get(address('203.0.113.7')), table.get(address('203.0.113.7')));
    assert.deepEqual(again.get(address('198.51.100.7', OTHER)), table.get(address('198.51.100.7', OTHER)));
    assert.deepEqual(again.anchors, [address('203.0.113.7'), 'two']);
    assert.deepEqual(again.kept, ['example.org:1']);
  }));

test('it is written only when it has changed, and once for many changes', () =>
  withTable(async (table, folder) => {
    const written = async () => (await stat(join(folder, 'addresses.json'))).ino;
    table.setAnchors(['one', 'two', 'three']);
    await table.save();
    const first = await written();
    table.setAnchors(['one', 'two', 'four']);
    await table.save();
    assert.equal(await written(), first);
    const writes = new Set<Promise<void>>();
    for (let i = 0; i < 100; i++) {
      table.hear(address(`203.${i}.113.7`), '198.51.100.1', NOW);
      writes.add(table.save());
    }
    assert.equal(writes.size, 1);
    await table.save(true);
    assert.equal((await AddressTable.open(folder)).size, 100);
  }));

test('a file that cannot be read is an empty table, and told of', () =>
  withTable(async (table, folder) => {
    table.succeed(address('203.0.113.7'), NOW);
    await table.save();
    const path = join(folder, 'addresses.json');
    const good = await readFile(path, 'utf8');
    const broken = [
      '',
      '{',
      '[]',
      'null',
      good.slice(0, -20),
      good.replace(/"salt": "../, '"salt": "'),
      good.replace('"tried": [', '"other": ['),
      good.replace('"anchors": [', '"anchors": [7, '),
    ];
    for (const text of broken) {
      await writeFile(path, text);
      const told: string[] = [];
      assert.equal((await AddressTable.open(folder, (damaged) => told.push(damaged))).size, 0, text);
      assert.deepEqual(told, [path]);
    }
    // One entry that is nonsense does not cost the others.
    for (const bad of [
      '"x"',
      'null',
      '{"address":"/udp"}',
      JSON.stringify({ ...newlyHeard(address('1.2.3.4'), '', 0), failures: -1 }),
    ]) {
      await writeFile(path, good.replace('"tried": [', `"tried": [${bad},`));
      assert.equal((await AddressTable.open(folder)).size, 1, bad);
    }
  }));

test('an address that names no peer, or cannot be dialled, is refused', () =>
  withTable((table) => {
    for (const text of [
      '1.2.3.4:5',
      '/ip4/1.2.3.4/tcp/5',
      '/dnsaddr/a.org',
      '/ip4/1.2.3.4/udp/5',
      '/ip4/1.2.3.4/tcp/0',
      '',
    ]) {
      assert.throws(() => table.hear(text, '', NOW), PeerAddressError, text);
      assert.throws(() => table.succeed(text, NOW), PeerAddressError, text);
    }
    assert.equal(table.size, 0);
  }));

test('after a failure an address rests for 15 s, then twice as long each time, 600 s at most', () => {
  const known = (failures: number) => ({ ...newlyHeard(address('1.2.3.4'), '', 0), triedSec: NOW, failures });
  const rests: [failures: number, sec: number][] = [
    [0, 5],
    [1, 15],
    [2, 30],
    [6, 480],
    [7, 600],
    [50, 600],
  ];
  for (const [failures, sec] of rests) {
    assert.ok(!isDue(known(failures), NOW + sec - 1, false), `${failures}`);
    assert.ok(isDue(known(failures), NOW + sec, false), `${failures}`);
  }
  // Without any peer it is our own line that fails.
  assert.ok(!isDue(known(50), NOW + 4, true));
  assert.ok(isDue(known(50), NOW + 5, true));
  // A clock set back must not make it rest for years.
  assert.ok(isDue(known(0), NOW - DAY, false));
});

test('which addresses make room for others (Bitcoin Core: AddrInfo::IsTerrible)', () => {
  const known = { ...newlyHeard(address('1.2.3.4'), '', 0), heardSec: NOW };
  const cases: [what: string, changes: Partial<typeof known>, expected: boolean][] = [
    ['just heard', {}, false],
    ['heard 30 days ago', { heardSec: NOW - 30 * DAY }, false],
    ['heard longer ago', { heardSec: NOW - 30 * DAY - 1 }, true],
    ['heard long ago, met since', { heardSec: NOW - 90 * DAY, succeededSec: NOW - DAY }, false],
    ['never met, two failures', { failures: 2 }, false],
    ['never met, three failures', { failures: 3 }, true],
    ['tried a minute ago', { failures: 3, triedSec: NOW - 60 }, true],
    ['tried just now', { failures: 3, triedSec: NOW - 59 }, false],
    ['met a week ago, ten failures', { succeededSec: NOW - 7 * DAY, failures: 10 }, false],
    ['met longer ago, nine failures', { succeededSec: NOW - 7 * DAY - 1, failures: 9 }, false],
    ['met longer ago, ten failures', { succeededSec: NOW - 7 * DAY - 1, failures: 10 }, true],
  ];
  for (const [what, changes, expected] of cases)
    assert.equal(isTerrible({ ...known, ...changes }, NOW), expected, what);
});

test('who tells from one network fills a few buckets, whatever it tells', () =>
  withTable((table) => {
    let taken = 0;
    for (let a = 0; a < 200; a++) {
      for (let b = 0; b < 100; b++) {
        if (table.hear(address(`${20 + (a % 150)}.${b}.${a}.1`), `203.0.${b}.${a}`, NOW)) taken++;
      }
    }
    // 16 of 256 buckets of 64; a few of the 16 may fall together.
    assert.ok(taken <= 16 * 64, `${taken}`);
    assert.ok(taken >= 10 * 64, `${taken}`);
    // Of one group told by one network there is room for one bucket.
    const before = table.size;
    for (let i = 0; i < 256; i++) table.hear(address(`77.77.77.${i}`), '100.1.1.1', NOW);
    assert.ok(table.size - before <= 64);
    // Other sources are heard all the same: one in sixteen falls into a full bucket.
    const others = [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
      table.hear(address(`88.${n}.88.88`), `99.${n}.99.99`, NOW),
    );
    assert.ok(others.some((isHeard) => isHeard));
  }));

test('it is bounded, whoever tells and whatever is met', () =>
  withTable((table) => {
    for (let i = 0; i < 30_000; i++) {
      const host = `${1 + (i % 220)}.${(i >> 3) % 256}.${i % 256}.${(i >> 8) % 256}`;
      if (i % 3 === 0) table.succeed(address(host), NOW + i);
      else table.hear(address(host), `${1 + ((i * 7) % 220)}.${(i * 13) % 256}.0.1`, NOW + i);
    }
    const { new: told, tried } = table.counts();
    assert.ok(told <= 256 * 64 && tried <= 64 * 64, `${told} ${tried}`);
    assert.ok(tried > 1500, `${tried}`);
  }));

test('an address that was met gives its place up only when nobody answers there any more', () =>
  withTable((table) => {
    // One group has four buckets of 64.
    const hosts = Array.from({ length: 256 + 60 }, (_, i) => address(`203.0.${i >> 8}.${i & 255}`));
    for (const [i, one] of hosts.entries()) table.succeed(one, NOW + i);
    const places = table.counts().tried;
    assert.ok(places <= 256);
    assert.ok(
      hosts.slice(0, 20).every((one) => table.kindOf(one) === 'tried'),
      'those met first stay',
    );
    const [occupant, next] = table.toVerify(NOW + 10 * HOUR, 2, DAY).map((known) => known.address);
    assert.equal(table.kindOf(occupant!), 'tried');
    // It answers: it stays.
    table.succeed(occupant!, NOW + 10 * HOUR);
    assert.equal(table.kindOf(occupant!), 'tried');
    // This one does not, and another moves in.
    table.fail(next!, NOW + 10 * HOUR);
    assert.equal(table.kindOf(next!), undefined);
    assert.equal(table.counts().tried, places);
  }));

test('dead addresses of a full bucket make room for what is new', () =>
  withTable((table) => {
    const source = '198.51.100.1';
    const crowd = Array.from({ length: 64 }, (_, i) => address(`203.0.113.${i}`));
    for (const one of crowd) table.hear(one, source, NOW);
    assert.ok(!table.hear(address('203.0.113.200'), source, NOW));
    for (let i = 0; i < 3; i++) table.fail(crowd[5]!, NOW + i);
    assert.ok(table.hear(address('203.0.113.200'), source, NOW + 100));
    assert.equal(table.get(crowd[5]!), undefined);
  }));

test('without any peer the anchors come first, then those met last', () =>
  withTable((table) => {
    const hosts = Array.from({ length: 300 }, (_, i) => address(`${1 + (i % 200)}.7.7.${i % 256}`));
    for (const [i, one] of hosts.entries()) {
      if (i % 2 === 0) table.succeed(one, NOW - i);
      else table.hear(one, '9.9.9.9', NOW);
    }
    table.setAnchors([hosts[100]!, hosts[102]!]);
    const order = due(table, NOW + HOUR, true);
    assert.deepEqual(order.slice(0, 5), [hosts[100], hosts[102], hosts[0], hosts[2], hosts[4]]);
    assert.equal(new Set(order).size, order.length);
    assert.equal(order.length, table.size);
  }));

test('of many that are new and few that were met, the latter are half of the first choices', () =>
  withTable((table) => {
    for (let i = 0; i < 3000; i++)
      table.hear(address(`${1 + (i % 200)}.${i >> 4}.0.1`), `${i % 200}.1.0.1`, NOW);
    for (let i = 0; i < 10; i++) table.succeed(address(`212.${i}.0.1`), NOW);
    let met = 0;
    for (let run = 0; run < 400; run++) {
      const [first] = table.candidates(NOW + HOUR, false);
      if (table.kindOf(first!.address) === 'tried') met++;
    }
    // Half of 400 with a standard deviation of 10.
    assert.ok(met > 140 && met < 260, `${met}`);
  }));

test('who has been up for long is passed on more often', () =>
  withTable((table) => {
    const [old, young] = [address('203.0.113.1'), address('198.51.100.1', OTHER)];
    table.succeed(old, NOW - 30 * HOUR);
    table.succeed(old, NOW);
    table.succeed(young, NOW);
    let first = 0;
    for (let i = 0; i < 500; i++) {
      if (table.share(1, { ...everyone, nowSec: NOW + i * 60 })[0]!.address === old) first++;
    }
    // 25 of 26 tickets.
    assert.ok(first > 440, `${first}`);
  }));

test('all who ask within a minute are told the same, but for what is new', () =>
  withTable((table) => {
    for (let i = 0; i < 200; i++) table.succeed(address(`${1 + i}.1.1.1`), NOW);
    const asked = (nowSec: number) => table.share(20, { ...everyone, nowSec }).map((known) => known.address);
    const first = asked(NOW);
    assert.equal(first.length, 20);
    assert.deepEqual(asked(NOW + 59), first);
    assert.notDeepEqual(asked(NOW + 60), first);
    const again = asked(NOW + 61);
    table.succeed(address('203.0.113.1'), NOW + 61);
    assert.notDeepEqual(asked(NOW + 62), again);
  }));

test('what is looked at again: what nobody has reached lately', () =>
  withTable(async (table) => {
    const key = await generateKeyPair('Ed25519');
    const fresh = address('203.0.113.1', peerIdFromPrivateKey(key).toString());
    table.succeed(fresh, NOW);
    table.hear(address('198.51.100.1'), '', NOW);
    assert.deepEqual(
      table.toVerify(NOW, 8, HOUR).map((known) => known.address),
      [address('198.51.100.1')],
    );
    const later = table.toVerify(NOW + HOUR, 8, HOUR).map((known) => known.address);
    assert.deepEqual(new Set(later), new Set([fresh, address('198.51.100.1')]));
  }));
