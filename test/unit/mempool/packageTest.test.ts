import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestVerdict } from '../../../src/mempool/packageTest.ts';
import type { Transaction } from '../../../src/primitives/transaction.ts';
import { makeKeys, signedTransaction } from '../../support/blocks.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { matureCoinbases, mine, miner, payOn, spendable } from '../../support/payments.ts';

/** The package's error, or a word for each verdict. */
async function ask({ mempool }: MiningNode, ...transactions: Transaction[]): Promise<string[]> {
  const size = mempool.size;
  const { error, verdicts } = await mempool.test(transactions);
  assert.equal(mempool.size, size);
  assert.equal(verdicts.length, transactions.length);
  return error === undefined ? verdicts.map(wordFor) : [error];
}

function wordFor(verdict: TestVerdict): string {
  switch (verdict.status) {
    case 'policy':
      return verdict.reason;
    case 'rejected':
      return verdict.rejection.code;
    case 'known':
      return verdict.isInChain ? 'in chain' : 'in mempool';
    case 'allowed':
      return `fee ${verdict.fee}`;
    case 'missing':
    case 'unjudged':
      return verdict.status;
  }
}

test('what would become of one: every kind of answer', async () => {
  await withMiningNode(async (node) => {
    const coins = await matureCoinbases(node, 3);
    const mined = payOn([coins[0]!]);
    await node.mempool.accept(mined, { source: 'test' });
    await mine(node, 1);
    const waiting = payOn([coins[1]!], { fee: 1000n });
    await node.mempool.accept(waiting, { source: 'test' });
    assert.deepEqual(await ask(node, mined), ['in chain']);
    assert.deepEqual(await ask(node, waiting), ['in mempool']);
    assert.deepEqual(await ask(node, payOn([waiting], { fee: 700n })), ['fee 700']);
    assert.deepEqual(await ask(node, payOn([payOn([coins[2]!])])), ['missing']);
    assert.deepEqual(await ask(node, payOn([coins[2]!], { fee: -1n })), ['bad-txns-in-belowout']);
    const forged = signedTransaction(
      [{ ...spendable(coins[2]!), privateKey: makeKeys().privateKey }],
      [{ amount: 1000n, lockingScript: miner.lockingScript }],
    );
    assert.deepEqual(await ask(node, forged), ['bad-signature']);
    // Alone it may replace another.
    assert.deepEqual(await ask(node, payOn([coins[1]!], { fee: 1100n })), ['insufficient fee']);
    assert.deepEqual(await ask(node, payOn([coins[1]!], { fee: 5000n })), ['fee 5000']);
  });
});

test('a package: parents first, none twice, no conflicts, no replacements; one that fails leaves the others open', async () => {
  await withMiningNode(async (node) => {
    const coins = await matureCoinbases(node, 3);
    const parent = payOn([coins[0]!], { fee: 1000n });
    const child = payOn([parent], { fee: 2000n });
    const other = payOn([coins[1]!], { fee: 3000n });
    assert.deepEqual(await ask(node, parent, other, child), ['fee 1000', 'fee 3000', 'fee 2000']);
    assert.deepEqual(await ask(node, child, parent), ['package-not-sorted']);
    assert.deepEqual(await ask(node, parent, parent), ['package-contains-duplicates']);
    assert.deepEqual(await ask(node, parent, payOn([coins[0]!], { fee: 9000n })), ['conflict-in-package']);
    const poor = payOn([child], { fee: 1n });
    assert.deepEqual(await ask(node, parent, child, poor), ['unjudged', 'unjudged', 'min relay fee not met']);
    await node.mempool.accept(other, { source: 'test' });
    const rival = payOn([coins[1]!], { fee: 90_000n });
    assert.deepEqual(await ask(node, parent, rival), ['unjudged', 'bip125-replacement-disallowed']);
  });
});

test('a package counts as a whole for the families that it would join: 25, not 26', async () => {
  await withMiningNode(async (node) => {
    const [coin] = await matureCoinbases(node, 1);
    const fan = payOn([coin!], { outputs: 25, fee: 9000n });
    await node.mempool.accept(fan, { source: 'test' });
    const { lockingScript } = miner;
    const spend = (i: number) =>
      signedTransaction([spendable(fan, i)], [{ amount: fan.outputs[i]!.amount - 1000n, lockingScript }]);
    const spends = fan.outputs.map((_, i) => spend(i));
    assert.equal(new Set(await ask(node, ...spends.slice(0, 24))).size, 1);
    assert.deepEqual(await ask(node, ...spends), ['package-mempool-limits']);
    // A line of 25 with the one that waits.
    const line = [spend(0)];
    for (let i = 0; i < 24; i++) line.push(payOn([line[i]!]));
    assert.deepEqual((await ask(node, ...line)).at(-1), 'too-long-mempool-chain');
    assert.deepEqual((await ask(node, ...line.slice(0, 24))).at(-1), 'fee 1000');
  });
});
