import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashToHex } from '../../src/bytes/hex.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { BareNode, INVALID_REQUEST, NOT_FOUND, OK } from '../support/bareNode.ts';
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
import { bytesOf, field, numberOf, parseFields } from '../support/wire.ts';

/**
 * One script for each functional requirement of the original design: a bare libp2p host acts as a node and holds what our
 * node answers against what must be there.
 */

const GENESIS = regtest.genesis.header.hash;
const keys = makeKeys();
const blocks = chainOfBlocks(regtest.genesis, 0, 110, keys.lockingScript);

async function withNode(
  run: (node: TestNode, bare: BareNode, nodes: TestNodes) => Promise<void>,
): Promise<void> {
  await TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, blocks);
    const bare = await BareNode.open('regtest', GENESIS);
    try {
      await run(node, bare, nodes);
    } finally {
      await bare.close();
    }
  });
}

test('connect: the node takes a connection and tells who it is and its height', () =>
  withNode(async (node, bare) => {
    const connection = await bare.connect(node.address);
    const answer = await bare.ask(connection, 'status/1', statusOf(bare));
    assert.equal(answer.length, 2);
    assert.equal(answer[0]!.status, OK);
    assert.deepEqual({ status: answer[1]!.status, count: answer[1]!.endCount }, { status: OK, count: 1 });
    const fields = parseFields(answer[0]!.payload);
    assert.equal(hashToHex(bytesOf(fields, 1)[0]!), hashToHex(GENESIS));
    assert.equal(numberOf(fields, 2), 110);
    assert.equal(hashToHex(bytesOf(fields, 3)[0]!), hashToHex(blocks[109]!.header.hash));
    // 111 blocks of 2 hashes each.
    assert.equal(BigInt(`0x${bytesOf(fields, 4)[0]!.toString('hex')}`), 222n);
    assert.equal(numberOf(fields, 7), node.network.listenPort);
  }));

test('list peers: the node shows whom it is connected to', () =>
  withNode(async (node, bare) => {
    await bare.join(node.address);
    await until('the peer is known', () => node.network.peers()[0]?.height === 0);
    const [peer] = node.network.peers();
    assert.equal(peer!.peerId, bare.peerId);
    assert.equal(peer!.direction, 'inbound');
    assert.equal(peer!.userAgent, 'bare');
  }));

test('request and receive peers: the node hands out the nodes that it has reached', () =>
  withNode(async (node, bare, nodes) => {
    const other = await nodes.open({ seeds: [node.hostPort] });
    await until('the other has joined', () => other.network.state() === 'running');
    const connection = await bare.join(node.address);
    let answer = await bare.ask(connection, 'peers/1', field(1, 10));
    await until('the node has dialled the other', async () => {
      answer = await bare.ask(connection, 'peers/1', field(1, 10));
      return answer.length > 1;
    });
    const [peers, last] = answer;
    const told = bytesOf(parseFields(peers!.payload), 1).map((peer) =>
      bytesOf(parseFields(peer), 1)[0]!.toString(),
    );
    assert.deepEqual(told, [other.address]);
    assert.equal(last!.endCount, 1);
  }));

test('request and receive peers: the node asks us for peers and connects to them', () =>
  withNode(async (_node, bare, nodes) => {
    const hidden = await nodes.open();
    const told = Buffer.concat([field(1, hidden.address), field(2, 1_700_000_000)]);
    await bare.answer('peers/1', () => [field(3, field(1, told)), Buffer.from(field(4, field(1, 1)))]);
    const node = await nodes.open({ seeds: [bare.address] });
    await until('it dials whom we told it of', () =>
      node.network.peers().some(({ peerId }) => peerId === hidden.network.peerId),
    );
  }));

test('height: the node learns ours and asks for our headers', () =>
  withNode(async (node, bare) => {
    const asked: Buffer[] = [];
    await bare.answer('headers/1', (request) => {
      asked.push(request);
      return [Buffer.from(field(4, field(1, 0)))];
    });
    bare.status = { ...bare.status, height: 111, work: Buffer.of(0xff) };
    await bare.join(node.address);
    await until('asked', () => asked.length > 0);
    const [newest] = bytesOf(parseFields(asked[0]!), 1);
    assert.equal(hashToHex(newest!), hashToHex(blocks[109]!.header.hash));
  }));

