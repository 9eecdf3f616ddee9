import { sha256dPair } from '../bytes/sha256.ts';
import { sha256dOfPairs } from '../bytes/sha256Pairs.ts';
import { joinLevel, withEvenLength } from '../primitives/merkle.ts';

const HASH_BYTES = 32;

/**
 * The hashes that lead from the first of these to the root of their merkle tree, lowest first: all that must be hashed
 * again when only the first, the coinbase's, changes. What `hashes[0]` is changes none of them.
 */
export function merkleBranch(hashes: readonly Uint8Array[]): Uint8Array[] {
  const branch: Uint8Array[] = [];
  let level = joinLevel(hashes);
  while (level.length > HASH_BYTES) {
    branch.push(Buffer.from(level.subarray(HASH_BYTES, 2 * HASH_BYTES)));
    level = sha256dOfPairs(withEvenLength(level));
  }
  return branch;
}

/** The root of the tree whose first hash is `first`. */
export function rootOfBranch(first: Uint8Array, branch: readonly Uint8Array[]): Uint8Array {
  return branch.reduce((hash, sibling) => sha256dPair(hash, sibling), first);
}
