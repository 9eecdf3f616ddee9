import { inOneGo } from '../bytes/breathe.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { sha256dOfPairs } from '../bytes/sha256Pairs.ts';

export type MerkleRoot = Readonly<{ root: Uint8Array; isMutated: boolean }>;

const HASH_BYTES = 32;
/** Bytes of hashes that are paired before a pause: 1,000 pairs. */
const SLICE_BYTES = 2 * HASH_BYTES * 1000;

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
  if (hashes.length < 2) return { root: hashes[0] ?? new Uint8Array(HASH_BYTES), isMutated: false };
  let level = joinLevel(hashes);
  let isMutated = false;
  while (level.length > HASH_BYTES) {
    isMutated ||= hasTwins(level);
    const pairs = withEvenLength(level);
    const above = Buffer.alloc(pairs.length / 2);
    for (let at = 0; at < pairs.length; at += SLICE_BYTES) {
      above.set(sha256dOfPairs(pairs.subarray(at, at + SLICE_BYTES)), at / 2);
      if (pairs.length > SLICE_BYTES) yield;
    }
    level = above;
  }
  return { root: level, isMutated };
}

/** A level of the tree, its hashes one behind the other. */
export function joinLevel(hashes: readonly Uint8Array[]): Uint8Array {
  const level = new Uint8Array(HASH_BYTES * hashes.length);
  for (const [i, hash] of hashes.entries()) level.set(hash, HASH_BYTES * i);
  return level;
}

/** A level whose last hash has a partner: itself, where there is no other. */
export function withEvenLength(level: Uint8Array): Uint8Array {
  if (level.length % (2 * HASH_BYTES) === 0) return level;
  const even = new Uint8Array(level.length + HASH_BYTES);
  even.set(level);
  even.copyWithin(level.length, level.length - HASH_BYTES, level.length);
  return even;
}

/** Whether two equal hashes are a pair. */
function hasTwins(level: Uint8Array): boolean {
  for (let at = 0; at + 2 * HASH_BYTES <= level.length; at += 2 * HASH_BYTES) {
    // Most are told apart by their first byte.
    if (level[at] !== level[at + HASH_BYTES]) continue;
    const middle = at + HASH_BYTES;
    if (equalBytes(level.subarray(at, middle), level.subarray(middle, middle + HASH_BYTES))) return true;
  }
  return false;
}
