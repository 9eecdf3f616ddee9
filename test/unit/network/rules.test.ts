import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { Uint8ArrayList } from 'uint8arraylist';
import { DecodeError } from '../../../src/bytes/decodeError.ts';
import { hashToHex } from '../../../src/bytes/hex.ts';
import { sha256 } from '../../../src/bytes/sha256.ts';
import { BlockOrphans } from '../../../src/chain/blockOrphans.ts';
import type { BlockVerdict } from '../../../src/chain/blockVerdict.ts';
import type { TransactionVerdict } from '../../../src/mempool/transactionVerdict.ts';
import { pickCandidates } from '../../../src/network/dialCandidates.ts';
import { DialTarget } from '../../../src/network/dialTarget.ts';
import { resolveDnsaddr } from '../../../src/network/dnsaddr.ts';
import { gossipVerdictOfBlock, gossipVerdictOfTransaction } from '../../../src/network/gossipVerdict.ts';
import { decodeLength } from '../../../src/network/lengthPrefix.ts';
import { nodeStateOf } from '../../../src/network/nodeState.ts';
import { parentsFirst } from '../../../src/network/orphanTransactions.ts';
import { TokenBucket } from '../../../src/network/tokenBucket.ts';
import { Turnstile } from '../../../src/network/turnstile.ts';
import { makeTransaction } from '../../../src/primitives/transaction.ts';
import { solvedBlock } from '../../support/blocks.ts';
import { RESERVED } from '../../support/dataBlocks.ts';

test('a token bucket lets the burst through, then the rate', () => {
  const bucket = new TokenBucket({ burst: 3, perSec: 2 }, 0);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => bucket.take(0)),
    [true, true, true, false],
  );
  assert.ok(!bucket.take(499));
  assert.ok(bucket.take(500));
  assert.ok(!bucket.take(600));
  // A clock set back takes nothing away.
  assert.ok(!bucket.take(0));
  assert.ok(bucket.take(500));
});

test('a token bucket in debt opens when the debt is paid', () => {
  const bucket = new TokenBucket({ burst: 10, perSec: 10 }, 0);
  bucket.charge(0, 30);
  assert.ok(!bucket.isOpen(2000));
  assert.ok(bucket.isOpen(2001));
});

test('the result of every verdict on a gossiped block', () => {
  const node = {} as Extract<BlockVerdict, { status: 'known' }>['node'];
  const expected: Record<BlockVerdict['status'], [BlockVerdict, string, number]> = {
    connected: [{ status: 'connected', node }, 'accept', 0],
    stored: [{ status: 'stored', node }, 'ignore', 0],
    known: [{ status: 'known', node }, 'ignore', 0],
    orphan: [{ status: 'orphan', missing: '' }, 'ignore', 0],
    held: [{ status: 'held' }, 'ignore', 0],
    unwanted: [{ status: 'unwanted' }, 'ignore', 0],
    undecodable: [{ status: 'undecodable', reason: '' }, 'reject', 20],
    rejected: [{ status: 'rejected', rejection: { code: 'bad-cb-missing' } }, 'reject', 100],
  };
  for (const [verdict, result, points] of Object.values(expected)) {
    const gossip = gossipVerdictOfBlock(verdict);
    assert.deepEqual([gossip.result, gossip.points], [result, points], verdict.status);
  }
  const early = { code: 'time-too-new', timeSec: 2, maxTimeSec: 1 } as const;
  assert.equal(gossipVerdictOfBlock({ status: 'rejected', rejection: early }).result, 'ignore');
});

test('the result of every verdict on a gossiped transaction', () => {
  const entry = {} as Extract<TransactionVerdict, { status: 'accepted' }>['entry'];
  const expected: Record<TransactionVerdict['status'], [TransactionVerdict, string, number]> = {
    accepted: [{ status: 'accepted', entry, replaced: [] }, 'accept', 0],
    known: [{ status: 'known' }, 'ignore', 0],
    orphan: [{ status: 'orphan', missing: [] }, 'ignore', 0],
    policy: [{ status: 'policy', reason: '' }, 'ignore', 0],
    rejected: [{ status: 'rejected', rejection: { code: 'bad-signature', input: 0 } }, 'reject', 20],
  };
  for (const [verdict, result, points] of Object.values(expected)) {
    const gossip = gossipVerdictOfTransaction(verdict);
    assert.deepEqual([gossip.result, gossip.points], [result, points], verdict.status);
  }
  // What another tip could make valid is nobody's fault.
  const early = { code: 'bad-txns-nonfinal', lockTime: 5 } as const;
  assert.equal(gossipVerdictOfTransaction({ status: 'rejected', rejection: early }).result, 'ignore');
});

