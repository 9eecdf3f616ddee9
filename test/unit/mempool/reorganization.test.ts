import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { BlockNode } from '../../../src/chain/blockNode.ts';
import type { Transaction } from '../../../src/primitives/transaction.ts';
import { makeKeys, outpoint, signedTransaction, solvedBlock } from '../../support/blocks.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { matureCoinbases, mine, miner, payOn, spendable } from '../../support/payments.ts';

const txid = (transaction: Transaction) => hashToHex(transaction.hash);
const rival = makeKeys();

/** Blocks of another miner on top of `from`, with these transactions in the first; the last must become the tip. */
async function overtake(
  { chain }: MiningNode,
  from: BlockNode,
  count: number,
  transactions: readonly Transaction[] = [],
): Promise<void> {
  let parent = { hash: from.hashBytes, timeSec: from.timeSec };
  for (let i = 1; i <= count; i++) {
    const block = solvedBlock({
      parent,
      height: from.height + i,
      lockingScript: rival.lockingScript,
      amount: 1n,
      transactions: i === 1 ? transactions : [],
      header: { timeSec: parent.timeSec + 1 },
    });
    const verdict = await chain.acceptBlock(block, { requested: true, source: 'rival' });
    assert.equal(verdict.status, i === count ? 'connected' : 'stored');
    parent = { hash: block.header.hash, timeSec: block.header.timeSec };
  }
}

async function assertAccepted({ mempool }: MiningNode, ...transactions: Transaction[]): Promise<void> {
  for (const transaction of transactions) {
    const { status } = await mempool.accept(transaction, { source: 'test' });
    assert.equal(status, 'accepted');
  }
}

function waiting({ mempool }: MiningNode): string[] {
  return mempool.byFeeRate().map((entry) => entry.txid);
}

test('payments of the lost branch come back, with those that hang on them', async () => {
  await withMiningNode(async (node) => {
    const { chain, mempool } = node;
    const [a, b] = await matureCoinbases(node, 2);
    const fork = chain.tip;
    const first = payOn([a!]);
    const second = payOn([first]);
    await assertAccepted(node, first);
    await mine(node, 1);
    await assertAccepted(node, second);
    await mine(node, 1);
    const third = payOn([second]);
    await assertAccepted(node, third);
    assert.equal(mempool.get(txid(third))!.coins[0]!.height, 104);
    const announced: string[] = [];
    mempool.onAccepted((entry) => announced.push(entry.txid));

    const other = payOn([b!]);
    await overtake(node, fork, 3, [other]);
    assert.deepEqual(waiting(node), [first, second, third].map(txid));
    assert.deepEqual(announced, [first, second].map(txid));
    assert.equal(mempool.tip, chain.tip);
    const entry = mempool.get(txid(third))!;
    assert.deepEqual([...entry.parents], [mempool.get(txid(second))]);
    // Unconfirmed again: as of the next block.
    assert.equal(entry.coins[0]!.height, 106);
    assert.equal(mempool.spenderOf(outpoint(a!)), txid(first));
    await mine(node, 1);
    assert.equal(mempool.size, 0);
    assert.equal((await chain.readCoin(outpoint(third)))!.height, 106);
  });
});

test('what the winning branch holds or contradicts does not come back', async () => {
  await withMiningNode(async (node) => {
    const { chain } = node;
    const [a, b] = await matureCoinbases(node, 2);
    const fork = chain.tip;
    const inBoth = payOn([a!]);
    const loser = payOn([b!], { fee: 1000n });
    const childOfLoser = payOn([loser]);
    await assertAccepted(node, inBoth, loser);
    await mine(node, 1);
    await assertAccepted(node, childOfLoser);
    const childOfBoth = payOn([inBoth]);
    await assertAccepted(node, childOfBoth);
    const winner = payOn([b!], { fee: 2000n });
    await overtake(node, fork, 2, [inBoth, winner]);
    assert.deepEqual(waiting(node), [txid(childOfBoth)]);
    assert.equal(node.mempool.get(txid(childOfBoth))!.coins[0]!.height, fork.height + 1);
  });
});