test('headers: those that follow the locator', () =>
  withNode(async (node, bare) => {
    const connection = await bare.join(node.address);
    const request = Buffer.concat([field(1, blocks[99]!.header.hash), field(2, blocks[104]!.header.hash)]);
    const [payload, last] = await bare.ask(connection, 'headers/1', request);
    const headers = bytesOf(parseFields(payload!.payload), 1);
    assert.deepEqual(
      headers.map((header) => header.toString('hex')),
      blocks.slice(100, 105).map(({ header }) => Buffer.from(header.bytes).toString('hex')),
    );
    assert.equal(last!.endCount, 5);
  }));

test('block by hash: the bytes themselves, and NOT_FOUND in the place of an unknown one', () =>
  withNode(async (node, bare) => {
    const connection = await bare.join(node.address);
    const request = Buffer.concat([
      field(1, blocks[5]!.header.hash),
      field(1, Buffer.alloc(32, 7)),
      field(1, blocks[2]!.header.hash),
    ]);
    const answer = await bare.ask(connection, 'blocks/1', request);
    assert.deepEqual(
      answer.map(({ status }) => status),
      [OK, NOT_FOUND, OK, OK],
    );
    assert.ok(answer[0]!.payload.equals(blocks[5]!.bytes));
    assert.ok(answer[2]!.payload.equals(blocks[2]!.bytes));
    assert.equal(answer[3]!.endCount, 2);
  }));

test('block by height: a range, cut off at the tip', () =>
  withNode(async (node, bare) => {
    const connection = await bare.join(node.address);
    const range = (first: number, count: number) =>
      bare.ask(connection, 'blocks/1', field(2, Buffer.concat([field(1, first), field(2, count)])));
    const answer = await range(109, 5);
    assert.ok(answer[0]!.payload.equals(blocks[108]!.bytes));
    assert.ok(answer[1]!.payload.equals(blocks[109]!.bytes));
    assert.equal(answer[2]!.endCount, 2);
    const genesis = await range(0, 1);
    assert.ok(genesis[0]!.payload.equals(regtest.genesis.bytes));
    const beyond = await range(111, 1);
    assert.deepEqual(
      { status: beyond[0]!.status, count: beyond[0]!.endCount },
      { status: NOT_FOUND, count: 0 },
    );
  }));

test('relay of blocks: what we gossip reaches a third node through the node', () =>
  withNode(async (node, bare, nodes) => {
    const listener = await BareNode.open('regtest', GENESIS);
    try {
      await bare.join(node.address);
      await listener.join(node.address);
      await until('gossip is open', () =>
        [bare, listener].every((peer) => peer.hasGossipWith(node.network.peerId)),
      );
      const block = next(node);
      await bare.publish('blocks/1', block.bytes);
      await until('accepted', () => node.chain.tip.height === 111);
      await until('relayed', () => listener.heard.some(({ data }) => data.equals(block.bytes)));
      assert.equal(nodes !== undefined, true);
    } finally {
      await listener.close();
    }
  }));

test('relay of transactions: valid ones travel, and wait in the mempool', () =>
  withNode(async (node, bare) => {
    const listener = await BareNode.open('regtest', GENESIS);
    try {
      const connection = await bare.join(node.address);
      await listener.join(node.address);
      await until('gossip is open', () =>
        [bare, listener].every((peer) => peer.hasGossipWith(node.network.peerId)),
      );
      const payment = spend(blocks[0]!);
      await bare.publish('transactions/1', payment.bytes);
      await until('relayed', () => listener.heard.some(({ data }) => data.equals(payment.bytes)));
      assert.ok(node.mempool.has(hashToHex(payment.hash)));

      const [ids, idsEnd] = await bare.ask(connection, 'mempool/1', Buffer.alloc(0));
      assert.ok(bytesOf(parseFields(ids!.payload), 1)[0]!.equals(payment.hash));
      assert.equal(idsEnd!.endCount, 1);
      const request = Buffer.concat([field(1, Buffer.alloc(32, 9)), field(1, payment.hash)]);
      const answer = await bare.ask(connection, 'transactions/1', request);
      assert.ok(answer[0]!.payload.equals(payment.bytes));
      assert.equal(answer[1]!.endCount, 1);
    } finally {
      await listener.close();
    }
  }));

