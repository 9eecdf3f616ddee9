import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { AddressTable } from '../../src/network/addressTable.ts';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode, end, OK } from '../support/bareNode.ts';
import { chainOfBlocks, makeKeys } from '../support/blocks.ts';
import { feed, type TestNode, TestNodes, until } from '../support/networkNodes.ts';
import { bytesOf, field, parseFields } from '../support/wire.ts';

const GENESIS = regtest.genesis.header.hash;

/** The addresses that a node tells a stranger of. */
async function askedBy(guest: BareNode, node: TestNode): Promise<string[]> {
  const [connection] = guest.host.getConnections();
  const answer = await guest.ask(connection ?? (await guest.join(node.address)), 'peers/1', field(1, 64));
  return answer.flatMap(({ payload }) =>
    bytesOf(parseFields(payload), 1).map((peer) => bytesOf(parseFields(peer), 1)[0]!.toString()),
  );
}

async function withGuests(count: number, run: (guests: BareNode[]) => Promise<void>): Promise<void> {
  const guests: BareNode[] = [];
  try {
    for (let i = 0; i < count; i++) guests.push(await BareNode.open('regtest', GENESIS));
    await run(guests);
  } finally {
    await Promise.all(guests.map((guest) => guest.close()));
  }
}

const portOf = ({ address }: BareNode) => Number(/tcp\/(\d+)/.exec(address)![1]);

test('what a peer says of itself is passed on only when it answers there, under its own name', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await withGuests(4, async ([honest, closed, thief, asker]) => {
      const silent = createServer();
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      try {
        honest!.status.listenPort = portOf(honest!);
        // Somebody else's address, and one where nobody speaks.
        thief!.status.listenPort = portOf(honest!);
        closed!.status.listenPort = (silent.address() as { port: number }).port;
        for (const guest of [closed!, thief!, honest!]) await guest.join(node.address);
        await until('the honest one is passed on', async () =>
          (await askedBy(asker!, node)).includes(honest!.address),
        );
        await until('all were looked at', () => node.network.knownAddresses().new === 2);
        assert.deepEqual(await askedBy(asker!, node), [honest!.address]);
      } finally {
        silent.close();
      }
    });
  }));

test('addresses that a peer tells are dialled before they are passed on, and lies are not', () =>
  TestNodes.with(async (nodes) => {
    const [node, real] = [await nodes.open({ crawl: true }), await nodes.open()];
    await withGuests(2, async ([teller, asker]) => {
      const lies = Array.from(
        { length: 20 },
        (_, i) =>
          `/ip4/127.0.0.1/tcp/${i + 1}/p2p/${real.network.peerId.slice(0, -1)}${'abcdefghij'[i % 10]}`,
      );
      const items = [...lies, real.address, 'nonsense', '/ip4/1.2.3.4/udp/1'].map((text) =>
        field(1, Buffer.concat([field(1, text), field(2, 1)])),
      );
      await teller!.answer('peers/1', () => [field(3, Buffer.concat(items)), end(items.length)]);
      await teller!.join(node.address);
      // The lies may be dialled before it, a few at a time.
      const knowsIt = () => node.network.peers().some(({ peerId }) => peerId === real.network.peerId);
      await until('the true one is known', knowsIt, 90_000);
      const shared = await askedBy(asker!, node);
      assert.ok(
        shared.every((address) => address === real.address),
        shared.join(),
      );
    });
  }));

test('a full node sends a newcomer on to others', () =>
  TestNodes.with(async (nodes) => {
    // Two, and one of its own choice.
    const full = await nodes.open({ maxPeers: 3 });
    const a = await nodes.open({ seeds: [full.hostPort] });
    const b = await nodes.open({ seeds: [full.hostPort] });
    await until('it is full', () => full.network.peers().length === 2);
    const c = await nodes.open({ seeds: [full.hostPort] });
    const knows = (peerId: string) => c.network.peers().some((peer) => peer.peerId === peerId);
    await until('the newcomer has others', () => knows(a.network.peerId) && knows(b.network.peerId));
    assert.equal(c.network.state(), 'running');
    // And after a restart it does not need the seed.
    const { dataDir } = c;
    await c.stop();
    const again = await nodes.open({ seeds: [], dataDir });
    await until('back', () => again.network.state() === 'running');
  }));

test('two outbound peers are anchors, and are dialled first after a restart', () =>
  TestNodes.with(async (nodes) => {
    const others = [await nodes.open(), await nodes.open(), await nodes.open()];
    const node = await nodes.open({ seeds: others.map(({ hostPort }) => hostPort) });
    const { dataDir } = node;
    await until('all three', () => node.network.outboundCount === 3);
    const anchors = async () =>
      (JSON.parse(await readFile(join(dataDir, 'addresses.json'), 'utf8')) as { anchors: string[] }).anchors;
    await until('two are written down', async () => (await anchors().catch(() => [])).length === 2);
    const [first, second] = await anchors();
    assert.ok(
      others.some(({ address }) => address === first) && others.some(({ address }) => address === second),
    );
    await node.stop();
    const again = await nodes.open({ seeds: [], dataDir });
    // Which of the two dialled is no matter: the other may have been told of this one's new port first.
    await until('they are back', () => {
      const connected = again.network.peers().map(({ peerId }) => peerId);
      return [first!, second!].every((anchor) => connected.some((peerId) => anchor.endsWith(peerId)));
    });
  }));

