import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Stream } from '@libp2p/interface';
import { hashToHex } from '../../src/bytes/hex.ts';
import { sha256 } from '../../src/bytes/sha256.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { Transaction } from '../../src/primitives/transaction.ts';
import { BareNode } from '../support/bareNode.ts';
import {
  after,
  COIN,
  chainOfBlocks,
  makeKeys,
  outpoint,
  signedTransaction,
  solvedBlock,
} from '../support/blocks.ts';
import { feed, type TestNode, TestNodes, until } from '../support/networkNodes.ts';
import {
  graft,
  idontwants,
  ihave,
  iwant,
  message,
  prune,
  RawGossip,
  subscriptions,
} from '../support/rawGossip.ts';
import { field, varint } from '../support/wire.ts';

/** Abuse of gossipsub, frame by frame: who does it ends banned, and honest blocks and payments travel all the while. */

const GENESIS = regtest.genesis.header.hash;
const BLOCKS = '/indiecoin/regtest/blocks/1';
const TRANSACTIONS = '/indiecoin/regtest/transactions/1';
const keys = makeKeys();
const blocks = chainOfBlocks(regtest.genesis, 0, 120, keys.lockingScript);

function payment(from: Block, amount = 49n * COIN): Transaction {
  return signedTransaction(
    [{ outpoint: outpoint(from.transactions[0]!), ...keys }],
    [{ amount, lockingScript: keys.lockingScript }],
  );
}

type Fire = Readonly<{ node: TestNode; honest: TestNode; attacker: BareNode; raw: RawGossip }>;

/** A node, an honest peer of it, and an attacker with a gossip stream of its own; afterwards honest gossip still travels. */
async function underFire(run: (fire: Fire) => Promise<void>): Promise<void> {
  await TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, blocks);
    const honest = await nodes.open({ seeds: [node.hostPort] });
    await until('the honest one is there', () => honest.chain.tip.height === 120);
    await until('both run', () => [node, honest].every(({ network }) => network.state() === 'running'));
    const attacker = await BareNode.open('regtest', GENESIS);
    try {
      const connection = await attacker.join(node.address);
      await until('gossip is open', () => attacker.hasGossipWith(node.network.peerId));
      await run({ node, honest, attacker, raw: await RawGossip.open(connection) });
      const block = solvedBlock({
        parent: after(blocks[119]!),
        height: 121,
        lockingScript: keys.lockingScript,
      });
      await feed(honest, [block]);
      await until('a block travels', () => node.chain.tip.height === 121);
      const paid = payment(blocks[0]!);
      assert.equal((await honest.mempool.accept(paid, { source: 'test' })).status, 'accepted');
      await until('a payment travels', () => node.mempool.has(hashToHex(paid.hash)));
      const [ofHonest] = node.network.peers().filter(({ peerId }) => peerId === honest.network.peerId);
      assert.deepEqual({ points: ofHonest?.points }, { points: 0 });
    } finally {
      await attacker.close();
    }
  });
}

const isBanned = ({ node, attacker }: Fire) => node.network.bans().some(({ who }) => who === attacker.peerId);

/** Sends frame after frame, no more than so many, until the other side hangs up. */
async function sendUntilOut(fire: Fire, frames: number, make: (i: number) => Uint8Array): Promise<void> {
  let sent = 0;
  while (sent < frames && (await fire.raw.send(make(sent)))) {
    sent++;
    // Lets the node, which shares this event loop, read.
    if (sent % 10 === 0) await new Promise(setImmediate);
  }
  await until(`banned after ${sent} frames`, () => isBanned(fire));
  await until('disconnected', () => !fire.raw.isOpen);
}

const ids = (count: number) => Array.from({ length: count }, () => randomBytes(32));
const known = payment(blocks[1]!);

