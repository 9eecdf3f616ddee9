import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashToHex } from '../../src/bytes/hex.ts';
import { MAX_FUTURE_SEC } from '../../src/consensus/checkHeader.ts';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode, end } from '../support/bareNode.ts';
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
import { TEST_CLOCK_SEC } from '../support/chains.ts';
import { feed, type TestNode, TestNodes, until } from '../support/networkNodes.ts';
import { field } from '../support/wire.ts';

/** What happens among honest nodes every day, and what goes wrong on our own side, costs nobody anything. */

const GENESIS = regtest.genesis.header.hash;
const keys = makeKeys();
const other = makeKeys();
const blocks = chainOfBlocks(regtest.genesis, 0, 110, keys.lockingScript);
const tip = after(blocks[109]!);

const coinOf = (height: number) => ({ outpoint: outpoint(blocks[height - 1]!.transactions[0]!), ...keys });
const pay = (height: number, amount: bigint) =>
  signedTransaction([coinOf(height)], [{ amount, lockingScript: other.lockingScript }]);

function expectNoBlame(...nodes: TestNode[]): void {
  for (const { network } of nodes) {
    assert.deepEqual(network.bans(), []);
    for (const { points, fault } of network.peers())
      assert.deepEqual({ points, fault }, { points: 0, fault: undefined });
  }
}

/** Three nodes that know each other and have the same chain. */
async function withThree(run: (three: TestNode[], nodes: TestNodes) => Promise<void>): Promise<void> {
  await TestNodes.with(async (nodes) => {
    const a = await nodes.open();
    await feed(a, blocks);
    const b = await nodes.open({ seeds: [a.hostPort] });
    const c = await nodes.open({ seeds: [a.hostPort, b.hostPort] });
    const three = [a, b, c];
    await until('all run', () =>
      three.every(({ network, chain }) => network.state() === 'running' && chain.tip.height === 110),
    );
    await until('gossip stands', () =>
      three.every(({ network }) => network.gossipTopics().every(({ mesh }) => mesh > 0)),
    );
    await run(three, nodes);
    expectNoBlame(...three);
  });
}

test('two miners at once, and the reorganization that follows', () =>
  withThree(async (three) => {
    const [a, b] = three as [TestNode, TestNode];
    const ofA = chainOfBlocks(blocks[109]!, 110, 1, keys.lockingScript, Uint8Array.of(1, 1));
    const ofB = chainOfBlocks(blocks[109]!, 110, 3, keys.lockingScript, Uint8Array.of(2, 2));
    await Promise.all([feed(a, ofA), feed(b, ofB.slice(0, 1))]);
    await feed(b, ofB.slice(1));
    const best = hashToHex(ofB[2]!.header.hash);
    await until('all are on the longer one', () => three.every(({ chain }) => chain.tip.hash === best));
  }));

test('a block that the owner of a node will not have, and those that the others put on top of it', () =>
  withThree(async (three) => {
    const [a, b, c] = three as [TestNode, TestNode, TestNode];
    const later = chainOfBlocks(blocks[109]!, 110, 3, keys.lockingScript, Uint8Array.of(3, 3));
    await feed(a, later.slice(0, 1));
    await until('all have it', () => three.every(({ chain }) => chain.tip.height === 111));
    await c.chain.invalidate(c.chain.node(hashToHex(later[0]!.header.hash))!);
    const told = () => c.network.peers().every(({ height }) => height === 113);
    await feed(a, later.slice(1));
    await until('the others go on, and say so', () => b.chain.tip.height === 113 && told());
    assert.equal(c.chain.tip.height, 110);
    assert.deepEqual(c.network.peers().length, 2);
    expectNoBlame(c);
    await c.chain.reconsider(c.chain.node(hashToHex(later[0]!.header.hash))!);
    await until('it follows them again', () => c.chain.tip.height === 113);
  }));

