import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withFolder } from '../support/chains.ts';
import { type Brought, mineInTheOpen } from '../support/miningTogether.ts';

/** What a block in flight costs one and not the other: some milliseconds of the hundred and more that a block takes. */
const LOST_TO_DISTANCE = 0.04;

/**
 * Given how many hashes each of them tried, blocks fall to miners at random in proportion: five standard deviations either
 * way are passed in one of 1.7 million runs.
 */
function assertShares(brought: readonly Brought[]): void {
  const sum = (of: (it: Brought) => number) => brought.reduce((total, it) => total + of(it), 0);
  const [hashes, blocks] = [sum((it) => it.hashes), sum((it) => it.blocks)];
  for (const it of brought) {
    const share = it.hashes / hashes;
    const slack = 5 * Math.sqrt((share * (1 - share)) / blocks) + LOST_TO_DISTANCE;
    const told = `${it.name}: ${it.blocks} of ${blocks} blocks for ${(100 * share).toFixed(1)} % of the hashes`;
    assert.ok(share > 0.02, `${told}: too weak to tell anything`);
    assert.ok(Math.abs(it.blocks / blocks - share) < slack, told);
  }
  // And all together found as many as their hashes should: 2^20 for each, as far as none was for an old tip.
  const perBlock = hashes / blocks / 2 ** 20;
  assert.ok(perBlock > 1 - 5 / Math.sqrt(blocks), `${perBlock}`);
  assert.ok(perBlock < 1.25 + 5 / Math.sqrt(blocks), `${perBlock}`);
}

test('a miner of the node, a machine, and one more that comes and goes share the blocks by their strength', async (t) => {
  await withFolder(async (folder) => {
    const { alone, joined, ofThirdAfterwards } = await mineInTheOpen(folder, 80);
    t.diagnostic(JSON.stringify({ alone, joined }));
    assertShares(alone);
    assertShares(joined);
    assert.equal(ofThirdAfterwards, 0);
  });
});
