import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashToHex } from '../../src/bytes/hex.ts';
import type { BlockNode } from '../../src/chain/blockNode.ts';
import { outpointKey, type Transaction } from '../../src/primitives/transaction.ts';
import { signedTransaction, solvedBlock } from '../support/blocks.ts';
import { type MiningNode, withMiningNode } from '../support/mining.ts';
import { matureCoinbases, mine, miner, spendable } from '../support/payments.ts';

/**
 * Any order of payments, double spends, blocks and reorganizations, some at the same time, leaves a mempool whose parts fit
 * together and which fits into the next blocks whole: the chain itself, which knows nothing of mempools, is the judge.
 */

/** What happens next. Numbers choose among what there is at the time. */
type Step =
  | { do: 'pay'; from: readonly number[]; outputs: number; feeRate: number }
  | { do: 'mine' }
  | { do: 'reorganize'; depth: number; include: readonly number[] };

const some = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('pay' as const),
      from: fc.array(some, { minLength: 1, maxLength: 3 }),
      outputs: fc.integer({ min: 1, max: 4 }),
      feeRate: fc.integer({ min: 1, max: 50 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mine' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('reorganize' as const),
      depth: fc.integer({ min: 1, max: 3 }),
      include: fc.array(some, { maxLength: 6 }),
    }),
  },
);

test('whatever comes in whatever order, the mempool is consistent and can be mined', async () => {
  const steps = fc.array(step, { minLength: 20, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (plan, isTight) => {
      await withMiningNode((node) => play(node, plan), isTight ? { maxUsageBytes: 30_000 } : {});
    }),
    { numRuns: 8, endOnFailure: true, includeErrorInReport: true },
  );
});

async function play(node: MiningNode, steps: readonly Step[]): Promise<void> {
  const history = await matureCoinbases(node, 5);
  const start = node.chain.tip.height;
  const underWay: Promise<unknown>[] = [];
  try {
    for (const next of steps) {
      if (next.do === 'pay') {
        const payment = pay(next, history);
        if (!payment) continue;
        history.push(payment);
        underWay.push(node.mempool.accept(payment, { source: String(underWay.length) }));
      } else if (next.do === 'mine') {
        await mine(node, 1);
      } else {
        await reorganize(node, next, start, history);
      }
      checkConsistency(node);
    }
  } finally {
    await Promise.all(underWay);
  }
  checkConsistency(node);
  // Children that waited for a parent may still be on their way in: they are for the block after.
  for (let blocks = 0; blocks < 5 && (blocks === 0 || node.mempool.size > 0); blocks++) {
    const there = [...node.mempool.entries()].map(({ txid }) => txid);
    // A block takes them all: if one were invalid, the chain would refuse it.
    await mine(node, 1);
    for (const txid of there) assert.ok(!node.mempool.get(txid), `${txid} was left out`);
  }
  assert.equal(node.mempool.size, 0);
}

/** Spends outputs of earlier transactions, spent ones too. */
function pay(plan: Extract<Step, { do: 'pay' }>, history: readonly Transaction[]): Transaction | undefined {
  const spends = new Map<string, { amount: bigint; spend: ReturnType<typeof spendable> }>();
  for (const number of plan.from) {
    // The newest more often, so that chains grow.
    const transaction = history[history.length - 1 - (number % Math.min(history.length, 8))]!;
    const index = number % transaction.outputs.length;
    const key = outpointKey(transaction.hash, index);
    spends.set(key, { amount: transaction.outputs[index]!.amount, spend: spendable(transaction, index) });
  }
  const total = [...spends.values()].reduce((sum, { amount }) => sum + amount, 0n);
  const fee = BigInt(plan.feeRate * (12 + 114 * spends.size + 44 * plan.outputs));
  const share = (total - fee) / BigInt(plan.outputs);
  if (share < 1000n) return undefined;
  const outputs = Array.from({ length: plan.outputs }, () => ({
    amount: share,
    lockingScript: miner.lockingScript,
  }));
  return signedTransaction(
    [...spends.values()].map(({ spend }) => spend),
    outputs,
  );
}

/** Another branch overtakes, with some of the transactions seen so far if they are valid there. */
async function reorganize(
  node: MiningNode,
  { depth, include }: Extract<Step, { do: 'reorganize' }>,
  start: number,
  history: readonly Transaction[],
): Promise<void> {
  const { chain } = node;
  const fork = chain.nodeAt(Math.max(start, chain.tip.height - depth))!;
  const wanted = include.map((number) => history[number % history.length]!);
  const length = chain.tip.height + 1 - fork.height;
  if (await overtake(node, fork, length, wanted)) return;
  assert.ok(await overtake(node, fork, length, []));
}

/** Blocks of another miner, the first with these transactions. False if the chain finds them invalid. */
async function overtake(
  { chain }: MiningNode,
  fork: BlockNode,
  length: number,
  transactions: readonly Transaction[],
): Promise<boolean> {
  let parent = { hash: fork.hashBytes, timeSec: fork.timeSec };
  for (let i = 1; i <= length; i++) {
    const block = solvedBlock({
      parent,
      height: fork.height + i,
      lockingScript: miner.lockingScript,
      amount: 1n,
      transactions: i === 1 ? transactions : [],
      // As the height comes from the same tip again and again, something has to tell the branches apart.
      extra: Uint8Array.of(transactions.length, branches & 0xff, branches >> 8),
      header: { timeSec: parent.timeSec + 1 },
    });
    await chain.acceptBlock(block, { requested: true, source: 'rival' });
    parent = { hash: block.header.hash, timeSec: block.header.timeSec };
  }
  branches++;
  return chain.tip.hash === hashToHex(parent.hash);
}

let branches = 0;

function checkConsistency({ mempool }: MiningNode): void {
  const entries = mempool.byFeeRate();
  assert.equal(entries.length, mempool.size);
  assert.equal(
    entries.reduce((sum, { transaction }) => sum + transaction.bytes.length, 0),
    mempool.bytes,
  );
  assert.ok(mempool.usage <= mempool.maxUsage);
  const before = new Set<string>();
  const spent = new Set<string>();
  for (const entry of entries) {
    assert.equal(mempool.get(entry.txid), entry);
    const { inputs } = entry.transaction;
    for (const { outpoint } of inputs) {
      const key = outpointKey(outpoint.txHash, outpoint.index);
      assert.ok(!spent.has(key), 'a coin is spent twice');
      spent.add(key);
      assert.equal(mempool.spenderOf(outpoint), entry.txid);
    }
    const parents = new Set(
      inputs.map(({ outpoint }) => hashToHex(outpoint.txHash)).filter((txid) => mempool.has(txid)),
    );
    assert.deepEqual(new Set([...entry.parents].map(({ txid }) => txid)), parents);
    for (const parent of entry.parents) {
      assert.ok(before.has(parent.txid), 'a child before its parent');
      assert.ok(parent.children.has(entry));
    }
    for (const child of entry.children) assert.ok(child.parents.has(entry) && mempool.has(child.txid));
    before.add(entry.txid);
  }
}
