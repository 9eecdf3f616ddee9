import { concatBytes } from '../bytes/bytes.ts';
import { sha256d } from '../bytes/sha256.ts';

/**
 * The hashes that lead from the first of these to the root of their merkle tree, lowest first: all that must be hashed
 * again when only the first, the coinbase's, changes. `hashes[0]` is not looked at.
 */
export function merkleBranch(hashes: readonly Uint8Array[]): Uint8Array[] {
  const branch: Uint8Array[] = [];
  let level = hashes;
  while (level.length > 1) {
    branch.push(level[1]!);
    const above: Uint8Array[] = [level[0]!];
    for (let i = 2; i < level.length; i += 2) {
      above.push(sha256d(concatBytes(level[i]!, level[i + 1] ?? level[i]!)));
    }
    level = above;
  }
  return branch;
}

/** The root of the tree whose first hash is `first`. */
export function rootOfBranch(first: Uint8Array, branch: readonly Uint8Array[]): Uint8Array {
  return branch.reduce((hash, sibling) => sha256d(concatBytes(hash, sibling)), first);
}
