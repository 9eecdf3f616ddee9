import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InspectedPlace } from '../../../src/cli/doctor/inspectNodes.ts';
import { checkClock, checkPlaces, checkReachable } from '../../../src/cli/doctor/networkChecks.ts';
import type { ConnectedPeer, RunningNode } from '../../../src/cli/doctor/nodeChecks.ts';

const OWN = '12D3KooWGRWFGSkaMdpZuYvkn6tBpmoFRXHfHcZWcAUUPB5mZgfR';
const OTHER = '12D3KooWJhXVQtMJM1crdijJp9juxi241fiDTvYe6Fte7bKBjNnz';
const nowSec = () => Math.floor(Date.now() / 1000);

type Facts = {
  role?: InspectedPlace['role'];
  offsetSec?: number;
  passesOn?: readonly string[];
  peerId?: string;
};

function there({ role = 'seed', offsetSec = 0, passesOn = [], peerId = OTHER }: Facts = {}): InspectedPlace {
  const status = {
    genesisHash: new Uint8Array(32),
    height: 7,
    tipHash: new Uint8Array(32),
    chainWork: 1n,
    lowestHeight: 0,
    clockSec: nowSec() + offsetSec,
    listenPort: 8888,
    userAgent: 'indiecoin/1',
  };
  const addresses = passesOn.map((multiaddr) => ({ multiaddr, lastSeenSec: 0 }));
  const times = { connectMs: 1, answerMs: 1 };
  return {
    text: 'somewhere',
    role,
    address: '/ip4/203.0.113.9/tcp/8888',
    inspection: { kind: 'node', peerId, ...times, status, clockOffsetSec: offsetSec, addresses },
  };
}

function silent(role: InspectedPlace['role'] = 'seed'): InspectedPlace {
  return {
    text: 'nowhere',
    role,
    address: '/ip4/203.0.113.8/tcp/1',
    inspection: { kind: 'silent', reason: 'no' },
  };
}

function running(
  facts: { peers?: ConnectedPeer[]; addresses?: string[]; tipTimeSec?: number } = {},
): RunningNode {
  const { peers = [], addresses = [`/ip4/203.0.113.5/tcp/8888/p2p/${OWN}`], tipTimeSec = nowSec() } = facts;
  return { peers, status: { peerId: OWN, addresses, tipTimeSec } as unknown as RunningNode['status'] };
}

const peer = (multiaddr: string, inbound: boolean, timeoffset = 0): ConnectedPeer => ({
  peer_id: multiaddr,
  multiaddr,
  inbound,
  timeoffset,
  synced_blocks: 1,
});

describe('the clock', () => {
  const verdictAt = (...offsets: number[]) =>
    checkClock(
      offsets.map((offsetSec, i) => there({ offsetSec, peerId: `${OTHER}${i}` })),
      undefined,
    ).verdict;

  it('is judged by the middle one of all others, so that one liar changes nothing', () => {
    assert.equal(verdictAt(0, 1, 100_000), 'ok');
    assert.equal(verdictAt(60), 'ok');
    assert.equal(verdictAt(61), 'warn');
    assert.equal(verdictAt(-601), 'fail');
    assert.equal(verdictAt(700, 700, 0), 'fail');
    const byPeers = running({ peers: [peer('/ip4/203.0.113.7/tcp/1', false, 900)] });
    assert.match(checkClock([], byPeers).found, /^900 s behind/);
    // Who is a peer and is asked, too, is one node.
    const asked = [there({ offsetSec: 900 }), there({ offsetSec: 900, role: 'peer' })];
    const peers = [
      { ...peer('/ip4/203.0.113.9/tcp/8888', false, 900), peer_id: OTHER },
      peer('/ip4/203.0.113.7/tcp/1', true),
    ];
    const twice = checkClock(asked, running({ peers: [...peers, peer('/ip4/203.0.113.6/tcp/1', true)] }));
    assert.match(twice.found, /the middle one of 3 nodes/);
    assert.equal(twice.verdict, 'ok');
    // Our own node, seen through its own address, has our clock.
    assert.equal(checkClock([there({ role: 'own', offsetSec: 900 })], undefined).verdict, 'skip');
  });

  it('is judged by the tip where nobody is heard', () => {
    assert.equal(checkClock([], running()).verdict, 'skip');
    assert.equal(checkClock([], running({ tipTimeSec: nowSec() + 3600 })).verdict, 'warn');
    assert.equal(checkClock([silent()], undefined).verdict, 'skip');
  });
});