test('two payments of the same coin at once, and a block with one of them', () =>
  withThree(async (three) => {
    const [a, b] = three as [TestNode, TestNode];
    const [first, second] = [pay(1, 49n * COIN), pay(1, 48n * COIN)];
    await Promise.all([
      a.mempool.accept(first, { source: 'test' }),
      b.mempool.accept(second, { source: 'test' }),
    ]);
    const block = solvedBlock({
      parent: tip,
      height: 111,
      lockingScript: keys.lockingScript,
      transactions: [first],
    });
    await feed(b, [block]);
    await until('all have it', () => three.every(({ chain }) => chain.tip.height === 111));
  }));

/** A node, and a stranger that gossips to it like any peer. */
async function withStranger(run: (node: TestNode, stranger: BareNode) => Promise<void>): Promise<void> {
  await TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, blocks);
    const stranger = await BareNode.open('regtest', GENESIS);
    try {
      await stranger.join(node.address);
      await until('gossip is open', () => stranger.hasGossipWith(node.network.peerId));
      await until('running', () => node.network.state() === 'running');
      await run(node, stranger);
      expectNoBlame(node);
    } finally {
      await stranger.close();
    }
  });
}

/** What is sent next comes through, so what was sent before has been looked at. */
async function proveHeard(node: TestNode, stranger: BareNode): Promise<void> {
  const mark = pay(9, 40n * COIN);
  await stranger.publish('transactions/1', mark.bytes);
  await until('the next one comes through', () => node.mempool.has(hashToHex(mark.hash)));
}

test('payments that are in a block already, of immature coins, too cheap, and not final yet', () =>
  withStranger(async (node, stranger) => {
    const confirmed = pay(2, 49n * COIN);
    const lockingScript = keys.lockingScript;
    await feed(node, [solvedBlock({ parent: tip, height: 111, lockingScript, transactions: [confirmed] })]);
    const late = signedTransaction([coinOf(3)], [{ amount: 49n * COIN, lockingScript }], { lockTime: 500 });
    const early = [{ ...coinOf(4), sequence: 0 }];
    for (const { bytes } of [
      confirmed,
      pay(110, 49n * COIN),
      pay(5, 50n * COIN),
      late,
      signedTransaction(early, [{ amount: 49n * COIN, lockingScript }], { lockTime: 500 }),
    ]) {
      await stranger.publish('transactions/1', bytes);
    }
    await proveHeard(node, stranger);
  }));

test('a block of a clock that is ahead, one that is known, and one of a branch that has lost', () =>
  withStranger(async (node, stranger) => {
    const lockingScript = keys.lockingScript;
    const ahead = { header: { timeSec: TEST_CLOCK_SEC + 3 * 3600 } };
    const lost = solvedBlock({
      parent: after(blocks[99]!),
      height: 101,
      lockingScript,
      extra: Uint8Array.of(3, 3),
    });
    for (const { bytes } of [
      solvedBlock({ parent: tip, height: 111, lockingScript, ...ahead }),
      blocks[109]!,
      lost,
    ]) {
      await stranger.publish('blocks/1', bytes);
    }
    await proveHeard(node, stranger);
    assert.equal(node.chain.tip.height, 110);
  }));

test('a peer that restarts again and again', () =>
  withThree(async (three, nodes) => {
    const [a, b] = three as [TestNode, TestNode];
    let c = three[2]!;
    let last = blocks[109]!;
    for (let i = 1; i <= 3; i++) {
      const { dataDir } = c;
      await c.stop();
      last = solvedBlock({ parent: after(last), height: 110 + i, lockingScript: keys.lockingScript });
      await feed(a, [last]);
      c = await nodes.open({ dataDir, seeds: [b.hostPort] });
      await until('it has caught up', () => c.chain.tip.height === 110 + i);
    }
    three.splice(2, 1);
    expectNoBlame(c);
  }));
