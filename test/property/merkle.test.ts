import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { merkleBranch, rootOfBranch } from '../../src/mining/merkleBranch.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';

/** Bitcoin's tree once more, as plainly as can be. */
function plainRoot(hashes: readonly Buffer[]): { root: Buffer; isMutated: boolean } {
  let level = hashes;
  let isMutated = false;
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const right = level[i + 1];
      if (right?.equals(level[i]!)) isMutated = true;
      above.push(sha256(sha256(Buffer.concat([level[i]!, right ?? level[i]!]))));
    }
    level = above;
  }
  return { root: level[0] ?? Buffer.alloc(32), isMutated };
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Some hashes, few enough of them different that pairs and repeated tails come up; any number of them. */
const hash = fc.nat({ max: 40 }).map((value) => sha256(Buffer.of(value)));
const many = fc.oneof(
  fc.array(hash, { maxLength: 70 }),
  fc
    .integer({ min: 0, max: 4500 })
    .map((count) => Array.from({ length: count }, (_, i) => sha256(Buffer.from(`${i}`)))),
  // A list whose tail is repeated, as in CVE-2012-2459.
  fc
    .tuple(fc.array(hash, { minLength: 1, maxLength: 40 }), fc.nat({ max: 40 }))
    .map(([list, repeated]) => [...list, ...list.slice(-Math.min(repeated, list.length))]),
);

test('the root of any hashes, and whether the tree is mutated', () => {
  fc.assert(
    fc.property(many, (hashes) => {
      const { root, isMutated } = merkleRoot(hashes);
      const expected = plainRoot(hashes);
      assert.equal(Buffer.from(root).toString('hex'), expected.root.toString('hex'));
      assert.equal(isMutated, expected.isMutated);
    }),
    { numRuns: 150 },
  );
});

test('the branch of the first hash leads to the same root', () => {
  fc.assert(
    fc.property(many, (hashes) => {
      if (hashes.length === 0) return;
      const root = rootOfBranch(hashes[0]!, merkleBranch([Buffer.alloc(32), ...hashes.slice(1)]));
      assert.equal(Buffer.from(root).toString('hex'), plainRoot(hashes).root.toString('hex'));
    }),
    { numRuns: 80 },
  );
});
