import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.ts';
import { generatePrivateKey, isOnCurve, publicKeyOf, signDigest } from '../../../src/crypto/keys.ts';
import { parseSignature } from '../../../src/crypto/signature.ts';
import { badKeyVectors, N } from '../../vectors/signatures.ts';

const G = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const ONE = hexToBytes('1'.padStart(64, '0'));

test('the public key of 1 is the base point', () => assert.equal(bytesToHex(publicKeyOf(ONE)), G));

test('private keys outside 1..n-1 are refused', () => {
  for (const key of ['0'.repeat(64), N.toString(16), 'f'.repeat(64), '01']) {
    assert.throws(() => publicKeyOf(hexToBytes(key)));
  }
});

test('generated keys differ and are valid', () => {
  const keys = Array.from({ length: 20 }, generatePrivateKey);
  assert.equal(new Set(keys.map(bytesToHex)).size, keys.length);
  for (const key of keys) assert.ok(isOnCurve(publicKeyOf(key)));
});

test('signs the digest itself, as RFC 6979 says', () => {
  // Trezor's vector for secp256k1: key 1, message "Satoshi Nakamoto", whose SHA-256 this is.
  const digest = hexToBytes('a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e');
  assert.equal(
    bytesToHex(parseSignature(signDigest(digest, ONE))!),
    '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8' +
      '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
  );
});

for (const { name, publicKey } of badKeyVectors()) {
  test(`not a public key: ${name}`, () => assert.equal(isOnCurve(publicKey), false));
}
