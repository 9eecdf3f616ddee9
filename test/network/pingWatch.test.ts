import '../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noise } from '@chainsafe/libp2p-noise';
import type { Connection, Libp2p, MultiaddrConnection } from '@libp2p/interface';
import { type Ping, ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { pino } from 'pino';
import { ConnectionTraffic } from '../../src/network/connectionTraffic.ts';
import { PingWatch } from '../../src/network/pingWatch.ts';
import { until } from '../support/networkNodes.ts';

const PING = '/ipfs/ping/1.0.0';

/** A host that says nothing by itself. */
function quietHost(): Promise<Libp2p<{ ping: Ping }>> {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { ping: ping() },
  });
}

/** Two hosts with one connection, and a watch over it that has half a second's patience. */
async function withWatch(
  run: (watch: PingWatch, connection: Connection, other: Libp2p) => Promise<void>,
): Promise<void> {
  const one = await quietHost();
  const other = await quietHost();
  const stop = new AbortController();
  try {
    const connection = await one.dial(other.getMultiaddrs());
    await until('both have it', () => other.getConnections().length === 1);
    const traffic = new ConnectionTraffic();
    traffic.listen(connection.remotePeer, (connection as unknown as { maConn: MultiaddrConnection }).maConn);
    const log = pino({ level: 'silent' });
    const watch = new PingWatch({ host: one, traffic, answerMs: 500, signal: stop.signal, log });
    await run(watch, connection, other);
  } finally {
    stop.abort();
    await Promise.all([one.stop(), other.stop()]);
  }
}

/** Streams of pings are opened as before, and nothing is ever said on them: as much as a stalled node does. */
async function fallSilent(other: Libp2p): Promise<void> {
  await other.handle(PING, () => undefined, { force: true, maxInboundStreams: 100 });
}

test('a ping that comes back says how far the peer is', () =>
  withWatch(async (watch, connection) => {
    await watch.look(connection);
    assert.ok(connection.rtt !== undefined && connection.rtt >= 0);
    assert.equal(connection.status, 'open');
  }));

test('a connection over which nothing comes is ended', () =>
  withWatch(async (watch, connection, other) => {
    await fallSilent(other);
    // That the stream of the ping could be opened is a sign of life; without even that it is over.
    await watch.look(connection);
    assert.equal(connection.status, 'open');
    for (const { maConn } of other.getConnections() as unknown as { maConn: MultiaddrConnection }[])
      maConn.pause();
    await watch.look(connection);
    assert.notEqual(connection.status, 'open');
  }));

test('a late answer is no death while anything comes', () =>
  withWatch(async (watch, connection, other) => {
    await fallSilent(other);
    const stream = await other.getConnections()[0]!.newStream(PING);
    const drip = setInterval(() => stream.status === 'open' && stream.send(new Uint8Array(32)), 50);
    try {
      for (let i = 0; i < 3; i++) await watch.look(connection);
      assert.equal(connection.status, 'open');
    } finally {
      clearInterval(drip);
    }
  }));