test('a transaction before its parent: the parent is asked of the sender', () =>
  withNode(async (node, bare) => {
    const parent = spend(blocks[0]!);
    const child = signedTransaction(
      [{ outpoint: outpoint(parent), ...keys }],
      [{ amount: 48n * COIN, lockingScript: keys.lockingScript }],
    );
    await bare.answer('transactions/1', () => [field(3, parent.bytes), Buffer.from(field(4, field(1, 1)))]);
    await bare.join(node.address);
    await until('gossip is open', () => bare.hasGossipWith(node.network.peerId));
    await bare.publish('transactions/1', child.bytes);
    await until('both are in', () => [parent, child].every(({ hash }) => node.mempool.has(hashToHex(hash))));
  }));

test('a block before its parent: the ancestors are asked of the sender', () =>
  withNode(async (node, bare) => {
    const more = chainOfBlocks(blocks[109]!, 110, 3, keys.lockingScript);
    await bare.answer('headers/1', () => [
      field(3, Buffer.concat(more.map(({ header }) => field(1, header.bytes)))),
      Buffer.from(field(4, field(1, 3))),
    ]);
    await bare.answer('blocks/1', (request) => {
      const hashes = bytesOf(parseFields(request), 1);
      const found = hashes.map((hash) => more.find(({ header }) => hash.equals(header.hash))!);
      return [...found.map(({ bytes }) => field(3, bytes)), Buffer.from(field(4, field(1, found.length)))];
    });
    await bare.join(node.address);
    await until('gossip is open', () => bare.hasGossipWith(node.network.peerId));
    await bare.publish('blocks/1', more[2]!.bytes);
    await until('the chain has grown', () => node.chain.tip.height === 113);
    assert.equal(node.chain.tip.hash, hashToHex(more[2]!.header.hash));
  }));

test('an unknown protocol and an inconsistent message get an answer, not silence', () =>
  withNode(async (node, bare) => {
    const connection = await bare.join(node.address);
    await assert.rejects(bare.ask(connection, 'lottery/1', Buffer.alloc(0)));
    const answer = await bare.ask(connection, 'blocks/1', field(1, Buffer.alloc(31)));
    assert.equal(answer.at(-1)!.status, INVALID_REQUEST);
    assert.match(answer.at(-1)!.message, /hash/);
    assert.equal(answer.at(-1)!.endCount, 0);
  }));

test('another genesis: told ours, then disconnected, without a ban', () =>
  withNode(async (node, bare) => {
    bare.status = { ...bare.status, genesis: Buffer.alloc(32, 1) };
    const connection = await bare.connect(node.address);
    const [answer] = await bare.ask(connection, 'status/1', statusOf(bare));
    assert.equal(hashToHex(bytesOf(parseFields(answer!.payload), 1)[0]!), hashToHex(GENESIS));
    await until('disconnected', () => connection.status !== 'open');
    assert.deepEqual(node.network.bans(), []);
  }));

function statusOf(bare: BareNode): Buffer {
  const { genesis, height, tip, work, listenPort } = bare.status;
  return Buffer.concat([
    field(1, genesis),
    field(2, height),
    field(3, tip),
    field(4, work),
    field(7, listenPort),
    field(8, 'bare'),
  ]);
}

function next(node: TestNode): Block {
  return solvedBlock({
    parent: after(blocks[109]!),
    height: node.chain.tip.height + 1,
    lockingScript: keys.lockingScript,
  });
}

function spend(block: Block) {
  return signedTransaction(
    [{ outpoint: outpoint(block.transactions[0]!), ...keys }],
    [{ amount: 49n * COIN, lockingScript: keys.lockingScript }],
  );
}