test('a small node that is full does not write its table again and again', () =>
  TestNodes.with(async (nodes) => {
    const others = [await nodes.open(), await nodes.open(), await nodes.open()];
    const node = await nodes.open({ maxPeers: 3, seeds: others.map(({ hostPort }) => hostPort) });
    await until('all three', () => node.network.outboundCount === 3);
    const seen = new Set<number>();
    const startMs = Date.now();
    await until('12 s are over', async () => {
      const written = await stat(join(node.dataDir, 'addresses.json')).catch(() => undefined);
      if (written !== undefined) seen.add(written.mtimeMs);
      return Date.now() - startMs > 12_000;
    });
    assert.ok(seen.size <= 6, `${seen.size} times`);
  }));

/** A folder of a node that was here before, with what it knew. */
async function folderThatKnows(nodes: TestNodes, address: string, anchors: string[]): Promise<string> {
  const { dataDir, stop } = await nodes.open();
  await stop();
  const table = await AddressTable.open(dataDir);
  table.succeed(address, Math.floor(Date.now() / 1000) - 60);
  table.setAnchors(anchors);
  await table.save();
  return dataDir;
}

test('the anchors are dialled before seeds that would take all the places', () =>
  TestNodes.with(async (nodes) => {
    const anchor = await nodes.open();
    const dataDir = await folderThatKnows(nodes, anchor.address, [anchor.address]);
    await withGuests(8, async (seeds) => {
      const node = await nodes.open({ dataDir, seeds: seeds.map(({ address }) => address) });
      await until('the anchor is there', () =>
        node.network.peers().some(({ peerId }) => peerId === anchor.network.peerId),
      );
    });
  }));

test('a neighbour is no proof that our line is up: what cannot be reached then is not forgotten', () =>
  TestNodes.with(async (nodes) => {
    // Nobody can connect there, and nothing leaves this machine.
    const far = `/ip4/224.0.0.1/tcp/1/p2p/${(await nodes.open()).network.peerId}`;
    const dataDir = await folderThatKnows(nodes, far, []);
    const node = await nodes.open({ dataDir });
    await withGuests(1, async ([neighbour]) => {
      await neighbour!.join(node.address);
      await until('it is a peer', () => node.network.peers().length === 1);
      const joinedSec = Math.ceil(Date.now() / 1000);
      const known = async () => (await AddressTable.open(dataDir)).get(far)!;
      await until('it was dialled', async () => (await known()).triedSec > joinedSec);
      assert.equal((await known()).failures, 0);
    });
  }));

test('a peer that a person added is kept over a restart, and until it is removed', () =>
  TestNodes.with(async (nodes) => {
    const other = await nodes.open();
    const node = await nodes.open();
    await node.network.addPeer(other.hostPort);
    await until('connected', () => node.network.outboundCount === 1);
    const { dataDir } = node;
    await node.stop();
    const again = await nodes.open({ dataDir });
    await until('connected again', () => again.network.outboundCount === 1);
    assert.ok(await again.network.removePeer(other.hostPort));
    await until('let go', () => again.network.peers().length === 0);
    await again.stop();
    const { kept } = JSON.parse(await readFile(join(dataDir, 'addresses.json'), 'utf8')) as {
      kept: string[];
    };
    assert.deepEqual(kept, []);
  }));

test('a peer that was removed by hand does not come back by itself, from either side, but by hand', () =>
  TestNodes.with(async (nodes) => {
    const other = await nodes.open();
    const node = await nodes.open({ seeds: [other.hostPort] });
    await until('connected', () => node.network.peers().length === 1 && other.network.peers().length === 1);
    assert.ok(await node.network.removePeer(other.network.peerId));
    await until('gone', () => node.network.peers().length === 0);
    await assert.rejects(
      (async () => {
        await other.network.addPeer(node.hostPort);
        await until('let in all the same', () => node.network.peers().length > 0, 4000);
      })(),
      /not within/,
    );
    await node.network.addPeer(other.hostPort);
    await until('back', () => node.network.peers().length === 1);
  }));

test('a newcomer from elsewhere takes the place of one of many neighbours, one from there does not', () =>
  TestNodes.with(async (nodes) => {
    // Six, and one of its own choice.
    const node = await nodes.open({ maxPeers: 7 });
    const guests: BareNode[] = [];
    const join = async (localAddress: string) => {
      const guest = await BareNode.open('regtest', GENESIS, localAddress);
      guests.push(guest);
      await guest.join(node.address);
      return guest;
    };
    const isIn = ({ peerId }: BareNode) =>
      node.network.peers().some((peer) => peer.peerId === peerId && peer.height !== undefined);
    const seated = () => guests.filter((guest) => isIn(guest)).length;
    try {
      for (let i = 0; i < 6; i++) await join('127.0.0.1');
      await until('full', () => seated() === 6 && node.network.inboundCount === 6);
      const neighbour = await join('127.0.0.1');
      await until('sent away', () => !node.network.peers().some(({ peerId }) => peerId === neighbour.peerId));
      assert.ok(guests.slice(0, 6).every(isIn), 'the first six are still there');

      const stranger = await join('127.1.0.1');
      await until('one of the neighbours is gone', () => guests.slice(0, 6).filter(isIn).length === 5);
      assert.equal(node.network.inboundCount, 6);
      assert.ok(isIn(stranger));
      assert.ok(isIn(guests[0]!), 'not the one that has been here the longest');
      // It has a real place, not a courtesy.
      const [connection] = stranger.host.getConnections();
      const blocks = await stranger.ask(connection!, 'blocks/1', field(1, GENESIS));
      assert.equal(blocks.at(-1)!.status, OK);
      const [block] = chainOfBlocks(regtest.genesis, 0, 1, makeKeys().lockingScript);
      await until('gossip with it', () => stranger.hasGossipWith(node.network.peerId));
      await feed(node, [block!]);
      await until('it is told of blocks', () => stranger.heard.some(({ data }) => data.equals(block!.bytes)));
    } finally {
      await Promise.all(guests.map((guest) => guest.close()));
    }
  }));
