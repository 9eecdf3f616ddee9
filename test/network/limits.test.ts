import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode, OK, RATE_LIMITED } from '../support/bareNode.ts';
import { chainOfBlocks, makeKeys } from '../support/blocks.ts';
import { feed, TestNodes, until } from '../support/networkNodes.ts';
import { field, prefixed } from '../support/wire.ts';

const GENESIS = regtest.genesis.header.hash;
const keys = makeKeys();

test('above the limit of peers a newcomer gets status and peers, for 5 s', () =>
  TestNodes.with(async (nodes) => {
    // One place is for a peer of its own choice.
    const node = await nodes.open({ maxPeers: 3 });
    const guests = [];
    for (let i = 0; i < 3; i++) guests.push(await BareNode.open('regtest', GENESIS));
    try {
      const connections: Connection[] = [];
      for (const guest of guests) connections.push(await guest.join(node.address));
      assert.equal(node.network.inboundCount, 2);
      const [first, , third] = guests;
      const status = await third!.ask(connections[2]!, 'peers/1', Buffer.alloc(0));
      assert.equal(status.at(-1)!.status, OK);
      const refused = await third!.ask(connections[2]!, 'blocks/1', field(1, GENESIS));
      assert.equal(refused.at(-1)!.status, RATE_LIMITED);
      await until('the third is sent away', () => connections[2]!.status !== 'open');
      assert.equal(connections[0]!.status, 'open');

      await first!.close();
      const late = await BareNode.open('regtest', GENESIS);
      guests.push(late);
      await until('the place is free', () => node.network.inboundCount === 1);
      const connection = await late.join(node.address);
      const answer = await late.ask(connection, 'blocks/1', field(1, GENESIS));
      assert.equal(answer.at(-1)!.status, OK);
    } finally {
      await Promise.all(guests.map((guest) => guest.close()));
    }
  }));

test('strangers leave even a small node a place for its only friend, who restarts', () =>
  TestNodes.with(async (nodes) => {
    const friend = await nodes.open();
    const node = await nodes.open({ maxPeers: 2, seeds: [friend.hostPort] });
    await until('together', () => node.network.outboundCount === 1);
    await friend.stop();
    const strangers = [await BareNode.open('regtest', GENESIS), await BareNode.open('regtest', GENESIS)];
    try {
      await until('alone', () => node.network.peers().length === 0);
      for (const stranger of strangers) await stranger.join(node.address);
      assert.equal(node.network.inboundCount, 1);
      const serverPort = Number(friend.hostPort.split(':')[1]);
      await nodes.open({ dataDir: friend.dataDir, serverPort });
      await until('together again', () => node.network.outboundCount === 1);
    } finally {
      await Promise.all(strangers.map((stranger) => stranger.close()));
    }
  }));

test('a doctor is no peer: it gets what a courtesy gets, takes no seat and is soon sent away', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open({ maxPeers: 2 });
    const doctors = [];
    try {
      for (let i = 0; i < 20; i++) {
        const doctor = await BareNode.open('regtest', GENESIS);
        doctor.status = { ...doctor.status, userAgent: 'indiecoin-doctor/9' };
        doctors.push(doctor);
      }
      const [first, ...others] = doctors;
      const connection = await first!.join(node.address);
      const told = await first!.ask(connection, 'peers/1', Buffer.alloc(0));
      assert.equal(told.at(-1)!.status, OK);
      const refused = await first!.ask(connection, 'blocks/1', field(1, GENESIS));
      assert.equal(refused.at(-1)!.status, RATE_LIMITED);
      assert.equal(node.network.inboundCount, 0);
      for (const doctor of others) await doctor.join(node.address).catch(() => undefined);
      assert.equal(node.network.inboundCount, 0);
      assert.ok(node.network.peers().length <= 16 + 4, `${node.network.peers().length}`);
      await until('all are sent away', () => node.network.peers().length === 0);
      assert.equal(node.network.state(), 'bootstrapping');
    } finally {
      await Promise.all(doctors.map((doctor) => doctor.close()));
    }
  }));

