import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { Transaction } from '../../../src/primitives/transaction.ts';
import { signedTransaction } from '../../support/blocks.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { matureCoinbases, miner, payOn, spendable } from '../../support/payments.ts';

const { lockingScript } = miner;

async function orderOf({ mempool }: MiningNode, named: Record<string, Transaction>): Promise<string[]> {
  for (const transaction of Object.values(named)) {
    const { status } = await mempool.accept(transaction, { source: 'peer' });
    assert.equal(status, 'accepted');
  }
  const names = new Map(Object.entries(named).map(([name, { hash }]) => [hashToHex(hash), name]));
  return mempool.byFeeRate().map(({ txid }) => names.get(txid)!);
}

test('the best paid first; a rich child takes its poor parent along, a poor parent holds it back', async () => {
  await withMiningNode(async (node) => {
    const [a, b, c, d] = await matureCoinbases(node, 4);
    const parent = payOn([a!], { fee: 200n });
    const order = await orderOf(node, {
      parent,
      low: payOn([b!], { fee: 1000n }),
      middle: payOn([c!], { fee: 3000n }),
      high: payOn([d!], { fee: 9000n }),
      // Together 4,600 for two: 4.6 times as good as low, and better than middle.
      child: payOn([parent], { fee: 9000n }),
    });
    assert.deepEqual(order, ['high', 'parent', 'child', 'middle', 'low']);
  });
});

test('once a parent is in, its other children are worth what they pay themselves', async () => {
  await withMiningNode(async (node) => {
    const [a, b] = await matureCoinbases(node, 2);
    const parent = payOn([a!], { fee: 400n, outputs: 2 });
    const child = (index: number, fee: bigint) =>
      signedTransaction(
        [spendable(parent, index)],
        [{ amount: parent.outputs[index]!.amount - fee, lockingScript }],
      );
    const order = await orderOf(node, {
      parent,
      first: child(0, 20_000n),
      // With its parent it would be worth 10.8 a byte, less than the other's 18; without it 24.
      second: child(1, 4000n),
      other: payOn([b!], { fee: 3000n }),
    });
    assert.deepEqual(order, ['parent', 'first', 'second', 'other']);
  });
});

test('what the owner adds to a fee counts for the order, and for what it replaces', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const [a, b, c] = await matureCoinbases(node, 3);
    const poor = payOn([a!], { fee: 500n });
    assert.deepEqual(await orderOf(node, { poor, rich: payOn([b!], { fee: 5000n }) }), ['rich', 'poor']);
    mempool.prioritise(poor.hash, 10_000);
    assert.equal(mempool.byFeeRate()[0]!.txid, hashToHex(poor.hash));
    const entry = mempool.get(hashToHex(poor.hash))!;
    assert.deepEqual([entry.fee, entry.modifiedFee, entry.ancestors.fees], [500n, 10_500, 10_500]);
    const rival = await mempool.accept(payOn([a!], { fee: 10_000n }), { source: 'peer' });
    assert.equal(rival.status, 'policy');
    mempool.prioritise(poor.hash, -10_000);
    assert.equal(mempool.feeDeltas.size, 0);
    // One that is still to come, too poor without it.
    const later = payOn([c!], { fee: 10n });
    mempool.prioritise(later.hash, 1000);
    assert.equal((await mempool.accept(later, { source: 'peer' })).status, 'accepted');
  });
});
