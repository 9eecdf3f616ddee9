import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashToHex } from '../../src/bytes/hex.ts';
import { regtest } from '../../src/params/regtest.ts';
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

const keys = makeKeys();
const shared = chainOfBlocks(regtest.genesis, 0, 110, keys.lockingScript);
const payment = signedTransaction(
  [{ outpoint: outpoint(shared[0]!.transactions[0]!), ...keys }],
  [{ amount: 49n * COIN, lockingScript: keys.lockingScript }],
);
const paymentId = hashToHex(payment.hash);

function haveTip(nodes: readonly TestNode[], hash: Uint8Array): boolean {
  return nodes.every(({ chain }) => chain.tip.hash === hashToHex(hash));
}

test('two halves with chains of their own take the one with more work, and the lost payments wait again', () =>
  TestNodes.with(async (nodes) => {
    const a1 = await nodes.open();
    const b1 = await nodes.open();
    await feed(a1, shared);
    await feed(b1, shared);
    const a2 = await nodes.open({ seeds: [a1.hostPort] });
    const b2 = await nodes.open({ seeds: [b1.hostPort] });
    const withPayment = solvedBlock({
      parent: after(shared[109]!),
      height: 111,
      lockingScript: keys.lockingScript,
      transactions: [payment],
    });
    await feed(a1, [withPayment, ...chainOfBlocks(withPayment, 111, 2, keys.lockingScript)]);
    const longer = chainOfBlocks(shared[109]!, 110, 5, keys.lockingScript, Uint8Array.of(9, 9));
    await feed(b1, longer);
    await until(
      'each half agrees with itself',
      () => a2.chain.tip.height === 113 && b2.chain.tip.height === 115,
    );
    assert.ok(!a1.mempool.has(paymentId));

    await a2.network.addPeer(b2.hostPort);
    await until('all have the longer chain', () => haveTip([a1, a2, b1, b2], longer[4]!.header.hash));
    await until('the payment waits again, everywhere', () =>
      [a1, a2, b1, b2].every(({ mempool }) => mempool.has(paymentId)),
    );
  }));

test('the seed is killed: the others go on, and a restarted one finds them without it', () =>
  TestNodes.with(async (nodes) => {
    const seed = await nodes.open();
    await feed(seed, shared.slice(0, 20));
    const a = await nodes.open({ seeds: [seed.hostPort] });
    const b = await nodes.open({ seeds: [seed.hostPort] });
    const meet = (node: TestNode, other: TestNode) =>
      node.network
        .peers()
        .some(({ peerId, height }) => peerId === other.network.peerId && height !== undefined);
    await until('all know each other', () => meet(a, b) && meet(b, a) && meet(a, seed) && meet(b, seed));
    await seed.stop();
    await feed(a, shared.slice(20, 21));
    await until('gossip goes on', () => b.chain.tip.height === 21);

    const { dataDir } = a;
    const { peerId, listenPort } = a.network;
    await a.stop();
    await feed(b, shared.slice(21, 25));
    const again = await nodes.open({ seeds: [seed.hostPort], dataDir });
    assert.equal(again.network.peerId, peerId);
    assert.equal(again.network.listenPort, listenPort);
    await until('found again and synced', () => again.chain.tip.height === 25);
  }));

test('a node that loses everybody says so, and recovers when they are back', () =>
  TestNodes.with(async (nodes) => {
    const only = await nodes.open();
    const node = await nodes.open({ seeds: [only.hostPort] });
    const states: string[] = [];
    node.network.onState((state) => states.push(state));
    await until('running', () => node.network.state() === 'running');
    const { dataDir } = only;
    await only.stop();
    await until('isolated', () => node.network.state() === 'isolated');
    const back = await nodes.open({ dataDir });
    await feed(back, shared.slice(0, 3));
    await until('running again', () => node.network.state() === 'running' && node.chain.tip.height === 3);
    assert.ok(states.includes('evaluating'));
  }));

test('a seed that is down at the start is found when it comes up', () =>
  TestNodes.with(async (nodes) => {
    const early = await nodes.open();
    const { dataDir, hostPort } = early;
    await early.stop();
    const node = await nodes.open({ seeds: [hostPort] });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(node.network.state(), 'bootstrapping');
    await nodes.open({ dataDir });
    await until('joined', () => node.network.state() === 'running');
  }));

test('what waits in a mempool is learned on joining', () =>
  TestNodes.with(async (nodes) => {
    const a = await nodes.open();
    await feed(a, shared);
    assert.equal((await a.mempool.accept(payment, { source: 'test' })).status, 'accepted');
    const child = signedTransaction(
      [{ outpoint: outpoint(payment), ...keys }],
      [{ amount: 40n * COIN, lockingScript: keys.lockingScript }],
    );
    assert.equal((await a.mempool.accept(child, { source: 'test' })).status, 'accepted');
    const b = await nodes.open({ seeds: [a.hostPort] });
    await until('both', () => b.mempool.has(paymentId) && b.mempool.has(hashToHex(child.hash)));
  }));

test('two nodes that dial each other at the same moment end with one connection that carries gossip', () =>
  TestNodes.with(async (nodes) => {
    const a = await nodes.open();
    const b = await nodes.open();
    await Promise.all([a.network.addPeer(b.hostPort), b.network.addPeer(a.address)]);
    await until('both know each other', () => [a, b].every(({ network }) => network.state() === 'running'));
    await feed(a, shared.slice(0, 1));
    await until('a to b', () => b.chain.tip.height === 1);
    await feed(b, shared.slice(1, 2));
    await until('b to a', () => a.chain.tip.height === 2);
  }));