test('one peer with many connections keeps nobody out, and gets two at most', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open({ maxPeers: 4 });
    const [greedy, newcomer] = [
      await BareNode.open('regtest', GENESIS),
      await BareNode.open('regtest', GENESIS),
    ];
    try {
      await greedy.join(node.address);
      for (let i = 0; i < 60; i++) {
        await greedy.host.dial(multiaddr(node.address), { force: true }).catch(() => undefined);
      }
      await newcomer.join(node.address);
      assert.equal(node.network.inboundCount, 2);
      const open = () => greedy.host.getConnections().filter(({ status }) => status === 'open').length;
      await until('two are left', () => open() <= 2);
      assert.ok(open() > 0);
    } finally {
      await Promise.all([greedy.close(), newcomer.close()]);
    }
  }));

test('a full node gives nobody up for a peer added by hand that does not answer, but for one that does', () =>
  TestNodes.with(async (nodes) => {
    const { createServer } = await import('node:net');
    const seed = await nodes.open();
    const node = await nodes.open({ maxPeers: 3, seeds: [seed.hostPort] });
    await until('one of its own choice', () => node.network.outboundCount === 1);
    const guests = [await BareNode.open('regtest', GENESIS), await BareNode.open('regtest', GENESIS)];
    let calls = 0;
    const deaf = createServer((socket) => {
      calls++;
      socket.destroy();
    });
    try {
      await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
      for (const guest of guests) await guest.join(node.address);
      const ids = () => node.network.peers().map(({ peerId }) => peerId);
      await node.network.addPeer(`127.0.0.1:${(deaf.address() as { port: number }).port}`);
      await until('it was called', () => calls >= 2);
      assert.deepEqual(ids(), [seed.network.peerId, ...guests.map(({ peerId }) => peerId)]);
      const wanted = await nodes.open();
      await node.network.addPeer(wanted.hostPort);
      await until('it is there', () => ids().includes(wanted.network.peerId));
      assert.equal(node.network.outboundCount, 2);
      assert.equal(node.network.inboundCount, 1);
    } finally {
      deaf.close();
      await Promise.all(guests.map((guest) => guest.close()));
    }
  }));

test('a peer may ask 20 times a second; more is answered with RATE_LIMITED, and is no fault', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, chainOfBlocks(regtest.genesis, 0, 5, keys.lockingScript));
    const guest = await BareNode.open('regtest', GENESIS);
    try {
      const connection = await guest.join(node.address);
      const statuses: number[] = [];
      for (let i = 0; i < 200; i++) {
        const answer = await guest.ask(connection, 'headers/1', field(1, GENESIS));
        statuses.push(answer.at(-1)!.status);
      }
      assert.ok(statuses.slice(0, 20).every((status) => status === OK));
      assert.ok(statuses.includes(RATE_LIMITED));
      assert.deepEqual(node.network.bans(), []);
      assert.equal(node.network.peers()[0]!.points, 0);

      const mempools = [];
      for (let i = 0; i < 2; i++) mempools.push(await guest.ask(connection, 'mempool/1', Buffer.alloc(0)));
      assert.deepEqual(
        mempools.map((answer) => answer.at(-1)!.status),
        [OK, RATE_LIMITED],
      );
    } finally {
      await guest.close();
    }
  }));

test('a peer that asks on and on although it is refused is banned at last', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const guest = await BareNode.open('regtest', GENESIS);
    try {
      const connection = await guest.join(node.address);
      const isBanned = () => node.network.bans().some(({ who }) => who === guest.peerId);
      for (let asked = 0; asked < 5000 && !isBanned(); asked += 4) {
        const four = Array.from({ length: 4 }, () => guest.ask(connection, 'headers/1', field(1, GENESIS)));
        await Promise.allSettled(four);
      }
      await until('banned', isBanned);
      assert.match(node.network.bans()[0]!.reason, /goes on asking/);
    } finally {
      await guest.close();
    }
  }));

