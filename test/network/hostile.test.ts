import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { multiaddr } from '@multiformats/multiaddr';
import { hashToHex } from '../../src/bytes/hex.ts';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode, chunk, end } from '../support/bareNode.ts';
import { claim, serveBlocks, serveHeaders } from '../support/bareServing.ts';
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
import { field, prefixed } from '../support/wire.ts';

const GENESIS = regtest.genesis.header.hash;
const keys = makeKeys();
const blocks = chainOfBlocks(regtest.genesis, 0, 110, keys.lockingScript);
const payment = signedTransaction(
  [{ outpoint: outpoint(blocks[0]!.transactions[0]!), ...keys }],
  [{ amount: 49n * COIN, lockingScript: keys.lockingScript }],
);

/** A node with a chain, an honest one that knows it, and a stranger that does as it is told. */
async function withStranger(
  run: (parts: { node: TestNode; honest: TestNode; stranger: BareNode; nodes: TestNodes }) => Promise<void>,
): Promise<void> {
  await TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, blocks);
    const honest = await nodes.open({ seeds: [node.hostPort] });
    await until(
      'the honest one is there',
      () => honest.network.state() === 'running' && honest.chain.tip.height === 110,
    );
    const stranger = await BareNode.open('regtest', GENESIS);
    try {
      await run({ node, honest, stranger, nodes });
      // Whatever went on: blocks and payments of honest nodes still travel.
      await feed(honest, [
        solvedBlock({ parent: after(blocks[109]!), height: 111, lockingScript: keys.lockingScript }),
      ]);
      await until('a block travels', () => node.chain.tip.height === 111);
      assert.equal((await honest.mempool.accept(payment, { source: 'test' })).status, 'accepted');
      await until('a payment travels', () => node.mempool.has(hashToHex(payment.hash)));
    } finally {
      await stranger.close();
    }
  });
}

test('headers in circles: the sync goes on with others', () =>
  withStranger(async ({ node, stranger, nodes }) => {
    const many = chainOfBlocks(regtest.genesis, 0, 2001, keys.lockingScript);
    claim(stranger, many, 1_000_000);
    let turn = 0;
    await stranger.answer('headers/1', () => {
      const from = turn++ % 2;
      const run = many.slice(from, from + 2000);
      return [chunk(Buffer.concat(run.map(({ header }) => field(1, header.bytes)))), end(2000)];
    });
    await stranger.join(node.address);
    const late = await nodes.open({ seeds: [stranger.address, node.hostPort] });
    await until('asked', () => turn > 0);
    await until('synced', () => late.chain.tip.height >= 110);
  }));

test('peers of nonsense: none is dialled that is not there for ever, none is passed on', () =>
  withStranger(async ({ stranger, nodes }) => {
    const told = [
      'nonsense',
      '/ip4/127.0.0.1/tcp/1',
      '/dns4/example.org/tcp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5',
      '/ip4/127.0.0.1/udp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5',
      '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5',
      '/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5',
      stranger.address,
    ];
    let asked = 0;
    await stranger.answer('peers/1', () => {
      asked++;
      return [chunk(Buffer.concat(told.map((text) => field(1, field(1, text))))), end(told.length)];
    });
    const late = await nodes.open({ seeds: [stranger.address] });
    await until('asked', () => asked > 0 && late.network.state() === 'running');
    const guest = await BareNode.open('regtest', GENESIS);
    const connection = await guest.join(late.address);
    const answer = await guest.ask(connection, 'peers/1', field(1, 100));
    // The stranger listens on no port by its own words, but it was dialled, and it answered.
    assert.equal(answer.at(-1)!.endCount, 1);
    await guest.close();
  }));

test('streams by the hundred, opened and left alone', () =>
  withStranger(async ({ node, stranger }) => {
    const connection = await stranger.join(node.address);
    for (const protocol of ['status/1', 'headers/1', 'blocks/1', 'transactions/1', 'mempool/1', 'peers/1']) {
      const opened = Array.from({ length: 100 }, () => connection.newStream(stranger.id(protocol)));
      await Promise.allSettled(opened);
    }
    assert.deepEqual(node.network.bans(), []);
  }));