const floods: { name: string; make: (i: number) => Uint8Array }[] = [
  {
    name: 'subscriptions to new topics',
    make: (i) => subscriptions(ids(16).map((id) => `/x/${i}/${id.toString('hex')}`)),
  },
  {
    name: 'subscriptions to our topics, on and off',
    make: (i) => subscriptions([BLOCKS, TRANSACTIONS], i % 2 === 0),
  },
  {
    name: 'thousands of topics in one frame',
    make: () => subscriptions(ids(5000).map((id) => id.toString('hex'))),
  },
  { name: 'frames that are no protobuf', make: () => randomBytes(200) },
  { name: 'frames of a million fields', make: () => Buffer.alloc(2_000_000, Buffer.of(0x48, 0)) },
  { name: 'empty frames', make: () => Buffer.alloc(0) },
  { name: 'frames of unknown fields', make: () => field(9, randomBytes(1000)) },
  { name: 'messages on unknown topics', make: (i) => message(`/x/${i}`, randomBytes(100)) },
  { name: 'IHAVE of what does not exist', make: () => ihave(TRANSACTIONS, ids(100)) },
  { name: 'IWANT of what does not exist', make: () => iwant(ids(100)) },
  { name: 'IWANT of the same message', make: () => iwant([sha256(known.bytes)]) },
  { name: 'GRAFT', make: () => graft(TRANSACTIONS) },
  { name: 'PRUNE for a million years', make: () => prune(BLOCKS, 2 ** 45) },
  { name: 'IDONTWANT', make: () => idontwants(ids(50)) },
  { name: 'the same payment again and again', make: () => message(TRANSACTIONS, known.bytes) },
  { name: 'the same block again and again', make: () => message(BLOCKS, blocks[119]!.bytes) },
  {
    name: 'payments with a byte too many',
    make: (i) => message(TRANSACTIONS, Buffer.concat([known.bytes, varint(i)])),
  },
  { name: 'payments that are too large', make: (i) => message(TRANSACTIONS, Buffer.alloc(100_001, i)) },
];

for (const { name, make } of floods) {
  test(`a flood of ${name}: the sender is banned`, () => underFire((fire) => sendUntilOut(fire, 2000, make)));
}

for (const protocol of ['/ipfs/ping/1.0.0', '/ipfs/id/1.0.0', '/no/such/protocol']) {
  test(`streams of ${protocol} without end: who opens them is banned`, (t) =>
    underFire(async (fire) => {
      const [connection] = fire.attacker.host.getConnections();
      // What a slow machine opens in a second is no flood: the clock stands still for it.
      const nowMs = Date.now();
      const clock = t.mock.method(Date, 'now', () => nowMs);
      for (let opened = 0; opened < 5000 && !isBanned(fire); opened += 20) {
        const streams = Array.from({ length: 20 }, () => connection!.newStream(protocol));
        for (const { value } of (await Promise.allSettled(streams)) as { value?: Stream }[]) {
          value?.abort(new Error('enough'));
        }
      }
      clock.mock.restore();
      await until('banned', () => isBanned(fire));
    }));
}

test('a frame longer than gossip allows: the sender is banned', () =>
  underFire(async (fire) => {
    await fire.raw.write(Buffer.concat([varint(5_000_000), randomBytes(1000)]));
    await until('banned', () => isBanned(fire));
  }));

test('gossip streams by the dozen, each with most of a frame: the newest one is kept', () =>
  underFire(async (fire) => {
    const [connection] = fire.attacker.host.getConnections();
    const opened: Stream[] = [];
    for (const protocol of ['/meshsub/1.0.0', '/meshsub/1.1.0', '/meshsub/1.2.0']) {
      for (let i = 0; i < 10; i++) {
        const stream = await connection!.newStream(protocol);
        stream.send(Buffer.concat([varint(4_000_000), Buffer.alloc(100_000)]));
        opened.push(stream);
      }
    }
    await until('one is left', () => opened.filter(({ status }) => status === 'open').length === 1);
    assert.equal(opened.at(-1)!.status, 'open');
    assert.equal(fire.raw.isOpen, false);
    assert.deepEqual(fire.node.network.bans(), []);
  }));

test('promises that are never kept cost the score, and at last a ban', () =>
  underFire(async (fire) => {
    // Slow enough for no limit: only gossipsub's own memory of broken promises finds it out.
    const timer = setInterval(() => void fire.raw.send(ihave(TRANSACTIONS, ids(3))), 500);
    try {
      await until('banned', () => isBanned(fire), 90_000);
    } finally {
      clearInterval(timer);
    }
    assert.match(fire.node.network.bans()[0]!.reason, /score/);
  }));

test('forty thousand payments at once: above the limit they are ignored, and nobody is banned', () =>
  underFire(async (fire) => {
    const one = payment(blocks[2]!);
    let sent = 0;
    while (sent < 40_000) {
      // Spends of nothing that is known, each one different: they are neither valid nor a fault.
      const frame = Buffer.concat(
        Array.from({ length: 100 }, () => message(TRANSACTIONS, withOtherParent(one.bytes))),
      );
      assert.ok(await fire.raw.send(frame), `after ${sent}`);
      sent += 100;
      await new Promise(setImmediate);
    }
    assert.ok(fire.node.mempool.orphanCount <= 20);
    assert.deepEqual(fire.node.network.bans(), []);
  }));

/** The bytes of a payment whose first input spends another transaction. */
function withOtherParent(bytes: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  randomBytes(32).copy(changed, 5);
  return changed;
}
