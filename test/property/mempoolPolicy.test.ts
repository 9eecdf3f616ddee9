import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Mempool } from '../../src/mempool/mempool.ts';
import type { MempoolEntry } from '../../src/mempool/mempoolEntry.ts';
import { outpointKey, type Transaction } from '../../src/primitives/transaction.ts';
import { signedTransaction } from '../support/blocks.ts';
import { withMiningNode } from '../support/mining.ts';
import { matureCoinbases, miner, spendable } from '../support/payments.ts';
import { MempoolModel, sum } from './mempoolModel.ts';

/** A payment: which outputs of the transactions so far it spends, spent ones too, and at what rate. */
type Plan = Readonly<{ from: readonly number[]; outputs: number; feeRate: number; near: boolean }>;

const plan: fc.Arbitrary<Plan> = fc.record({
  from: fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 3 }),
  outputs: fc.integer({ min: 1, max: 4 }),
  feeRate: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 300 })),
  near: fc.boolean(),
});

test('payments, replacements and evictions end as in a slow model of the policy', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(plan, { minLength: 40, maxLength: 90 }),
      fc.constantFrom(16_000, 40_000, 1_000_000),
      async (plans, maxUsageBytes) => {
        await withMiningNode(
          async (node) => {
            const model = new MempoolModel(maxUsageBytes);
            const history = await matureCoinbases(node, 12);
            for (const next of plans) {
              const payment = pay(next, history);
              if (payment === undefined) continue;
              const verdict = await node.mempool.accept(payment.transaction, { source: 'test' });
              // What spends outputs of those that left is an orphan: the model knows nothing of coins.
              if (verdict.status === 'orphan') continue;
              const expected = model.accept(payment.transaction, payment.fee);
              const actual = verdict.status === 'policy' ? verdict.reason : verdict.status;
              assert.equal(actual, expected);
              seen.set(actual, (seen.get(actual) ?? 0) + 1);
              if (actual === 'accepted') history.push(payment.transaction);
              compare(node.mempool, model);
              // The mempool counts ties by the second in which they came, the model by their order.
              node.clock.nowSec++;
            }
          },
          { maxUsageBytes },
        );
      },
    ),
    { numRuns: 12, endOnFailure: true, includeErrorInReport: true },
  );
  for (const outcome of ['accepted', 'insufficient fee', 'mempool min fee not met'])
    assert.ok((seen.get(outcome) ?? 0) > 0, `${outcome} was never seen: ${JSON.stringify([...seen])}`);
});

function pay(
  { from, outputs, feeRate, near }: Plan,
  history: readonly Transaction[],
): { transaction: Transaction; fee: number } | undefined {
  const spends = new Map<string, { amount: bigint; spend: ReturnType<typeof spendable> }>();
  for (const number of from) {
    // Near: the newest, so that chains grow. Otherwise any, mostly spent already.
    const transaction = history[history.length - 1 - (number % Math.min(history.length, near ? 3 : 1000))]!;
    const index = number % transaction.outputs.length;
    const { amount } = transaction.outputs[index]!;
    spends.set(outpointKey(transaction.hash, index), { amount, spend: spendable(transaction, index) });
  }
  const total = [...spends.values()].reduce((all, { amount }) => all + amount, 0n);
  const fee = feeRate * (12 + 114 * spends.size + 44 * outputs);
  const share = (total - BigInt(fee)) / BigInt(outputs);
  if (share < 1000n) return undefined;
  const { lockingScript } = miner;
  const transaction = signedTransaction(
    [...spends.values()].map(({ spend }) => spend),
    Array.from({ length: outputs }, () => ({ amount: share, lockingScript })),
  );
  return { transaction, fee: Number(total - share * BigInt(outputs)) };
}

function compare(mempool: Mempool, model: MempoolModel): void {
  assert.deepEqual(
    [...mempool.entries()].map(({ txid }) => txid),
    model.entries.map(({ txid }) => txid),
  );
  assert.equal(mempool.minFeeRate, Math.max(1, model.floor));
  assert.equal(mempool.usage, sum(model.entries, 'usage'));
  for (const entry of model.entries) {
    const { ancestors, descendants } = mempool.get(entry.txid)!;
    for (const [sums, members] of [
      [ancestors, model.ancestors(entry)],
      [descendants, model.descendants(entry)],
    ] as const) {
      assert.deepEqual(sums, {
        count: members.length,
        bytes: sum(members, 'bytes'),
        fees: sum(members, 'fee'),
      });
    }
  }
  checkOrder(mempool.byFeeRate());
}

/** Each time the next ones are what some entry that is worth most still needs, with it at the end. */
function checkOrder(order: readonly MempoolEntry[]): void {
  const placed = new Set<MempoolEntry>();
  while (placed.size < order.length) {
    const left = order.filter((entry) => !placed.has(entry)).map((entry) => packageOf(entry, placed));
    const best = Math.max(...left.map(({ score }) => score));
    const next = left.find(({ members, score }) => {
      const upcoming = new Set(order.slice(placed.size, placed.size + members.size));
      return Math.abs(score - best) < 1e-9 && [...members].every((member) => upcoming.has(member));
    });
    assert.ok(next !== undefined, 'what comes next is not what pays most');
    for (const member of next.members) placed.add(member);
  }
}

function packageOf(
  entry: MempoolEntry,
  placed: ReadonlySet<MempoolEntry>,
): { members: Set<MempoolEntry>; score: number } {
  const members = new Set([entry]);
  for (const member of members)
    for (const parent of member.parents) if (!placed.has(parent)) members.add(parent);
  let [fees, bytes] = [0, 0];
  for (const { fee, transaction } of members) {
    fees += Number(fee);
    bytes += transaction.bytes.length;
  }
  return { members, score: Math.min(entry.feeRate, fees / bytes) };
}
