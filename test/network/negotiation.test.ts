import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { Connection, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Ping } from '@libp2p/ping';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';
import { type TestNode, TestNodes, until } from '../support/networkNodes.ts';

const HELLO = Buffer.from('\x13/multistream/1.0.0\n', 'latin1');
/** Names of protocols that nobody has, 60 kB of them. */
const MANY_NAMES = Buffer.concat([HELLO, Buffer.from('\x06/none\n'.repeat(8000), 'latin1')]);
const IDENTIFY = '/ipfs/id/1.0.0';
/** Not half of it: then it would be the other side that waits. */
const isOver = ({ status }: Stream) => status !== 'open' && status !== 'closing';
/** What is answered to each: a length, and `na`. */
const NA_BYTES = 4;

async function withStranger(
  run: (node: TestNode, stranger: BareNode, connection: Connection) => Promise<void>,
): Promise<void> {
  await TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const stranger = await BareNode.open('regtest', regtest.genesis.header.hash);
    try {
      await run(node, stranger, await stranger.join(node.address));
    } finally {
      await stranger.close();
    }
  });
}

/** Sends it, and counts what comes back until the other side ends the stream. */
async function countAnswer(stream: Stream, bytes: Uint8Array): Promise<number> {
  let count = 0;
  stream.addEventListener('message', ({ data }) => {
    count += data.byteLength;
  });
  stream.send(bytes);
  await until('the other side has had enough', () => stream.status !== 'open');
  return count;
}

test('who asks for one protocol after the other is answered a few times, before a connection is made', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const socket = connect(node.network.listenPort, '127.0.0.1');
    socket.on('error', () => undefined);
    let count = 0;
    socket.on('data', ({ length }) => {
      count += length;
    });
    await once(socket, 'connect');
    socket.write(MANY_NAMES);
    await until('the other side has had enough', () => socket.closed);
    assert.ok(count <= HELLO.length + 40 * NA_BYTES, `${count} bytes`);
  }));

test('who asks for one protocol after the other is answered a few times, on a stream as well', () =>
  withStranger(async (_node, _stranger, connection) => {
    const { muxer } = connection as unknown as { muxer: { createStream(): Promise<Stream> } };
    const count = await countAnswer(await muxer.createStream(), MANY_NAMES);
    assert.ok(count <= HELLO.length + 40 * NA_BYTES, `${count} bytes`);
  }));

test('who sends no more than pings gets them back, and who sends a hundred thousand bytes does not', () =>
  withStranger(async (node, stranger, connection) => {
    const { ping } = stranger.host.services as unknown as { ping: Ping };
    for (let i = 0; i < 5; i++) assert.ok((await ping.ping(peerIdFromString(node.network.peerId))) >= 0);
    const count = await countAnswer(await connection.newStream('/ipfs/ping/1.0.0'), Buffer.alloc(100_000));
    assert.ok(count <= 32_000, `${count} bytes`);
    assert.ok((await ping.ping(peerIdFromString(node.network.peerId))) >= 0);
    assert.deepEqual(node.network.bans(), []);
  }));

test('who sends more than names of protocols before one is agreed on has its stream ended unread', () =>
  withStranger(async (node, _stranger, connection) => {
    const { muxer } = connection as unknown as { muxer: { createStream(): Promise<Stream> } };
    const names = Buffer.concat([HELLO, Buffer.from('\x06/none\n'.repeat(12_000), 'latin1')]);
    assert.equal(await countAnswer(await muxer.createStream(), names), 0);
    assert.deepEqual(node.network.bans(), []);
  }));

test('a stream that nobody reads, as the one over which gossip comes to us, is ended by what is sent on it', () =>
  withStranger(async (node, stranger, connection) => {
    const isOfGossip = ({ direction, protocol }: Stream) =>
      direction === 'inbound' && protocol.startsWith('/meshsub/');
    await until('it sends us its gossip', () => connection.streams.some(isOfGossip));
    const stream = connection.streams.find(isOfGossip)!;
    let sent = 0;
    while (stream.status === 'open' && sent < 3_000_000) {
      stream.send(Buffer.alloc(100_000));
      sent += 100_000;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until('the stream ends', () => stream.status !== 'open');
    assert.ok(sent < 3_000_000, `${sent} bytes`);
    assert.deepEqual(node.network.bans(), []);
    assert.equal(stranger.host.getConnections().length, 1);
  }));

test('streams of identify end, whether or not the other side ends them', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const stranger = await BareNode.open('regtest', regtest.genesis.header.hash);
    try {
      let asked: Stream | undefined;
      await stranger.host.handle(
        IDENTIFY,
        (stream) => {
          asked = stream;
        },
        { force: true },
      );
      const connection = await stranger.join(node.address);
      const stream = await connection.newStream(IDENTIFY);
      await until('what we asked for is no longer waited for', () => asked !== undefined && isOver(asked));
      await until('the answer has been there for long enough', () => isOver(stream));
    } finally {
      await stranger.close();
    }
  }));