test('coins of lost blocks are gone, and what spends them leaves', async () => {
  await withMiningNode(async (node) => {
    const { chain } = node;
    await mine(node, 5);
    const fork = chain.tip;
    const [lost] = await mine(node, 100);
    const spend = payOn([lost!]);
    await assertAccepted(node, spend, payOn([spend]));
    await overtake(node, fork, 101);
    assert.deepEqual(waiting(node), []);
  });
});

test('a lock time that is in the future again: the winning branch has slower clocks', async () => {
  await withMiningNode(async (node) => {
    const { chain, clock, mempool } = node;
    const coins = await matureCoinbases(node, 3);
    const fork = chain.tip;
    const startSec = fork.timeSec;
    clock.nowSec = startSec + 7000;
    await mine(node, 11);
    assert.ok(chain.medianTime(chain.tip) > startSec + 6000);
    const absolute = payOn([coins[0]!], { lockTime: startSec + 5000, sequence: 0 });
    // BIP68 in units of 512 seconds, from the median time before the coin: 13 of them are less than 7,000.
    const relative = payOn([coins[1]!], { version: 2, sequence: 0x0040_0000 + 13 });
    const free = payOn([coins[2]!]);
    await assertAccepted(node, absolute, payOn([absolute]), relative, free);
    await overtake(node, fork, 12);
    assert.ok(chain.medianTime(chain.tip) < startSec + 100);
    assert.deepEqual(waiting(node), [txid(free)]);
    assert.equal(mempool.size, 1);
  });
});

test('lock times that still hold at the new tip keep their place', async () => {
  await withMiningNode(async (node) => {
    const { chain } = node;
    const coins = await matureCoinbases(node, 2);
    const fork = chain.tip;
    await mine(node, 1);
    const absolute = payOn([coins[0]!], { lockTime: 103, sequence: 0 });
    const relative = payOn([coins[1]!], { version: 2, sequence: 102 });
    await assertAccepted(node, absolute, relative);
    await overtake(node, fork, 2);
    assert.equal(waiting(node).length, 2);
  });
});

test('relative lock times count anew when the coin moves to a later block', async () => {
  await withMiningNode(async (node) => {
    const { chain, mempool } = node;
    const [a] = await matureCoinbases(node, 1);
    const fork = chain.tip;
    const parent = payOn([a!]);
    await assertAccepted(node, parent);
    await mine(node, 2);
    // The coin is of height 102, the next block's height is 104: two blocks old.
    const child = signedTransaction(
      [{ ...spendable(parent), sequence: 2 }],
      [{ amount: 1_000_000n, lockingScript: miner.lockingScript }],
      { version: 2 },
    );
    await assertAccepted(node, child);
    // On the other branch the parent is not in a block at all, so the child is too young.
    await overtake(node, fork, 3);
    assert.deepEqual(waiting(node), [txid(parent)]);
    assert.equal(mempool.get(txid(parent))!.children.size, 0);
  });
});

test('transactions that come in while the chain is reorganized end where they belong', async () => {
  await withMiningNode(async (node) => {
    const { chain, mempool } = node;
    const coins = await matureCoinbases(node, 12);
    const fork = chain.tip;
    const early = coins.slice(0, 4).map((coin) => payOn([coin]));
    await assertAccepted(node, ...early);
    await mine(node, 2);
    const late = [...early.map((parent) => payOn([parent])), ...coins.slice(4).map((coin) => payOn([coin]))];
    const accepts = late.map((transaction) => mempool.accept(transaction, { source: 'test' }));
    await overtake(node, fork, 3);
    for (const verdict of await Promise.all(accepts)) assert.equal(verdict.status, 'accepted');
    assert.deepEqual(new Set(waiting(node)), new Set([...early, ...late].map(txid)));
    await mine(node, 1);
    assert.equal(mempool.size, 0);
    assert.equal(chain.tip.transactionCount, 1 + early.length + late.length);
  });
});
