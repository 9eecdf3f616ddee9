import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { RemovalReason } from '../../../src/mempool/mempoolEntry.ts';
import type { Transaction } from '../../../src/primitives/transaction.ts';
import { signedTransaction } from '../../support/blocks.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { matureCoinbases, mine, miner, payOn, spendable } from '../../support/payments.ts';

const txid = (transaction: Transaction) => hashToHex(transaction.hash);
const { lockingScript } = miner;

async function assertAccepted({ mempool }: MiningNode, ...transactions: Transaction[]): Promise<void> {
  for (const transaction of transactions) {
    const verdict = await mempool.accept(transaction, { source: 'peer' });
    assert.equal(verdict.status, 'accepted', inspect(verdict));
  }
}

async function assertRefused(
  { mempool }: MiningNode,
  transaction: Transaction,
  reason: RegExp,
): Promise<void> {
  const size = mempool.size;
  const verdict = await mempool.accept(transaction, { source: 'peer' });
  assert.equal(verdict.status, 'policy', inspect(verdict));
  if (verdict.status === 'policy') assert.match(`${verdict.reason}, ${verdict.detail}`, reason);
  assert.equal(mempool.size, size);
}

/** Pays the fee exactly, whatever its length. */
function exactly(
  coins: readonly Transaction[],
  bytes: number,
  feeOf: (bytes: number) => bigint,
): Transaction {
  for (let lockTime = 1; lockTime < 100; lockTime++) {
    const payment = payOn(coins, { fee: feeOf(bytes), lockTime });
    if (payment.bytes.length === bytes) return payment;
  }
  throw new Error(`no payment of ${bytes} bytes`);
}

test('who pays more for the same coin takes the place, with what it costs to relay it on top', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const [coin] = await matureCoinbases(node, 1);
    const removed: [string, RemovalReason][] = [];
    mempool.onRemoved((entry, reason) => removed.push([entry.txid, reason]));
    const first = exactly([coin!], 167, () => 1000n);
    await assertAccepted(node, first);
    const reason = /^insufficient fee, rejecting replacement \w{64}/;
    await assertRefused(node, payOn([coin!], { fee: 1000n, lockTime: 7 }), reason);
    // Rule 4: 167 bytes cost 167 on top.
    const short = exactly([coin!], 167, () => 1166n);
    await assertRefused(node, short, /not enough additional fees to relay; 0\.00000166 < 0\.00000167/);
    assert.deepEqual(removed, []);
    const winner = exactly([coin!], 167, () => 1167n);
    const verdict = await mempool.accept(winner, { source: 'peer' });
    assert.equal(verdict.status, 'accepted');
    if (verdict.status === 'accepted')
      assert.deepEqual(
        verdict.replaced.map((entry) => entry.txid),
        [txid(first)],
      );
    assert.deepEqual(removed, [[txid(first), 'replaced']]);
    assert.deepEqual([mempool.size, mempool.fees, mempool.bytes], [1, 1167n, 167]);
    await mine(node, 1);
    assert.deepEqual(removed.at(-1), [txid(winner), 'confirmed']);
  });
});

test('rule 3: the descendants that leave with it are paid for too', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const [coin] = await matureCoinbases(node, 1);
    const parent = payOn([coin!], { fee: 1000n });
    const child = payOn([parent], { fee: 5000n });
    await assertAccepted(node, parent, child);
    const poor = payOn([coin!], { fee: 5999n });
    await assertRefused(node, poor, /less fees than conflicting txs; 0\.00005999 < 0\.00006000/);
    await assertRefused(node, payOn([coin!], { fee: 6000n }), /not enough additional fees/);
    const winner = payOn([coin!], { fee: 6200n });
    const verdict = await mempool.accept(winner, { source: 'peer' });
    assert.equal(verdict.status === 'accepted' && verdict.replaced.length, 2);
    assert.deepEqual(
      [...mempool.entries()].map((entry) => entry.txid),
      [txid(winner)],
    );
    // What it replaced would have to pay more again.
    await assertRefused(node, parent, /insufficient fee/);
    assert.equal((await mempool.accept(child, { source: 'peer' })).status, 'orphan');
  });
});