for (const { name, frame } of [
  { name: 'pings of the connection itself', frame: () => [0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7] },
  {
    // The dialling side's numbers are odd. None is reset, so 128 of them stay open.
    name: 'streams that are refused',
    frame: (i: number) => [0, 1, 0, 1, 0, (i >> 15) & 255, (i >> 7) & 255, ((i << 1) & 255) | 1, 0, 0, 0, 0],
  },
])
  test(`${name} by the ten thousand: they are not answered for long, and the sender is banned`, () =>
    withStranger(async ({ node, stranger }) => {
      const connection = await stranger.join(node.address);
      // Frames of yamux as they are: its own limits do not hold for whoever writes them by hand.
      const { muxer } = connection as unknown as { muxer: { maConn: { send(bytes: Uint8Array): void } } };
      let status: string = connection.status;
      for (let i = 1000; i < 31_000 && status === 'open'; i += 1000) {
        muxer.maConn.send(Buffer.from(Array.from({ length: 1000 }, (_, j) => frame(i + j)).flat()));
        await new Promise((resolve) => setImmediate(resolve));
        ({ status } = connection);
      }
      await until('banned', () => node.network.bans().some(({ who }) => who === stranger.peerId));
      await until('gone', () => node.network.peers().every(({ peerId }) => peerId !== stranger.peerId));
    }));