describe('the nodes asked', () => {
  it('may be silent while another one answers, but for those that a person named', () => {
    const verdicts = (...places: InspectedPlace[]) =>
      checkPlaces(places, undefined).map(({ verdict }) => verdict);
    assert.deepEqual(verdicts(there(), silent()), ['ok', 'warn']);
    assert.deepEqual(verdicts(silent(), silent()), ['fail', 'fail']);
    assert.deepEqual(verdicts(there(), silent('given')), ['ok', 'fail']);
    // Our own node does not make up for seeds that are silent.
    assert.deepEqual(verdicts(there({ role: 'own' }), silent()), ['ok', 'fail']);
    assert.deepEqual(verdicts(there(), silent('own')), ['ok', 'warn']);
    // Who has peers needs no seeds any more.
    const joined = running({ peers: [peer('/ip4/203.0.113.7/tcp/1', false)] });
    assert.equal(checkPlaces([silent()], joined)[0]!.verdict, 'warn');
    const replaced: InspectedPlace = { ...silent('own'), inspection: { kind: 'other-node' } };
    assert.match(checkPlaces([replaced], joined)[0]!.advice!, /--announce leads to another/);
    // Where nothing listens there is no router to blame.
    const heardOnIp6 = { ...joined, settings: { dnsSeeds: [], useBootstrapList: true, listenHosts: ['::'] } };
    assert.equal(checkPlaces([silent('own')], heardOnIp6)[0]!.verdict, 'fail');
    const onBoth = { ...heardOnIp6, settings: { ...heardOnIp6.settings, listenHosts: ['::', '0.0.0.0'] } };
    assert.equal(checkPlaces([silent('own')], onBoth)[0]!.verdict, 'warn');
  });
});

describe('whether others reach this node', () => {
  const address = `/ip4/203.0.113.5/tcp/8888/p2p/${OWN}`;

  it('is known from those who pass it on', () => {
    const finding = checkReachable(
      [there({ passesOn: [`/ip4/203.0.113.6/tcp/1/p2p/${OTHER}`, address] })],
      running(),
    );
    assert.equal(finding.verdict, 'ok');
    assert.match(finding.found, /^at \/ip4\/203\.0\.113\.5\/tcp\/8888: 1 of 1/);
    assert.equal(checkReachable([there({ passesOn: [] })], running()).verdict, 'warn');
  });

  it('is not known from itself, nor from a neighbour', () => {
    const itself = there({ peerId: OWN, role: 'own', passesOn: [address] });
    assert.equal(checkReachable([itself], running()).verdict, 'warn');
    const neighbour = running({ peers: [peer('/ip4/192.168.1.9/tcp/5', true)] });
    assert.equal(checkReachable([], neighbour).verdict, 'warn');
  });

  it('is known from visitors, and not asked of a node without a public address', () => {
    const visited = running({ peers: [peer('/ip4/203.0.113.7/tcp/5', true)] });
    assert.equal(checkReachable([], visited).verdict, 'ok');
    const dialled = running({ peers: [peer('/ip4/203.0.113.7/tcp/5', false)] });
    assert.equal(checkReachable([], dialled).verdict, 'warn');
    assert.equal(
      checkReachable([there()], running({ addresses: ['/ip4/192.168.1.2/tcp/5'] })).verdict,
      'skip',
    );
    assert.equal(checkReachable([there()], undefined).verdict, 'skip');
  });
});
