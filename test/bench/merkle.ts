import { randomBytes } from 'node:crypto';
import { hashOneByOne, sha256dOfPairs } from '../../src/bytes/sha256Pairs.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';

const LEAVES = 5000;
const ROUNDS = 40;

/** The root of a large block's tree, and its hashes alone, one by one and four at a time. */
export async function run(): Promise<void> {
  const leaves = Array.from({ length: LEAVES }, () => randomBytes(32));
  const pairs = randomBytes(64 * (LEAVES - 1));
  let [root, oneByOne, four] = new Array<number>(3).fill(Number.POSITIVE_INFINITY) as [
    number,
    number,
    number,
  ];
  for (let round = 0; round < ROUNDS; round++) {
    oneByOne = Math.min(
      oneByOne,
      timeOf(() => hashOneByOne(pairs)),
    );
    four = Math.min(
      four,
      timeOf(() => sha256dOfPairs(pairs)),
    );
    root = Math.min(
      root,
      timeOf(() => merkleRoot(leaves)),
    );
  }
  console.log(
    `${LEAVES - 1} pairs: one by one ${oneByOne.toFixed(2)} ms, four at a time ${four.toFixed(2)} ms`,
  );
  console.log(
    `${(oneByOne / four).toFixed(1)} times as fast; the root of ${LEAVES} leaves: ${root.toFixed(2)} ms`,
  );
}

function timeOf(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
