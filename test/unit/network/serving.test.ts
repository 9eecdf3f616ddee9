import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksProtocol } from '../../../protocols/blocks.ts';
import { headersProtocol } from '../../../protocols/headers.ts';
import type { Protocol } from '../../../protocols/protocol.ts';
import type { Peer } from '../../../src/network/peer.ts';
import { Serving } from '../../../src/network/serving.ts';

const blocks = blocksProtocol as unknown as Protocol<never, never>;
const headers = headersProtocol as unknown as Protocol<never, never>;
/** Serving keeps what it knows of a peer by its identity alone. */
const peer = () => ({}) as Peer;
const later = (ms: number) => Date.now() + ms;

/** A node that answers as many as it does at a time, each its peer's only one. Who was broken off is written down. */
function fullServing(takenOf: (i: number) => number = () => 0) {
  const serving = new Serving();
  const broken: number[] = [];
  for (let i = 0; i < blocks.limits.streamsInAll; i++) {
    const end = () => broken.push(i);
    assert.equal(serving.enter(peer(), blocks, end, later(i)), undefined);
    serving.taken(blocks, end, takenOf(i));
  }
  return { serving, broken };
}

test('all places taken by readers that do not read: the slowest goes when somebody else asks', () => {
  const { serving, broken } = fullServing((i) => (i === 3 ? 0 : 1000));
  const newcomer = peer();
  const end = () => undefined;
  assert.match(serving.enter(newcomer, blocks, end, later(1000))?.message ?? '', /being answered/);
  assert.deepEqual(broken, []);
  assert.equal(serving.enter(newcomer, blocks, end, later(6000)), undefined);
  assert.deepEqual(broken, [3]);
  // Another protocol has places of its own.
  assert.equal(
    serving.enter(peer(), headers, () => undefined, later(1000)),
    undefined,
  );
});

test('an answer that is read well is not broken off, one on a slow line not before it has had its turn', () => {
  const { serving, broken } = fullServing((i) => (i === 5 ? 3_000_000 : 60_000_000));
  const ask = (ms: number) => serving.enter(peer(), blocks, () => undefined, later(ms))?.message ?? '';
  // 3 MB are worth 3 s, and a turn is 25 s.
  assert.match(ask(27_000), /being answered/);
  assert.deepEqual(broken, []);
  assert.equal(ask(29_000), '');
  assert.match(ask(29_000), /being answered/);
  assert.deepEqual(broken, [5]);
});

test('of several answers to one peer one goes for a peer that has none, but not for its own next', () => {
  const serving = new Serving();
  const broken: number[] = [];
  const hoarders = Array.from({ length: blocks.limits.streamsInAll / 4 }, peer);
  for (let i = 0; i < blocks.limits.streamsInAll; i++) {
    const end = () => broken.push(i);
    assert.equal(serving.enter(hoarders[i >> 2]!, blocks, end, later(0)), undefined);
    serving.taken(blocks, end, 1_000_000 + i);
  }
  const other = peer();
  assert.equal(
    serving.enter(other, blocks, () => undefined, later(6000)),
    undefined,
  );
  assert.deepEqual(broken, [0]);
  assert.match(serving.enter(other, blocks, () => undefined, later(6000))?.message ?? '', /being answered/);
});

test('a place that is left can be taken again', () => {
  const serving = new Serving();
  const guest = peer();
  const ends = [1, 2, 3, 4].map(() => () => undefined);
  for (const end of ends) assert.equal(serving.enter(guest, headers, end, later(0)), undefined);
  assert.match(serving.enter(guest, headers, () => undefined, later(0))?.message ?? '', /at a time/);
  serving.leave(guest, headers, ends[0]!, later(0));
  assert.equal(
    serving.enter(guest, headers, () => undefined, later(0)),
    undefined,
  );
});

test('when all together ask too much, a peer that asks little is answered all the same', () => {
  const serving = new Serving();
  const nowMs = later(0);
  const ask = (who: Peer) => {
    const end = () => undefined;
    const refusal = serving.enter(who, headers, end, nowMs);
    if (refusal === undefined) serving.leave(who, headers, end, nowMs);
    return refusal?.message;
  };
  const crowd = Array.from({ length: 20 }, peer);
  const refusals = new Set<string | undefined>();
  for (let i = 0; i < 40; i++) for (const one of crowd) refusals.add(ask(one));
  assert.ok(refusals.has('too many ask at once'));
  assert.equal(ask(peer()), undefined);
});

test('the same of bytes: nobody can take all that there is', () => {
  const serving = new Serving();
  const nowMs = later(0);
  const crowd = Array.from({ length: 8 }, peer);
  for (const one of crowd) while (serving.charge(one, 8_000_000, nowMs));
  assert.ok(serving.charge(peer(), 8_000_000, nowMs));
  assert.ok(!serving.charge(crowd[0]!, 1, nowMs));
});

test('who asks on after hundreds of refusals is named', () => {
  const serving = new Serving();
  const guest = peer();
  const nowMs = later(0);
  let excess = 0;
  for (let i = 0; i < 700; i++) {
    const end = () => undefined;
    const refusal = serving.enter(guest, headers, end, nowMs);
    if (refusal === undefined) serving.leave(guest, headers, end, nowMs);
    else if (refusal.isExcess) excess++;
  }
  assert.equal(excess, 700 - 40 - 400);
});
