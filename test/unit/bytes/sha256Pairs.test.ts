import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { hashOneByOne, openSimdPairHasher, sha256dOfPairs } from '../../../src/bytes/sha256Pairs.ts';

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

test('both ways to hash pairs are SHA-256 of SHA-256, as node:crypto has it', () => {
  const simd = openSimdPairHasher();
  // Whole fours and what is left over, one part of the kernel's memory and several.
  for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 9, 1023, 1024, 1025, 3001]) {
    const messages = randomBytes(64 * count);
    const expected = Buffer.concat(
      Array.from({ length: count }, (_, i) => sha256(sha256(messages.subarray(64 * i, 64 * i + 64)))),
    );
    for (const hash of [simd, hashOneByOne, sha256dOfPairs]) {
      assert.ok(expected.equals(hash(messages)), `${hash.name} of ${count}`);
    }
  }
});

test('what was hashed before leaves no trace, and a result stays what it is', () => {
  const simd = openSimdPairHasher();
  const one = randomBytes(64);
  const alone = simd(one);
  const kept = Buffer.from(alone);
  simd(randomBytes(64 * 1000));
  assert.ok(kept.equals(alone));
  assert.ok(kept.equals(simd(one)));
});
