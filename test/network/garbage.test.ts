import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { test } from 'node:test';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode, encodeStatus, parseChunk } from '../support/bareNode.ts';
import { after, chainOfBlocks, makeKeys, solvedBlock } from '../support/blocks.ts';
import { feed, type TestNode, TestNodes, until } from '../support/networkNodes.ts';
import { field, prefixed, splitPrefixed, varint } from '../support/wire.ts';

const PROTOCOLS = ['status/1', 'headers/1', 'blocks/1', 'transactions/1', 'mempool/1', 'peers/1'];
const GENESIS = regtest.genesis.header.hash;
const keys = makeKeys();
const blocks = chainOfBlocks(regtest.genesis, 0, 20, keys.lockingScript);

async function withNode(run: (node: TestNode, nodes: TestNodes) => Promise<void>): Promise<void> {
  await TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, blocks);
    await run(node, nodes);
    // Whatever was done to it: it lives, answers, and has the chain that it had.
    assert.equal(node.chain.tip.height, 20);
    const honest = await BareNode.open('regtest', GENESIS);
    const connection = await honest.join(node.address);
    const [block] = await honest.ask(connection, 'blocks/1', field(1, blocks[19]!.header.hash));
    assert.ok(block!.payload.equals(blocks[19]!.bytes));
    await honest.close();
  });
}

/** An answer of whole chunks with an end, or nothing at all because the stream was closed. */
function expectAnswerOrEnd(bytes: Buffer): void {
  if (bytes.length === 0) return;
  const { messages, isWhole } = splitPrefixed(bytes);
  assert.ok(isWhole);
  assert.notEqual(parseChunk(messages.at(-1)!).endCount, undefined);
}

const garbage: { name: string; bytes: () => Buffer; close?: boolean }[] = [
  { name: 'nothing', bytes: () => Buffer.alloc(0) },
  { name: 'random bytes', bytes: () => randomBytes(300) },
  { name: 'a random message', bytes: () => prefixed(randomBytes(200)) },
  { name: 'a cut message', bytes: () => Buffer.concat([varint(100), randomBytes(50)]) },
  { name: 'a length of 4 GB', bytes: () => Buffer.concat([varint(2 ** 32), randomBytes(100)]) },
  { name: 'a length without end', bytes: () => Buffer.alloc(64, 0xff), close: false },
  { name: 'an oversized message', bytes: () => prefixed(randomBytes(200_000)) },
  {
    name: 'megabytes behind a request',
    bytes: () => Buffer.concat([prefixed(randomBytes(20)), randomBytes(3_000_000)]),
  },
  { name: 'nested groups', bytes: () => prefixed(Buffer.alloc(400, 0x0b)) },
  {
    name: 'too many hashes',
    bytes: () => prefixed(Buffer.concat(Array<Buffer>(200).fill(field(1, Buffer.alloc(32))))),
  },
];

for (const protocol of PROTOCOLS) {
  test(`garbage to ${protocol}: an error answer or a closed stream`, () =>
    withNode(async (node) => {
      for (const { bytes, close } of garbage) {
        const stranger = await BareNode.open('regtest', GENESIS);
        const connection = await stranger.connect(node.address);
        expectAnswerOrEnd(await stranger.send(connection, protocol, bytes(), close));
        await stranger.close();
      }
    }));
}

test('unreadable requests without end lead to a ban', () =>
  withNode(async (node) => {
    const stranger = await BareNode.open('regtest', GENESIS);
    const connection = await stranger.connect(node.address);
    await until('banned', async () => {
      if (connection.status !== 'open') return true;
      await Promise.all(
        PROTOCOLS.map((protocol) =>
          stranger.send(connection, protocol, prefixed(Buffer.alloc(5, 0xff))).catch(() => ''),
        ),
      );
      return node.network.bans().length > 0;
    });
    assert.equal(node.network.bans()[0]!.who, stranger.peerId);
    await until('gone', () => node.network.peers().length === 0);
    await stranger.close();
  }));

