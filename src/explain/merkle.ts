import { sha256dOfPairs } from '../bytes/sha256Pairs.ts';
import { joinLevel, withEvenLength } from '../primitives/merkle.ts';

const HASH_BYTES = 32;

/** One step from a transaction to the root. */
export type MerkleStep = Readonly<{
  left: Uint8Array;
  right: Uint8Array;
  /** Which of the two was known before: the other one proves it. */
  own: 'left' | 'right';
  /** Where a level has an odd length, its last hash is paired with itself. */
  isTwin: boolean;
  /** SHA-256d of the two, one behind the other. */
  parent: Uint8Array;
}>;

/** The levels of the tree, from the hashes of the transactions to the root. Empty for no hashes. */
export function merkleLevels(hashes: readonly Uint8Array[]): Uint8Array[][] {
  const levels: Uint8Array[][] = [];
  if (hashes.length === 0) return levels;
  let level = joinLevel(hashes);
  levels.push(hashesOf(level));
  while (level.length > HASH_BYTES) {
    level = sha256dOfPairs(withEvenLength(level));
    levels.push(hashesOf(level));
  }
  return levels;
}

/** From the transaction at `index` to the root. */
export function merklePath(hashes: readonly Uint8Array[], index: number): MerkleStep[] {
  const levels = merkleLevels(hashes);
  const steps: MerkleStep[] = [];
  let at = index;
  for (const [height, level] of levels.entries()) {
    const above = levels[height + 1];
    if (above === undefined) break;
    const left = level[at & ~1]!;
    const right = level[at | 1] ?? left;
    const own = at % 2 === 0 ? 'left' : 'right';
    steps.push({ left, right, own, isTwin: level[at | 1] === undefined, parent: above[at >> 1]! });
    at >>= 1;
  }
  return steps;
}

function hashesOf(level: Uint8Array): Uint8Array[] {
  return Array.from({ length: level.length / HASH_BYTES }, (_, i) =>
    level.subarray(HASH_BYTES * i, HASH_BYTES * (i + 1)),
  );
}
