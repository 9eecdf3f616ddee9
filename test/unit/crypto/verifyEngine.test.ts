import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verify } from '@noble/secp256k1';
import fc from 'fast-check';
import { generatePrivateKey, isOnCurve, publicKeyOf, signDigest } from '../../../src/crypto/keys.ts';
import { parseSignature } from '../../../src/crypto/signature.ts';
import { loadVerifyEngine } from '../../../src/crypto/verifyEngine.ts';
import { compactOf, N, signatureVectors } from '../../vectors/signatures.ts';

const native = await loadVerifyEngine('native');
const wasm = await loadVerifyEngine('wasm');

/** A third, independent implementation, too slow for the node. */
function nobleSays(digest: Uint8Array, compact: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return verify(compact, digest, publicKey, { prehash: false, lowS: true });
  } catch {
    return false;
  }
}

test('each engine has its name, and the native one is preferred', async () => {
  assert.equal(native.name, 'native');
  assert.equal(wasm.name, 'wasm');
  assert.equal((await loadVerifyEngine()).name, 'native');
});

for (const { name, digest, compact, publicKey, isValid } of signatureVectors()) {
  test(`${name}: ${isValid ? 'valid' : 'invalid'} for every engine`, () => {
    assert.equal(native.verify(digest, compact, publicKey), isValid, 'native');
    assert.equal(wasm.verify(digest, compact, publicKey), isValid, 'wasm');
    // noble cuts and pads digests of other lengths instead of refusing them.
    if (digest.length === 32) assert.equal(nobleSays(digest, compact, publicKey), isValid, 'noble');
  });
}

test('the engines agree on signatures with scalars near the edges of their range and keys of any bytes', () => {
  const edge = fc.oneof(
    fc.bigInt({ min: 0n, max: 4n }),
    fc.bigInt({ min: N / 2n - 2n, max: N / 2n + 2n }),
    fc.bigInt({ min: N - 2n, max: N + 2n }),
    fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  );
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const key = fc.oneof(
    fc.tuple(fc.constantFrom(2, 3, 4, 6), bytes(32)).map(([prefix, x]) => Uint8Array.of(prefix, ...x)),
    fc.uint8Array({ maxLength: 70 }),
  );
  fc.assert(
    fc.property(bytes(32), edge, edge, key, (digest, r, s, publicKey) => {
      const compact = compactOf(r, s);
      const expected = nobleSays(digest, compact, publicKey);
      assert.equal(native.verify(digest, compact, publicKey), expected);
      assert.equal(wasm.verify(digest, compact, publicKey), expected);
    }),
    { numRuns: 300 },
  );
});

test('what is signed verifies, and with one bit flipped anywhere it does not', () => {
  const privateKey = generatePrivateKey();
  const publicKey = publicKeyOf(privateKey);
  assert.ok(isOnCurve(publicKey));
  const digest32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(digest32, fc.nat({ max: 128 * 8 - 1 }), (digest, bit) => {
      const compact = parseSignature(signDigest(digest, privateKey))!;
      const fields = Uint8Array.from([...digest, ...compact, ...publicKey.subarray(1)]);
      const says = () => {
        const key = Uint8Array.of(publicKey[0]!, ...fields.subarray(96));
        const parts = [fields.subarray(0, 32), fields.subarray(32, 96), key] as const;
        return [native.verify(...parts), wasm.verify(...parts)];
      };
      assert.deepEqual(says(), [true, true]);
      fields[bit >> 3] = fields[bit >> 3]! ^ (1 << (bit & 7));
      assert.deepEqual(says(), [false, false]);
    }),
    { numRuns: 100 },
  );
});