for (const topic of ['blocks/1', 'transactions/1']) {
  test(`garbage to the topic ${topic}: the sender is out, the chain as it was`, () =>
    withNode(async (node) => {
      const stranger = await BareNode.open('regtest', GENESIS);
      await stranger.join(node.address);
      await until('gossip is open', () => stranger.hasGossipWith(node.network.peerId));
      const cut = blocks[3]!.bytes.subarray(0, 150);
      const oversized = Buffer.alloc(3_000_001);
      for (const bytes of [
        randomBytes(500),
        cut,
        oversized,
        Buffer.alloc(0),
        randomBytes(80),
        randomBytes(81),
      ]) {
        await stranger.publish(topic, bytes);
      }
      await until('banned', () => node.network.bans().some(({ who }) => who === stranger.peerId));
      await stranger.close();
    }));
}

test('a block without work, and one that pays too much, are refused and cost their senders', () =>
  withNode(async (node) => {
    const tip = blocks[19]!;
    const rich = solvedBlock({
      parent: after(tip),
      height: 21,
      lockingScript: keys.lockingScript,
      amount: 1n << 50n,
    });
    const other = solvedBlock({ parent: after(tip), height: 21, lockingScript: keys.lockingScript });
    const lazy = Buffer.from(other.bytes);
    do lazy.writeUInt32LE(lazy.readUInt32LE(76) + 1, 76);
    while (isSolved(lazy));
    for (const bytes of [rich.bytes, lazy]) {
      const stranger = await BareNode.open('regtest', GENESIS);
      await stranger.join(node.address);
      await until('gossip is open', () => stranger.hasGossipWith(node.network.peerId));
      await stranger.publish('blocks/1', bytes);
      await until('banned', () => node.network.bans().some(({ who }) => who === stranger.peerId));
      await stranger.close();
    }
  }));

test('gossip of a stranger that never says who it is, is not looked at', () =>
  withNode(async (node) => {
    const stranger = await BareNode.open('regtest', GENESIS);
    await stranger.answer('status/1', () => []);
    await stranger.connect(node.address);
    await until('gossip is open', () => stranger.hasGossipWith(node.network.peerId));
    await stranger.publish('blocks/1', randomBytes(100));
    await stranger.publish('transactions/1', randomBytes(100));
    const [peer] = node.network.peers();
    assert.deepEqual({ height: peer!.height, points: peer!.points }, { height: undefined, points: 0 });
    await stranger.close();
  }));

test('a status of another network on the same topics: disconnected, no ban, nothing looked at', () =>
  withNode(async (node) => {
    const stranger = await BareNode.open('regtest', Buffer.alloc(32, 5));
    const connection = await stranger.connect(node.address);
    await until(
      'gossip is open or it is all over',
      () => connection.status !== 'open' || stranger.hasGossipWith(node.network.peerId),
    );
    await stranger.publish('blocks/1', randomBytes(100));
    await until('disconnected', () => connection.status !== 'open');
    assert.deepEqual(node.network.bans(), []);
    await stranger.close();
  }));

test('statuses that cannot be: no genesis, a work of 33 bytes, a port beyond 65535', () =>
  withNode(async (node) => {
    const stranger = await BareNode.open('regtest', GENESIS);
    const connection = await stranger.connect(node.address);
    const base = stranger.status;
    for (const status of [
      { ...base, genesis: Buffer.alloc(0) },
      { ...base, work: Buffer.alloc(33, 1) },
      { ...base, listenPort: 70_000 },
    ]) {
      const [answer] = await stranger.ask(connection, 'status/1', encodeStatus(status));
      assert.equal(answer!.status, 1);
    }
    await stranger.close();
  }));

test('garbage to the port itself, before any protocol', () =>
  withNode(async (node) => {
    for (const bytes of [
      randomBytes(1000),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(100_000, 0xff),
    ]) {
      for (let i = 0; i < 10; i++) {
        const socket = connect(node.network.listenPort, '127.0.0.1');
        socket.on('error', () => undefined);
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.write(bytes);
        socket.end();
        socket.resume();
        await closed;
      }
    }
  }));

function isSolved(bytes: Uint8Array): boolean {
  return solvedHash(bytes).at(-1)! < 0x80;
}

function solvedHash(bytes: Uint8Array): Buffer {
  return createHash('sha256')
    .update(createHash('sha256').update(bytes.subarray(0, 80)).digest())
    .digest();
}