test('the states of a node', () => {
  const facts = { connected: 0, introduced: 0, hadPeers: false, isSyncing: false };
  assert.equal(nodeStateOf(facts), 'bootstrapping');
  assert.equal(nodeStateOf({ ...facts, connected: 1 }), 'evaluating');
  assert.equal(nodeStateOf({ ...facts, connected: 1, introduced: 1, isSyncing: true }), 'syncing');
  assert.equal(nodeStateOf({ ...facts, connected: 1, introduced: 1 }), 'running');
  assert.equal(nodeStateOf({ ...facts, hadPeers: true }), 'isolated');
});

test('a length is at most four bytes', () => {
  const decode = (...bytes: number[]) => decodeLength(new Uint8ArrayList(Uint8Array.from(bytes)));
  assert.equal(decode(0), 0);
  assert.equal(decode(0x7f), 127);
  assert.equal(decode(0x80, 0x01), 128);
  assert.equal(decode(0xff, 0xff, 0xff, 0x7f), 2 ** 28 - 1);
  assert.throws(() => decode(0x80), RangeError);
  assert.throws(() => decode(0xff, 0xff, 0xff), RangeError);
  assert.throws(() => decode(0xff, 0xff, 0xff, 0xff), DecodeError);
});

test('parents come before their children, whatever the order they arrived in', () => {
  const spending = (txHash: Uint8Array, lockTime = 0) =>
    makeTransaction({
      version: 1,
      inputs: [{ outpoint: { txHash, index: 0 }, unlockingScript: new Uint8Array(), sequence: 0 }],
      outputs: [],
      lockTime,
    });
  const family = [spending(new Uint8Array(32))];
  for (let i = 1; i < 20_000; i++) family.push(spending(family[i - 1]!.hash, i));
  const ordered = parentsFirst([...family].reverse());
  assert.deepEqual(
    ordered.map(({ lockTime }) => lockTime),
    family.map(({ lockTime }) => lockTime),
  );
});

test('a seed is tried for ever, ever less often', () => {
  const seed = new DialTarget('1.2.3.4:5', false);
  assert.ok(seed.isDue(0, false));
  seed.failed(1000);
  assert.ok(!seed.isDue(1999, false));
  assert.ok(seed.isDue(2000, false));
  for (let i = 0; i < 100; i++) seed.failed(1000);
  assert.ok(!seed.isDue(60_999, false));
  assert.ok(seed.isDue(61_000, false));
  // Without any peer it is tried at least every 6 s.
  assert.ok(!seed.isDue(6999, true));
  assert.ok(seed.isDue(7000, true));
  seed.succeeded();
  assert.ok(seed.isDue(1000, false));
});

test('dnsaddr: TXT records of DNS, those that lead on, and those that are nonsense', async () => {
  const records: Record<string, string[]> = {
    '_dnsaddr.seeds.test': [
      'dnsaddr=/ip4/203.0.113.7/tcp/8888',
      'dnsaddr=/dnsaddr/more.test',
      'dnsaddr=/udp/nonsense',
      'v=spf1',
    ],
    '_dnsaddr.more.test': ['dnsaddr=/ip6/2001:db8::1/tcp/1', 'dnsaddr=/dnsaddr/seeds.test'],
  };
  const server = createSocket('udp4');
  server.on('message', (query, { port, address }) => server.send(dnsAnswer(query, records), port, address));
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  try {
    const servers = [`127.0.0.1:${server.address().port}`];
    assert.deepEqual(await resolveDnsaddr('seeds.test', servers), [
      '/ip4/203.0.113.7/tcp/8888',
      '/ip6/2001:db8::1/tcp/1',
    ]);
    assert.deepEqual(await resolveDnsaddr('unknown.test', servers), []);
  } finally {
    server.close();
  }
});

test('dnsaddr: names that lead to ever more names are given up', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => `${name}.test`);
  const records = Object.fromEntries(
    names.map((name) => [`_dnsaddr.${name}`, names.map((other) => `dnsaddr=/dnsaddr/${other}`)]),
  );
  let asked = 0;
  const server = createSocket('udp4');
  server.on('message', (query, { port, address }) => {
    asked++;
    server.send(dnsAnswer(query, records), port, address);
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  try {
    assert.deepEqual(await resolveDnsaddr('a.test', [`127.0.0.1:${server.address().port}`]), []);
    assert.ok(asked > 8 && asked <= 16, `${asked}`);
  } finally {
    server.close();
  }
});