test('a frame of four gigabytes: its sender is gone long before it is here', () =>
  withStranger(async ({ node, stranger }) => {
    const connection = await stranger.join(node.address);
    const { muxer } = connection as unknown as { muxer: { maConn: { send(bytes: Uint8Array): void } } };
    // For a stream that nobody has opened.
    muxer.maConn.send(Buffer.from([0, 0, 0, 0, 0, 0, 3, 1, 255, 255, 255, 0]));
    const megabyte = Buffer.alloc(1_000_000);
    const received = () => node.network.traffic().receivedBytes;
    while (connection.status === 'open' && received() < 50_000_000) {
      muxer.maConn.send(megabyte);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(received() < 50_000_000, `${received()} bytes`);
    await until('gone', () => node.network.peers().every(({ peerId }) => peerId !== stranger.peerId));
  }));

test('bytes one by one, whose window updates nobody reads: the connection ends', () =>
  withStranger(async ({ node, stranger }) => {
    const sockets: Socket[] = [];
    const connect = Socket.prototype.connect;
    Socket.prototype.connect = function (this: Socket, ...args: never[]) {
      sockets.push(this);
      return (connect as (...all: never[]) => Socket).apply(this, args);
    } as typeof connect;
    const connection = await stranger.join(node.address).finally(() => {
      Socket.prototype.connect = connect;
    });
    const stream = await connection.newStream('/meshsub/1.1.0');
    // The length of a gossip frame of 4 MB.
    stream.send(Buffer.of(0x80, 0x92, 0xf4, 0x01));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { muxer } = connection as unknown as { muxer: { maConn: { send(bytes: Uint8Array): boolean } } };
    for (const socket of sockets) socket.pause();
    // One byte of it each.
    const frame = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    frame.writeUInt32BE(Number(stream.id), 4);
    const many = Buffer.concat(Array.from({ length: 2000 }, () => frame));
    const isThere = () => node.network.peers().some(({ peerId }) => peerId === stranger.peerId);
    for (let i = 0; i < 500 && isThere(); i++) {
      if (!muxer.maConn.send(many)) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('gone', () => !isThere(), 15_000);
  }));

test('a few pings are answered', () =>
  withStranger(async ({ node, stranger }) => {
    const connection = await stranger.join(node.address);
    const { muxer } = connection as unknown as { muxer: { ping(): Promise<number> } };
    for (let i = 0; i < 100; i++) await muxer.ping();
    assert.deepEqual(node.network.bans(), []);
  }));

test('a reader that takes nothing of what it asked for', () =>
  withStranger(async ({ node, stranger }) => {
    const connection = await stranger.join(node.address);
    const request = Buffer.concat(blocks.map(({ header }) => field(1, header.hash)));
    for (let i = 0; i < 4; i++) {
      const stream = await connection.newStream(stranger.id('blocks/1'));
      stream.pause();
      stream.send(prefixed(request));
    }
  }));

test('orphans by the thousand fill no more than their share', () =>
  withStranger(async ({ node, stranger }) => {
    await stranger.answer('transactions/1', () => new Promise<Buffer[]>(() => undefined));
    await stranger.join(node.address);
    await until('gossip is open', () => stranger.hasGossipWith(node.network.peerId));
    for (let i = 0; i < 2000; i++) await stranger.publish('transactions/1', orphan().bytes);
    await until('some came in', () => node.mempool.orphanCount > 0);
    assert.ok(node.mempool.orphanCount <= 20);
    assert.deepEqual(node.network.bans(), []);
  }));

test('orphan blocks without parents anywhere', () =>
  withStranger(async ({ node, stranger }) => {
    await stranger.join(node.address);
    await until('gossip is open', () => stranger.hasGossipWith(node.network.peerId));
    for (let i = 0; i < 50; i++) {
      const parent = { hash: randomBytes(32), timeSec: 1_800_000_000 };
      await stranger.publish(
        'blocks/1',
        solvedBlock({ parent, height: 5, lockingScript: keys.lockingScript }).bytes,
      );
    }
    assert.equal(node.chain.tip.height, 110);
  }));

test('transactions with bad signatures: the sender is banned', () =>
  withStranger(async ({ node, stranger }) => {
    await stranger.join(node.address);
    await until('gossip is open', () => stranger.hasGossipWith(node.network.peerId));
    for (let i = 1; i <= 6; i++) {
      const wrong = signedTransaction(
        [{ outpoint: outpoint(blocks[i]!.transactions[0]!), ...keys, privateKey: makeKeys().privateKey }],
        [{ amount: 1n * COIN, lockingScript: keys.lockingScript }],
      );
      await stranger.publish('transactions/1', wrong.bytes);
    }
    await until('banned', () => node.network.bans().some(({ who }) => who === stranger.peerId));
  }));

test('a mempool of fifty thousand that do not exist', () =>
  withStranger(async ({ node, stranger }) => {
    let asked = 0;
    await stranger.answer('mempool/1', () => [
      ...Array.from({ length: 5 }, () =>
        chunk(Buffer.concat(Array.from({ length: 10_000 }, () => field(1, randomBytes(32))))),
      ),
      end(50_000),
    ]);
    await stranger.answer('transactions/1', () => {
      asked++;
      return [end(0)];
    });
    await stranger.join(node.address);
    await until('it was looked for', () => asked >= 10);
    assert.equal(node.mempool.size, 0);
  }));

test('statuses that grow by the minute lead to no more than questions', () =>
  withStranger(async ({ node, stranger }) => {
    await serveHeaders(stranger, blocks);
    await serveBlocks(stranger, blocks);
    const connection = await stranger.connect(node.address);
    for (let i = 0; i < 30; i++) {
      claim(stranger, blocks, 1000 + i);
      await stranger.join(node.address);
    }
    assert.equal(connection.status, 'open');
    assert.equal(node.chain.tip.height, 110);
  }));

test('connections that come and go by the hundred', () =>
  withStranger(async ({ node }) => {
    const guests: BareNode[] = [];
    for (let i = 0; i < 5; i++) guests.push(await BareNode.open('regtest', GENESIS));
    for (let round = 0; round < 20; round++) {
      const connections = await Promise.all(guests.map((guest) => guest.host.dial(multiaddr(node.address))));
      for (const connection of connections) connection.abort(new Error('gone'));
    }
    await Promise.all(guests.map((guest) => guest.close()));
    await until('only the honest one is left', () => node.network.peers().length === 1);
  }));

function orphan() {
  const txHash = randomBytes(32);
  return signedTransaction(
    [{ outpoint: { txHash, index: 0 }, ...keys }],
    [{ amount: 1n * COIN, lockingScript: keys.lockingScript }],
  );
}
