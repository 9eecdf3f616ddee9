import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUCKETS, bucketOf } from '../../../src/mempool/confirmationStats.ts';
import { FeeEstimator } from '../../../src/mempool/feeEstimator.ts';
import type { MempoolEntry } from '../../../src/mempool/mempoolEntry.ts';

let tag = 0;

/** As much of an entry as the estimator looks at. */
function waiting(height: number, feeRate: number, parents = 0): MempoolEntry {
  const hash = Buffer.alloc(32);
  hash.writeUInt32LE(++tag);
  return { transaction: { hash }, height, feeRate, parents: { size: parents } } as unknown as MempoolEntry;
}

/** A market: at every height transactions of each rate come in, and are confirmed after so many blocks. */
function simulate(
  estimator: FeeEstimator,
  blocks: number,
  market: readonly { feeRate: number; count: number; wait: number }[],
  start = estimator.bestHeight,
): void {
  const due = new Map<number, MempoolEntry[]>();
  for (let height = start + 1; height <= start + blocks; height++) {
    estimator.addBlock(height, due.get(height) ?? []);
    for (const { feeRate, count, wait } of market) {
      const entries = Array.from({ length: count }, () => waiting(height, feeRate));
      for (const entry of entries) estimator.add(entry);
      due.set(height + wait, [...(due.get(height + wait) ?? []), ...entries]);
    }
  }
}

test('buckets grow by 5 %, and a rate is in the first that holds it', () => {
  assert.equal(BUCKETS[0], 1);
  assert.equal(BUCKETS[1], 1.05);
  assert.equal(bucketOf(0.5), 0);
  assert.equal(bucketOf(1), 0);
  assert.equal(bucketOf(1.01), 1);
  assert.equal(bucketOf(1e9), BUCKETS.length - 1);
});

test('nothing is said before enough was seen', () => {
  const estimator = new FeeEstimator();
  assert.deepEqual(estimator.estimate(6, 'economical'), { feeRate: undefined, blocks: 0 });
  simulate(estimator, 3, [{ feeRate: 10, count: 1, wait: 1 }]);
  assert.deepEqual(estimator.estimate(6, 'economical'), { feeRate: undefined, blocks: 0 });
});

test('the cheapest rate that is in a block in time: the nearer the target, the more', () => {
  const estimator = new FeeEstimator();
  simulate(estimator, 400, [
    { feeRate: 50, count: 10, wait: 1 },
    { feeRate: 20, count: 10, wait: 5 },
    { feeRate: 5, count: 10, wait: 20 },
  ]);
  for (const mode of ['economical', 'conservative'] as const) {
    assert.ok(near(estimator.estimate(2, mode).feeRate, 50), mode);
    assert.ok(near(estimator.estimate(1, mode).feeRate, 50), mode);
    assert.equal(estimator.estimate(1, mode).blocks, 2);
    assert.ok(near(estimator.estimate(12, mode).feeRate, 20), mode);
    assert.ok(near(estimator.estimate(100, mode).feeRate, 5), mode);
  }
  // Of 400 blocks that were seen, no more than half.
  assert.equal(estimator.estimate(1008, 'economical').blocks, 199);
});

test('what leaves without a block counts against its rate', () => {
  const estimator = new FeeEstimator();
  const market = [{ feeRate: 30, count: 5, wait: 1 }];
  simulate(estimator, 100, market);
  const lost: MempoolEntry[] = [];
  for (let height = 101; height <= 150; height++) {
    const good = Array.from({ length: 5 }, () => waiting(height - 1, 30));
    for (const entry of good) estimator.add(entry);
    const poor = Array.from({ length: 5 }, () => waiting(height - 1, 3));
    for (const entry of poor) estimator.add(entry);
    lost.push(...poor);
    estimator.addBlock(height, good);
  }
  assert.ok(near(estimator.estimate(10, 'economical').feeRate, 30));
  for (const entry of lost) estimator.remove(entry);
  assert.ok(near(estimator.estimate(10, 'economical').feeRate, 30));
});

test('one with unconfirmed parents, or from another height, is not counted; nor a block twice', () => {
  const estimator = new FeeEstimator();
  const count = (estimate: FeeEstimator) =>
    estimate.medium.averages[0]!.reduce((sum, value) => sum + value, 0);
  simulate(estimator, 1, []);
  const child = waiting(1, 10, 1);
  const early = waiting(0, 10);
  const good = waiting(1, 10);
  for (const entry of [child, early, good]) estimator.add(entry);
  estimator.addBlock(2, [child, early, good]);
  assert.equal(count(estimator), 1);
  estimator.addBlock(2, [good]);
  estimator.addBlock(1, []);
  assert.equal(count(estimator), 1);
  // What is known fades.
  estimator.addBlock(3, []);
  assert.equal(count(estimator), 0.9952);
});

test('conservative remembers for longer than economical', () => {
  const estimator = new FeeEstimator();
  // Long ago 10 was not enough in time; for the last 40 blocks it has been.
  simulate(estimator, 600, [
    { feeRate: 60, count: 10, wait: 1 },
    { feeRate: 10, count: 10, wait: 11 },
  ]);
  simulate(estimator, 120, [
    { feeRate: 60, count: 10, wait: 1 },
    { feeRate: 10, count: 10, wait: 1 },
  ]);
  const economical = estimator.estimate(3, 'economical').feeRate!;
  const conservative = estimator.estimate(3, 'conservative').feeRate!;
  assert.ok(economical < conservative, `${economical} ${conservative}`);
});

function near(rate: number | undefined, expected: number): boolean {
  return rate !== undefined && Math.abs(rate - expected) < expected / 100;
}