/** Answers one TXT question (RFC 1035): the header, the question as it came, and a record for each text. */
function dnsAnswer(query: Buffer, records: Record<string, string[]>): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at++]!; length > 0; length = query[at++]!) {
    labels.push(query.subarray(at, at + length).toString());
    at += length;
  }
  const question = query.subarray(12, at + 4);
  const texts = records[labels.join('.').toLowerCase()] ?? [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(texts.length > 0 ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(texts.length, 6);
  const answers = texts.map((text) => {
    const data = Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
    const record = Buffer.from('c00c0010000100000001', 'hex');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(data.length);
    return Buffer.concat([record, length, data]);
  });
  return Buffer.concat([header, question, ...answers]);
}

test('a turnstile lets so many in, and the others in their order', async () => {
  const turnstile = new Turnstile({ maxInside: 2, maxWaitingBytes: 30 });
  const order: number[] = [];
  let inside = 0;
  const work = (n: number) => async () => {
    order.push(n);
    assert.ok(++inside <= 2);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
    if (n === 3) throw new Error('it fails and leaves all the same');
    return n;
  };
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((n) => turnstile.run('a', 10, work(n))));
  assert.deepEqual(order, [1, 2, 3, 4, 5]);
  const values = results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'));
  assert.deepEqual(values, [1, 2, 'failed', 4, 5, undefined]);
  assert.equal(await turnstile.run('a', 10, work(7)), 7);
});

test('at a turnstile the sources take turns, and the one with the most makes room', async () => {
  const turnstile = new Turnstile({ maxInside: 1, maxWaitingBytes: 50 });
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(name);
    await new Promise((resolve) => setImmediate(resolve));
    return name;
  };
  const run = (source: string, n: number) => turnstile.run(source, 10, work(`${source}${n}`));
  const results = await Promise.all([
    ...[1, 2, 3, 4, 5, 6, 7].map((n) => run('flood', n)),
    run('honest', 1),
    run('honest', 2),
  ]);
  assert.deepEqual(order, ['flood1', 'flood2', 'honest1', 'flood3', 'honest2', 'flood4']);
  const turnedAway = [undefined, undefined, undefined];
  assert.deepEqual(results, ['flood1', 'flood2', 'flood3', 'flood4', ...turnedAway, 'honest1', 'honest2']);
});

test('a crowd of strangers cannot push out the orphan of a peer that is of use', () => {
  const orphans = new BlockOrphans();
  const orphan = (i: number) =>
    solvedBlock({
      parent: { hash: sha256(Uint8Array.of(i)), timeSec: 1 },
      height: i + 1,
      lockingScript: RESERVED,
    });
  const honest = orphan(0);
  orphans.add(honest, { source: 'honest', isProven: true }, 0);
  const first = orphan(1);
  orphans.add(first, { source: 'stranger', isProven: false }, 0);
  for (let i = 2; i < 200; i++) orphans.add(orphan(i), { source: `sybil ${i}`, isProven: false }, 0);
  assert.equal(orphans.size, 64);
  assert.ok(orphans.has(hashToHex(honest.header.hash)));
  assert.ok(!orphans.has(hashToHex(first.header.hash)));
});

test('whom to dial is spread over address groups', () => {
  const candidate = (peerId: string, host: string) => ({ peerId, host, address: `/ip4/${host}/tcp/1` });
  const candidates = [
    candidate('a', '203.0.113.1'),
    candidate('b', '203.0.99.2'),
    candidate('c', '198.51.100.3'),
    candidate('banned', '192.0.2.4'),
    candidate('e', '192.168.0.5'),
    candidate('f', '192.168.0.6'),
  ];
  const isExcluded = ({ peerId }: { peerId: string }) => peerId === 'banned';
  const pick = (max: number, outbound: string[] = []) =>
    pickCandidates(candidates, { max, outbound, isExcluded }).map(({ peerId }) => peerId);
  assert.deepEqual(pick(8), ['a', 'c', 'e', 'f']);
  assert.deepEqual(pick(2), ['a', 'c']);
  assert.deepEqual(pick(8, ['/ip4/203.0.7.7/tcp/1', '/ip4/198.51.7.7/tcp/1']), ['e', 'f']);
  // Better one neighbour more than hardly any peer.
  const neighbours = candidates.slice(0, 2);
  const outbound = ['/ip4/203.0.7.7/tcp/1'];
  assert.equal(pickCandidates(neighbours, { max: 7, outbound, isExcluded }).length, 1);
  assert.equal(pickCandidates(neighbours, { max: 4, outbound, isExcluded }).length, 0);
});
