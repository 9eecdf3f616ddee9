import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecodeError } from '../../../src/bytes/decodeError.ts';
import { ALL_TRANSACTIONS, GossipAllowance } from '../../../src/network/gossipAllowance.ts';
import { countFrame, type GossipFrame } from '../../../src/network/gossipFrame.ts';
import { TokenBucket } from '../../../src/network/tokenBucket.ts';
import { graft, idontwants, ihave, iwant, message, prune, subscriptions } from '../../support/rawGossip.ts';

const topics = { blocks: Buffer.from('blocks'), transactions: Buffer.from('transactions') };
const NOTHING: GossipFrame = {
  subscriptions: 0,
  blocks: 0,
  transactions: 0,
  strange: 0,
  controls: 0,
  dontWants: 0,
  fingerprints: [],
};
const TRANSACTION_BYTES = 250;

function allowance(all = new TokenBucket(ALL_TRANSACTIONS, 0)): GossipAllowance {
  return new GossipAllowance(all, 0);
}

let made = 0;
function payments(count: number): GossipFrame {
  return { ...NOTHING, transactions: count, fingerprints: Array.from({ length: count }, () => ++made) };
}

function send(to: GossipAllowance, frame: GossipFrame, nowMs: number): string {
  return to.admit(frame, frame.transactions * TRANSACTION_BYTES, false, nowMs).action;
}

test('an honest peer may send 20,000 payments at once, and 2,000 a second for as long as it likes', () => {
  const peer = allowance();
  for (let i = 0; i < 20_000; i++) assert.equal(send(peer, payments(1), 0), 'take');
  for (let ms = 0; ms < 600_000; ms += 50) assert.equal(send(peer, payments(100), ms), 'take');
});

test('what is above it is ignored and no fault', () => {
  const peer = allowance();
  const actions = new Set<string>();
  for (let i = 0; i < 50_000; i++) actions.add(send(peer, payments(1), i / 100));
  assert.deepEqual(actions, new Set(['take', 'ignore']));
});

test('when a crowd sends more than we look at, a peer that sends little is heard', () => {
  const all = new TokenBucket(ALL_TRANSACTIONS, 0);
  const crowd = Array.from({ length: 10 }, () => allowance(all));
  const actions = crowd.map((peer) => Array.from({ length: 300 }, () => send(peer, payments(100), 0)).at(-1));
  assert.ok(actions.every((action) => action === 'ignore'));
  assert.equal(send(allowance(all), payments(10), 0), 'take');
});

test('a block is not lost among payments, and a minute of our own stall costs no honest peer anything', () => {
  const peer = allowance();
  for (let i = 0; i < 300; i++) send(peer, payments(100), 0);
  assert.equal(send(peer, payments(100), 0), 'ignore');
  assert.equal(send(peer, { ...payments(1), blocks: 1 }, 0), 'take');
  // The heartbeats of a minute, read all at once.
  for (let i = 0; i < 60; i++) {
    const action = peer.admit({ ...NOTHING, controls: 4, dontWants: 10 }, 5000, false, 0).action;
    assert.equal(action, 'take');
  }
});

test('the parts of a frame are counted', () => {
  const id = Buffer.alloc(32, 1);
  const { fingerprints, ...counts } = countFrame(
    Buffer.concat([
      subscriptions(['a', 'b']),
      message('blocks', id),
      message('transactions', id),
      message('transactions', Buffer.alloc(32, 2)),
      message('other', id),
      ihave('blocks', [id, id]),
      iwant([id]),
      graft('blocks'),
      prune('blocks', 60),
      idontwants([id]),
    ]),
    topics,
  );
  assert.deepEqual(counts, {
    subscriptions: 2,
    blocks: 1,
    transactions: 2,
    strange: 1,
    controls: 4,
    dontWants: 1,
  });
  assert.equal(fingerprints.length, 4);
  assert.equal(new Set(fingerprints).size, 2);
});

test('whatever bytes come, a frame is counted or refused as undecodable', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      try {
        countFrame(bytes, topics);
      } catch (error) {
        assert.ok(error instanceof DecodeError);
      }
    }),
  );
});