test('blocks and payments that come while a peer still syncs', () =>
  TestNodes.with(async (nodes) => {
    const a = await nodes.open();
    const long = [...blocks, ...chainOfBlocks(blocks[109]!, 110, 900, keys.lockingScript)];
    await feed(a, long);
    const late = await nodes.open({ seeds: [a.hostPort] });
    let parent = long.at(-1)!;
    for (let height = long.length + 1; late.chain.tip.height < long.length; height++) {
      const block = solvedBlock({
        parent: after(parent),
        height,
        lockingScript: keys.lockingScript,
        amount: 0n,
      });
      parent = block;
      await feed(a, [block]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until('together', () => late.chain.tip.hash === a.chain.tip.hash);
    expectNoBlame(a, late);
  }));

test('blocks that are too new for a clock that is slow: the chain before them is taken', () =>
  TestNodes.with(async (nodes) => {
    const early = chainOfBlocks(regtest.genesis, 0, 20, keys.lockingScript);
    const soon = { timeSec: TEST_CLOCK_SEC + MAX_FUTURE_SEC + 60 };
    const parent = after(early[19]!);
    const tooNew = solvedBlock({ parent, height: 21, lockingScript: keys.lockingScript, header: soon });
    const chain = [...early, tooNew];
    const honest = await BareNode.open('regtest', GENESIS);
    try {
      claim(honest, chain);
      await serveHeaders(honest, chain);
      await serveBlocks(honest, chain);
      const node = await nodes.open({ seeds: [honest.address] });
      await until('it has what its clock allows', () => node.network.state() === 'running');
      assert.equal(node.chain.tip.height, 20);
      assert.equal(node.network.peers().length, 1);
      expectNoBlame(node);
    } finally {
      await honest.close();
    }
  }));

test('a payment on top of one that we refused: its sender is not asked, nor blamed', () =>
  withThree(async (three) => {
    const [a] = three as [TestNode];
    // Dearer by so much that the other is no replacement.
    await a.mempool.accept(pay(7, 40n * COIN), { source: 'test' });
    const refused = pay(7, 49n * COIN);
    const spending = [{ outpoint: outpoint(refused), ...other }];
    const children = [1n, 2n, 3n, 4n, 5n, 6n].map((n) =>
      signedTransaction(spending, [{ amount: 48n * COIN - n, lockingScript: other.lockingScript }]),
    );
    const honest = await BareNode.open('regtest', GENESIS);
    try {
      let asked = 0;
      await honest.answer('transactions/1', () => {
        asked++;
        return [end(0)];
      });
      await honest.join(a.address);
      await until('gossip is open', () => honest.hasGossipWith(a.network.peerId));
      await honest.publish('transactions/1', refused.bytes);
      const marker = pay(8, 49n * COIN);
      for (const child of children) await honest.publish('transactions/1', child.bytes);
      await honest.publish('transactions/1', marker.bytes);
      await until('all were looked at', () => a.mempool.has(hashToHex(marker.hash)));
      assert.equal(asked, 0);
      expectNoBlame(a);
    } finally {
      await honest.close();
    }
  }));

test('a failure of our own: what came meanwhile is nobody else’s fault', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, blocks);
    const stranger = await BareNode.open('regtest', GENESIS);
    try {
      await stranger.join(node.address);
      await until('gossip is open', () => stranger.hasGossipWith(node.network.peerId));
      // Nothing can be read or written any more, as with a disk that is gone.
      await node.chain.close();
      const lockingScript = keys.lockingScript;
      await stranger.publish('blocks/1', solvedBlock({ parent: tip, height: 111, lockingScript }).bytes);
      await stranger.publish('transactions/1', pay(6, 49n * COIN).bytes);
      const connection = stranger.host.getConnections()[0]!;
      const answer = await stranger.ask(connection, 'blocks/1', field(1, blocks[5]!.header.hash));
      assert.notEqual(answer.at(-1)!.status, 0);
      expectNoBlame(node);
    } finally {
      await stranger.close();
      // Its chain is closed already.
      await node.stop().catch(() => undefined);
    }
  }));
