import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { hashToHex } from '../../../src/bytes/hex.ts';
import { FeeFloor } from '../../../src/mempool/feeFloor.ts';
import type { RemovalReason } from '../../../src/mempool/mempoolEntry.ts';
import type { Transaction } from '../../../src/primitives/transaction.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { matureCoinbases, mine, payOn } from '../../support/payments.ts';

const txid = (transaction: Transaction) => hashToHex(transaction.hash);
/** Of a payment with one input and one output, as the policy estimates it; its length differs by a byte now and then. */
const USAGE = 168 + 700 + 850 + 300;

async function assertAccepted({ mempool }: MiningNode, ...transactions: Transaction[]): Promise<void> {
  for (const transaction of transactions) {
    const verdict = await mempool.accept(transaction, { source: 'peer' });
    assert.equal(verdict.status, 'accepted', inspect(verdict));
  }
}

test('a full mempool throws out the worst paid, no more than it must, and asks for more afterwards', async () => {
  await withMiningNode(
    async (node) => {
      const { mempool } = node;
      const coins = await matureCoinbases(node, 12);
      const payments = coins.map((coin, i) => payOn([coin], { fee: BigInt(1000 + 100 * i) }));
      const removed: [string, RemovalReason][] = [];
      mempool.onRemoved((entry, reason) => removed.push([entry.txid, reason]));
      await assertAccepted(node, ...payments.slice(0, 10));
      assert.equal(mempool.minFeeRate, 1);
      await assertAccepted(node, payments[10]!);
      assert.deepEqual(removed, [[txid(payments[0]!), 'evicted']]);
      assert.equal(mempool.size, 10);
      // Above what left, by what relaying costs.
      assert.equal(mempool.minFeeRate, 1000 / payments[0]!.bytes.length + 1);
      const again = await mempool.accept(payments[0]!, { source: 'peer' });
      assert.equal(again.status, 'policy');
      assert.equal(again.status === 'policy' && again.reason, 'mempool min fee not met');
      await assertAccepted(node, payments[11]!);
      assert.ok(!mempool.has(txid(payments[1]!)));
    },
    { maxUsageBytes: 10 * USAGE + 100 },
  );
});

test('of those that pay the same, who came last leaves first', async () => {
  await withMiningNode(
    async (node) => {
      const { mempool, clock } = node;
      // Signatures, and so rates, differ by a byte now and then: these are all of one length.
      const alike: Transaction[] = [];
      const coins = await matureCoinbases(node, 24);
      const better = payOn([coins.pop()!], { fee: 3000n });
      for (const coin of coins) {
        const payment = payOn([coin], { fee: 2000n });
        if (payment.bytes.length === (alike[0] ?? payment).bytes.length) alike.push(payment);
      }
      const three = alike.slice(0, 3);
      assert.equal(three.length, 3);
      for (const payment of three) {
        await assertAccepted(node, payment);
        clock.nowSec++;
      }
      await assertAccepted(node, better);
      assert.deepEqual(
        [...mempool.entries()].map((entry) => entry.txid),
        [three[0]!, three[1]!, better].map(txid),
      );
    },
    { maxUsageBytes: 3 * USAGE + 100 },
  );
});

test('what pays less than all others is not let in where there is no room', async () => {
  await withMiningNode(
    async (node) => {
      const { mempool } = node;
      const coins = await matureCoinbases(node, 4);
      await assertAccepted(node, ...coins.slice(0, 3).map((coin) => payOn([coin], { fee: 2000n })));
      const verdict = await mempool.accept(payOn([coins[3]!], { fee: 1000n }), { source: 'peer' });
      assert.deepEqual(verdict, { status: 'policy', reason: 'mempool full' });
      assert.equal(mempool.size, 3);
    },
    { maxUsageBytes: 3 * USAGE + 100 },
  );
});

test('a poor parent stays as long as its child pays for both', async () => {
  await withMiningNode(
    async (node) => {
      const { mempool } = node;
      const coins = await matureCoinbases(node, 5);
      const parent = payOn([coins[0]!], { fee: 200n });
      const child = payOn([parent], { fee: 20_000n });
      const middling = payOn([coins[1]!], { fee: 2000n });
      const better = payOn([coins[2]!], { fee: 4000n });
      await assertAccepted(node, parent, child, middling, better);
      const best = payOn([coins[3]!], { fee: 6000n });
      await assertAccepted(node, best);
      assert.deepEqual(
        mempool.byFeeRate().map((entry) => entry.txid),
        [parent, child, best, better].map(txid),
      );
      // Once its child is gone, it is the first to leave.
      const rival = payOn([coins[4]!], { fee: 50_000n });
      await assertAccepted(node, rival);
      assert.ok(!mempool.has(txid(better)));
    },
    { maxUsageBytes: 4 * USAGE + 100 },
  );
});

test('a parent leaves with its children, and what they paid together is what the floor rises above', async () => {
  await withMiningNode(
    async (node) => {
      const { mempool } = node;
      const coins = await matureCoinbases(node, 4);
      const parent = payOn([coins[0]!], { fee: 1000n });
      const child = payOn([parent], { fee: 500n });
      await assertAccepted(node, parent, child, payOn([coins[1]!], { fee: 5000n }));
      await assertAccepted(node, payOn([coins[2]!], { fee: 5000n }));
      // The child alone is worth less than both.
      assert.ok(mempool.has(txid(parent)) && !mempool.has(txid(child)));
      assert.equal(mempool.minFeeRate, 500 / child.bytes.length + 1);
    },
    { maxUsageBytes: 3 * USAGE + 100 },
  );
});

test('the floor falls by half in 12 hours, from the next block on, and faster with much room', () => {
  const floor = new FeeFloor();
  assert.equal(floor.rateAt(0, 1), 1);
  floor.raiseAbove(63);
  // Not before a block.
  assert.equal(floor.rateAt(1_000_000, 1), 64);
  floor.raiseAbove(40);
  assert.equal(floor.rateAt(1_000_000, 1), 64);
  floor.noteBlock(1_000_000);
  assert.equal(floor.rateAt(1_000_010, 1), 64);
  assert.equal(floor.rateAt(1_000_000 + 12 * 3600, 0.5), 32);
  assert.equal(floor.rateAt(1_000_000 + 18 * 3600, 0.49), 16);
  assert.equal(floor.rateAt(1_000_000 + 21 * 3600, 0.24), 8);
  // Below half of the increment it is gone.
  assert.equal(floor.rateAt(1_000_000 + 34 * 3600, 0.24), 1);
  floor.raiseAbove(9);
  assert.equal(floor.rateAt(2_000_000, 0), 10);
});

test('what has waited for 14 days leaves, also between blocks', async () => {
  await withMiningNode(async (node) => {
    const { mempool, clock } = node;
    const [a, b, c] = await matureCoinbases(node, 3);
    const old = payOn([a!]);
    await assertAccepted(node, old, payOn([old]));
    clock.nowSec += 14 * 24 * 3600 - 1;
    await assertAccepted(node, payOn([b!]));
    assert.equal(mempool.size, 3);
    clock.nowSec += 60;
    await assertAccepted(node, payOn([c!]));
    assert.equal(mempool.size, 2);
    await mine(node, 1);
    assert.equal(mempool.size, 0);
  });
});