test('a replacement must pay at a better rate than each that it replaces, not only more in all', async () => {
  await withMiningNode(async (node) => {
    const coins = await matureCoinbases(node, 6);
    await assertAccepted(node, payOn([coins[0]!], { fee: 1670n }));
    // Six inputs: about 740 bytes, so twice the fee is a worse rate.
    await assertRefused(node, payOn(coins, { fee: 4000n }), /new feerate [\d.]+ coins\/kvB <= old feerate/);
    await assertAccepted(node, payOn(coins, { fee: 9000n }));
  });
});

test('a replacement may spend other unconfirmed outputs, but their poverty counts against it', async () => {
  await withMiningNode(async (node) => {
    const coins = await matureCoinbases(node, 2);
    const poorParent = payOn([coins[1]!], { fee: 170n });
    const first = payOn([coins[0]!], { fee: 1700n });
    await assertAccepted(node, poorParent, first);
    await assertRefused(node, payOn([coins[0]!, poorParent], { fee: 3500n }), /new feerate with ancestors/);
    await assertAccepted(node, payOn([coins[0]!, poorParent], { fee: 9000n }));
  });
});

test('a replacement must not spend what it replaces', async () => {
  await withMiningNode(async (node) => {
    const [coin] = await matureCoinbases(node, 1);
    const first = payOn([coin!], { outputs: 2 });
    await assertAccepted(node, first);
    const both = signedTransaction(
      [spendable(coin!), spendable(first, 1)],
      [{ amount: 5_000_000_000n, lockingScript }],
    );
    await assertRefused(node, both, /^bad-txns-spends-conflicting-tx, /);
  });
});

test('rule 5: 100 may be replaced, 101 not', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const coins = await matureCoinbases(node, 5);
    // Families of 25: one that all others of it spend from. The fifth has one member.
    for (const coin of coins.slice(0, 4)) {
      const fan = payOn([coin], { outputs: 24, fee: 5000n });
      const spend = (_: unknown, i: number) =>
        signedTransaction([spendable(fan, i)], [{ amount: fan.outputs[i]!.amount - 1000n, lockingScript }]);
      await assertAccepted(node, fan, ...Array.from({ length: 24 }, spend));
    }
    await assertAccepted(node, payOn([coins[4]!]));
    assert.equal(mempool.size, 101);
    const tooMany = payOn(coins, { fee: 1_000_000n });
    await assertRefused(node, tooMany, /^too many potential replacements, .*more than 100/);
    await assertAccepted(node, payOn(coins.slice(0, 4), { fee: 1_000_000n }));
    assert.equal(mempool.size, 2);
  });
});

test('of rivals that come at once one is left, the best paid of those that follow each other by enough', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const [coin] = await matureCoinbases(node, 1);
    const rivals = Array.from({ length: 10 }, (_, i) => payOn([coin!], { fee: BigInt(1000 * (i + 1)) }));
    await Promise.all(rivals.map((rival) => mempool.accept(rival, { source: 'peer' })));
    assert.deepEqual(
      [...mempool.entries()].map((entry) => entry.txid),
      [txid(rivals[9]!)],
    );
  });
});

test('of rivals that come at once the first is in first, and the next have to pay more', async () => {
  await withMiningNode(async ({ mempool, ...node }) => {
    const [coin] = await matureCoinbases({ mempool, ...node }, 1);
    const rivals = [5000n, 5100n, 1000n, 9000n].map((fee) => payOn([coin!], { fee }));
    const verdicts = await Promise.all(rivals.map((rival) => mempool.accept(rival, { source: 'peer' })));
    assert.deepEqual(
      verdicts.map(({ status }) => status),
      ['accepted', 'policy', 'policy', 'accepted'],
    );
  });
});

test('a replacement takes the place of a child in a family that is full', async () => {
  await withMiningNode(async (node) => {
    const [coin] = await matureCoinbases(node, 1);
    const fan = payOn([coin!], { outputs: 24, fee: 5000n });
    const spend = (i: number, amount: bigint) =>
      signedTransaction([spendable(fan, i)], [{ amount, lockingScript }]);
    await assertAccepted(node, fan, ...Array.from({ length: 24 }, (_, i) => spend(i, 200_000_000n)));
    assert.equal(node.mempool.get(txid(fan))!.descendants.count, 25);
    await assertAccepted(node, spend(3, 500_000_000n / 24n));
    assert.equal(node.mempool.get(txid(fan))!.descendants.count, 25);
  });
});
