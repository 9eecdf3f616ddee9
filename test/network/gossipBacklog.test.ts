import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noise } from '@chainsafe/libp2p-noise';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { pino } from 'pino';
import { GossipBacklog } from '../../src/network/gossipBacklog.ts';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';
import { after, chainOfBlocks, outpoint, solvedBlock } from '../support/blocks.ts';
import { dataTransactions, RESERVED } from '../support/dataBlocks.ts';
import { feed, TestNodes, until } from '../support/networkNodes.ts';

const trunk = chainOfBlocks(regtest.genesis, 0, 120, RESERVED);
/** More than a stream holds whose other end does not read. */
const large = solvedBlock({
  parent: after(trunk.at(-1)!),
  height: trunk.length + 1,
  lockingScript: RESERVED,
  amount: 0n,
  transactions: dataTransactions(outpoint(trunk[0]!.transactions[0]!), new Array(29).fill(99_000)),
});

const log = pino({ level: 'silent' });
const { signal } = new AbortController();
/** A stream of this name holds what is sent on it and has no other life. */
const GOSSIP = '/meshsub/test';
const QUEUED_BYTES = 4_000_000;
/** As many as make out a peer that does not read. */
const STILL_LOOKS = 30;

/** So much is on the way on a stream whose other end does not read. */
const WINDOW_BYTES = 256 * 1024;

const openHost = (): Promise<Libp2p> =>
  createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: WINDOW_BYTES } })],
  });

type Reader = Readonly<{ connection: Connection; sent: Stream; read: Stream }>;

/** Connections to so many peers with some megabytes of gossip on the way to each. The peers read nothing until they resume. */
async function withReaders(
  count: number,
  run: (host: Libp2p, readers: Reader[]) => Promise<void> | void,
): Promise<void> {
  const hosts: Libp2p[] = [];
  const open = async () => {
    const host = await openHost();
    hosts.push(host);
    return host;
  };
  try {
    const sender = await open();
    const readers: Reader[] = [];
    for (let i = 0; i < count; i++) {
      const host = await open();
      const incoming = new Promise<Stream>((resolve) => {
        void host.handle(GOSSIP, (stream) => {
          stream.pause();
          resolve(stream);
        });
      });
      const connection = await sender.dial(host.getMultiaddrs());
      const sent = await connection.newStream(GOSSIP);
      sent.send(new Uint8Array(QUEUED_BYTES + i * 1_000_000));
      const read = await incoming;
      await until('what the window holds has come', () => read.readBufferLength === WINDOW_BYTES);
      readers.push({ connection, sent, read });
    }
    await run(sender, readers);
  } finally {
    await Promise.all(hosts.map((host) => host.stop()));
  }
}

test('a peer that does not read its gossip is cut off, one that reads a little of it is not', () =>
  withReaders(2, async (host, [stuck, slow]) => {
    const backlog = new GossipBacklog({ host, signal, log });
    for (let i = 0; i < STILL_LOOKS; i++) backlog.look();
    assert.equal(stuck!.connection.status, 'open');

    const before = slow!.sent.writeBufferLength;
    assert.ok(before > 0);
    slow!.read.addEventListener('message', () => slow!.read.pause(), { once: true });
    slow!.read.resume();
    await until('some is read', () => slow!.sent.writeBufferLength < before);
    // As much comes behind it: what waits is no less than before.
    slow!.sent.send(new Uint8Array(QUEUED_BYTES));
    backlog.look();
    assert.equal(stuck!.connection.status, 'aborted');
    assert.equal(slow!.connection.status, 'open');
    for (let i = 1; i < STILL_LOOKS; i++) backlog.look();
    assert.equal(slow!.connection.status, 'open');
    backlog.look();
    assert.equal(slow!.connection.status, 'aborted');
  }));

test('where too much waits for all together, the one for whom most waits is cut off first', () =>
  withReaders(3, (host, readers) => {
    const waits = readers.reduce((sum, { sent }) => sum + sent.writeBufferLength, 0);
    new GossipBacklog({ host, maxBytes: waits, signal, log }).look();
    assert.deepEqual(
      readers.map(({ connection }) => connection.status),
      ['open', 'open', 'open'],
    );
    new GossipBacklog({ host, maxBytes: waits - 1, signal, log }).look();
    assert.deepEqual(
      readers.map(({ connection }) => connection.status),
      ['open', 'open', 'aborted'],
    );
  }));

test('a peer that has read all that there was is left alone', () =>
  withReaders(1, async (host, [reader]) => {
    const backlog = new GossipBacklog({ host, signal, log });
    reader!.read.resume();
    await until('all is read', () => reader!.sent.writeBufferLength === 0);
    for (let i = 0; i < 2 * STILL_LOOKS; i++) backlog.look();
    assert.equal(reader!.connection.status, 'open');
  }));

test('a node lets go of a peer that does not read the blocks that are gossiped to it', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const guest = await BareNode.open('regtest', regtest.genesis.header.hash);
    try {
      await feed(node, trunk);
      const connection = await guest.join(node.address);
      await until('gossip stands', () => guest.hasGossipWith(node.network.peerId));
      const gossip = ({ protocol, direction }: Stream) =>
        protocol.startsWith('/meshsub/') && direction === 'inbound';
      await until('it may be paused', () => connection.streams.some(gossip));
      connection.streams.filter(gossip).forEach((stream) => {
        stream.pause();
      });
      await feed(node, [large]);
      await until('it is let go', () => connection.status !== 'open');
      assert.deepEqual(node.network.bans(), []);
    } finally {
      await guest.close();
    }
  }));
