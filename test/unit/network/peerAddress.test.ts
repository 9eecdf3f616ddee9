import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressGroup,
  announceAddress,
  isForExamples,
  isNowhere,
  isPrivateHost,
  PeerAddressError,
  parsePeerAddress,
  subscriberOf,
} from '../../../src/network/peerAddress.ts';

const ID = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';

test('host:port, multiaddrs and dnsaddr are read', () => {
  const cases: [string, string, string | undefined][] = [
    ['104.131.120.174:8888', '/ip4/104.131.120.174/tcp/8888', undefined],
    ['[2001:db8::1]:8888', '/ip6/2001:db8::1/tcp/8888', undefined],
    ['seed.example.org:1', '/dns/seed.example.org/tcp/1', undefined],
    [' 127.0.0.1:65535 ', '/ip4/127.0.0.1/tcp/65535', undefined],
    [`/ip4/1.2.3.4/tcp/8888/p2p/${ID}`, `/ip4/1.2.3.4/tcp/8888/p2p/${ID}`, ID],
    ['/ip4/1.2.3.4/tcp/8888', '/ip4/1.2.3.4/tcp/8888', undefined],
    ['/dns4/seed.example.org/tcp/8888', '/dns4/seed.example.org/tcp/8888', undefined],
  ];
  for (const [text, expected, peerId] of cases) {
    const address = parsePeerAddress(text);
    assert.equal(address.kind, 'multiaddr', text);
    assert.equal(address.kind === 'multiaddr' && address.multiaddr.toString(), expected);
    assert.equal(address.peerId, peerId);
  }
  assert.deepEqual(parsePeerAddress('/dnsaddr/seeds.example.org'), {
    kind: 'dnsaddr',
    host: 'seeds.example.org',
    peerId: undefined,
  });
  assert.equal(parsePeerAddress(`/dnsaddr/seeds.example.org/p2p/${ID}`).peerId, ID);
});

test('what is no address is refused with a sentence', () => {
  const wrong = [
    '',
    'localhost',
    '1.2.3.4',
    '1.2.3.4:0',
    '1.2.3.4:65536',
    '[1.2.3.4]:8888',
    '::1:8888x',
    'a b:1',
    'http://x:1',
    '-x:1',
    '/ip4/1.2.3.4',
    '999.1.1.1:8888',
    '1.2.3:8888',
    '7:8888',
    '/ip4/1.2.3.4/udp/1',
    '/ip4/1.2.3.4/tcp/0',
    '/ip4/1.2.3.4/tcp/1/ws',
    '/ip4/999.2.3.4/tcp/1',
    '/unix/x',
    '/p2p-circuit',
    `/p2p/${ID}`,
  ];
  for (const text of wrong) {
    assert.throws(
      () => parsePeerAddress(text),
      (error) => error instanceof PeerAddressError && error.message.endsWith('.'),
      text,
    );
  }
});

test('an address to announce may leave the port out', () => {
  assert.equal(announceAddress('203.0.113.7', 8888), '/ip4/203.0.113.7/tcp/8888');
  assert.equal(announceAddress('2001:db8::1', 8888), '/ip6/2001:db8::1/tcp/8888');
  assert.equal(announceAddress('seed.example.org', 8888), '/dns/seed.example.org/tcp/8888');
  assert.equal(announceAddress('203.0.113.7:9', 8888), '/ip4/203.0.113.7/tcp/9');
  assert.equal(announceAddress('/ip4/203.0.113.7/tcp/9', 8888), '/ip4/203.0.113.7/tcp/9');
  assert.throws(() => announceAddress('/dnsaddr/x.org', 8888), PeerAddressError);
  const nowhere = [
    '0.0.0.0',
    '::',
    '0:0::0',
    '224.0.0.1',
    '255.255.255.255',
    '[ff02::1]:9',
    '/ip4/0.0.0.0/tcp/1',
  ];
  for (const text of nowhere)
    assert.throws(() => announceAddress(text, 8888), /: no node can be reached at/, text);
});

test('private is what means nothing to strangers', () => {
  const private_ = ['127.0.0.1', '10.1.2.3', '192.168.0.1', '172.16.0.1', '172.31.255.255', '169.254.1.1'];
  const private6 = ['100.64.0.1', '0.0.0.0', '::1', '::', 'fe80::1', 'fc00::1', 'fdff::1', '::ffff:10.0.0.1'];
  for (const host of [...private_, ...private6, '198.18.0.1', '198.19.255.255', 'localhost'])
    assert.ok(isPrivateHost(host), host);
  const public_ = [
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '100.63.0.1',
    '100.128.0.1',
    '11.0.0.1',
    '198.17.255.255',
    '198.20.0.1',
    '223.255.255.255',
  ];
  for (const host of [...public_, '2001:db8::1', '::ffff:8.8.8.8', 'example.org'])
    assert.ok(!isPrivateHost(host), host);
});

test('nobody is at a multicast or reserved address', () => {
  for (const host of ['224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255', 'ff02::1'])
    assert.ok(isNowhere(host), host);
  for (const host of ['223.255.255.255', '1.0.0.1', 'fe80::1', '2001:db8::1', 'example.org'])
    assert.ok(!isNowhere(host), host);
});

test('a subscriber has an IPv4 address, or 2^64 IPv6 addresses', () => {
  assert.equal(subscriberOf('203.0.113.7'), '203.0.113.7');
  assert.equal(subscriberOf('2001:db8:1:2::'), '2001:db8:1:2::/64');
  assert.equal(subscriberOf('2001:DB8:1:2:ffff:ffff:ffff:ffff'), '2001:db8:1:2::/64');
  assert.equal(subscriberOf('2001:db8:1:3::'), '2001:db8:1:3::/64');
  assert.equal(subscriberOf('2001:db8::1'), '2001:db8:0:0::/64');
  // One that listens on both takes IPv4 addresses for these: their /64 would be all of them.
  assert.equal(subscriberOf('::ffff:203.0.113.7'), '203.0.113.7');
  assert.equal(subscriberOf('example.org'), 'example.org');
});

test('an address group is what one operator may hold many of', () => {
  assert.equal(addressGroup('203.0.113.7'), '203.0');
  assert.equal(addressGroup('2001:db8:1::1'), '2001:db8');
  assert.equal(addressGroup('2001::1'), '2001:0');
  assert.equal(addressGroup('example.org'), 'example.org');
  // One network by two names is one.
  assert.equal(addressGroup('::ffff:203.0.113.7'), '203.0');
  assert.equal(addressGroup('::ffff:cb00:7107'), '203.0');
});

test('addresses for examples are nobody’s', () => {
  for (const host of ['192.0.2.1', '198.51.100.255', '203.0.113.0', '2001:db8::1', '2001:0DB8:1::'])
    assert.ok(isForExamples(host), host);
  for (const host of ['192.0.3.1', '198.51.101.1', '203.0.114.1', '2001:db9::1', '2001:d::b8', 'example.org'])
    assert.ok(!isForExamples(host), host);
});
