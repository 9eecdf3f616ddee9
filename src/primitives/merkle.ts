import { inOneGo } from '../bytes/breathe.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { sha256dPair } from '../bytes/sha256.ts';

export type MerkleRoot = Readonly<{ root: Uint8Array; isMutated: boolean }>;

/** Hashes made before a pause. */
const SLICE = 1000;

/**
 * The root of Bitcoin's merkle tree over the hashes (32 bytes each; 32 zeros for none), and whether the tree is mutated.
 *
 * A level of odd length pairs its last hash with itself, so a list that repeats its tail has the same root as the one
 * that does not (CVE-2012-2459). `isMutated` says that two equal hashes were paired, at any level: such a block must be
 * refused without condemning its hash, which the honest block shares.
 */
export function merkleRoot(hashes: readonly Uint8Array[]): MerkleRoot {
  return inOneGo(hashingMerkleRoot(hashes));
}

/** merkleRoot with pauses. */
export function* hashingMerkleRoot(hashes: readonly Uint8Array[]): Generator<void, MerkleRoot> {
  let level = hashes;
  let isMutated = false;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i]!;
      const right = level[i + 1] ?? left;
      if (i + 1 < level.length && equalBytes(left, right)) isMutated = true;
      above.push(sha256dPair(left, right));
      if (above.length % SLICE === 0) yield;
    }
    level = above;
  }
  return { root: level[0] ?? new Uint8Array(32), isMutated };
}