test('streams that are never closed do not keep a peer from asking', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const guest = await BareNode.open('regtest', GENESIS);
    try {
      const connection = await guest.join(node.address);
      for (let i = 0; i < 15; i++) {
        await until(`request ${i} is answered`, async () => {
          const answer = await guest.send(connection, 'peers/1', Buffer.from([0]), false);
          return answer.length > 0;
        });
      }
    } finally {
      await guest.close();
    }
  }));

test('requests that come byte by byte are given up, and their places are free again', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const guest = await BareNode.open('regtest', GENESIS);
    const drips: NodeJS.Timeout[] = [];
    try {
      const connection = await guest.join(node.address);
      // A length of 100, and then a byte now and then.
      for (let i = 0; i < 4; i++) {
        const stream = await connection.newStream(guest.id('headers/1'));
        stream.send(Buffer.of(100));
        drips.push(
          setInterval(() => {
            try {
              if (stream.status === 'open') stream.send(Buffer.of(0));
            } catch {
              // The node has had enough of it.
            }
          }, 500),
        );
      }
      const full = await guest.ask(connection, 'headers/1', field(1, GENESIS));
      assert.equal(full.at(-1)!.status, RATE_LIMITED);
      await until('a place is free', async () => {
        // Not as often as `until` looks: who never stops asking is banned for that.
        await new Promise((resolve) => setTimeout(resolve, 500));
        return (await guest.ask(connection, 'headers/1', field(1, GENESIS))).at(-1)?.status === OK;
      });
      assert.deepEqual(node.network.bans(), []);
    } finally {
      for (const drip of drips) clearInterval(drip);
      await guest.close();
    }
  }));

test('a peer that asks and hangs up, over and over, keeps nobody else from being answered', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const blocks = chainOfBlocks(regtest.genesis, 0, 128, keys.lockingScript);
    await feed(node, blocks);
    const hasty = await BareNode.open('regtest', GENESIS);
    const guest = await BareNode.open('regtest', GENESIS);
    try {
      const connection = await hasty.join(node.address);
      const patient = await guest.join(node.address);
      const request = prefixed(Buffer.concat(blocks.map(({ header }) => field(1, header.hash))));
      for (let round = 0; round < 50 && connection.status === 'open'; round++) {
        const streams = Array.from({ length: 20 }, () => connection.newStream(hasty.id('blocks/1')));
        for (const { value } of (await Promise.allSettled(streams)) as { value?: Stream }[]) {
          if (value?.status === 'open') value.send(request);
          value?.abort(new Error('changed my mind'));
        }
        if (round % 10 !== 0) continue;
        const [block] = await guest.ask(patient, 'blocks/1', field(1, blocks[round]!.header.hash));
        assert.ok(block!.payload.equals(blocks[round]!.bytes));
      }
      assert.ok(!node.network.bans().some(({ who }) => who === guest.peerId));
    } finally {
      await hasty.close();
      await guest.close();
    }
  }));

test('a ban by hand disconnects and keeps out until it is lifted', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    const guest = await BareNode.open('regtest', GENESIS);
    try {
      const connection = await guest.join(node.address);
      await until('joined', () => node.network.peers().length === 1);
      node.network.ban(guest.peerId, 60);
      await until('out', () => connection.status !== 'open');
      await assert.rejects(
        guest.connect(node.address).then(async (again) => {
          await until('closed', () => again.status !== 'open');
          throw new Error('closed');
        }),
      );
      assert.ok(node.network.unban(guest.peerId));
      await guest.join(node.address);
      await until('back', () => node.network.peers().length === 1);
    } finally {
      await guest.close();
    }
  }));

test('two silent dozens of connections do not keep a newcomer out', () =>
  TestNodes.with(async (nodes) => {
    const { connect } = await import('node:net');
    const node = await nodes.open();
    const sockets = Array.from({ length: 24 }, () => connect(node.network.listenPort, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => undefined);
    const guest = await BareNode.open('regtest', GENESIS);
    try {
      await guest.join(node.address);
      assert.equal(node.network.peers().length, 1);
    } finally {
      for (const socket of sockets) socket.destroy();
      await guest.close();
    }
  }));
