import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bech32, bech32m } from '@scure/base';
import fc from 'fast-check';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.ts';
import { AddressError, decodeAddress, encodeAddress } from '../../../src/crypto/address.ts';
import { publicKeyOf } from '../../../src/crypto/keys.ts';
import { bytes32, N } from '../../vectors/signatures.ts';

const KEY = hexToBytes('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
const ADDRESS = 'icrt1qfumuen7l8wthtz45p3ftn58pvrs9xlumvkuu2xet8egzkcklqtesxueasm';

test('the address of the base point, on each network', () => {
  assert.equal(encodeAddress(KEY, 'icrt'), ADDRESS);
  for (const prefix of ['ic', 'tic', 'icrt']) {
    const address = encodeAddress(KEY, prefix);
    assert.equal(address.length, prefix.length + 1 + 53 + 6);
    assert.ok(address.startsWith(`${prefix}1qfumuen7l8wthtz45p3ftn58pvrs9xlumvkuu2xet8egzkcklqtes`), address);
    assert.equal(bytesToHex(decodeAddress(address, prefix)), bytesToHex(KEY));
    assert.equal(bytesToHex(decodeAddress(address.toUpperCase(), prefix)), bytesToHex(KEY));
  }
});

test('a prefix so long that the address has more than 90 characters works', () => {
  const prefix = 'a-network-with-a-very-long-name-x';
  assert.equal(bytesToHex(decodeAddress(encodeAddress(KEY, prefix), prefix)), bytesToHex(KEY));
});

test('every typo of one character is found', () => {
  for (let at = 5; at < ADDRESS.length; at++) {
    const typo = `${ADDRESS.slice(0, at)}${ADDRESS[at] === 'q' ? 'p' : 'q'}${ADDRESS.slice(at + 1)}`;
    assert.throws(() => decodeAddress(typo, 'icrt'), { name: 'AddressError', message: /typo/ });
  }
});

const wrong: Record<string, [text: string, message: RegExp]> = {
  empty: ['', /begins with icrt1/],
  words: ['my wallet', /begins with icrt1/],
  'another network': [encodeAddress(KEY, 'ic'), /another network: it begins with ic1, not with icrt1/],
  'cut off': [ADDRESS.slice(0, -1), /has 64 characters, this has 63/],
  'too long': [`${ADDRESS}q`, /has 64 characters, this has 65/],
  'mixed case': [`ICRT1${ADDRESS.slice(5)}`, /all lower case or all upper case/],
  'a character that bech32 lacks': [`${ADDRESS.slice(0, -1)}b`, /typo/],
  'not a character at all': [`${ADDRESS.slice(0, -1)}é`, /typo/],
  'bech32, not bech32m': [bech32.encode('icrt', bech32.toWords(KEY)), /typo/],
  'padding that is not zero': [padded(1), /not hold a public key/],
  'a hybrid prefix': [encodeAddress(Uint8Array.of(6, ...KEY.subarray(1)), 'icrt'), /not hold a public key/],
  'off the curve': [encodeAddress(Uint8Array.of(2, ...bytes32(5n)), 'icrt'), /not hold a public key/],
};

for (const [name, [text, message]] of Object.entries(wrong)) {
  test(`refuses an address: ${name}`, () =>
    assert.throws(() => decodeAddress(text, 'icrt'), { name: 'AddressError', message }));
}

test('an address holds a key of 33 bytes', () => {
  assert.throws(() => encodeAddress(KEY.subarray(1), 'icrt'), RangeError);
});

test('what is encoded is decoded, and nothing but an AddressError is thrown', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: N - 1n }), fc.string({ maxLength: 80 }), (scalar, text) => {
      const publicKey = publicKeyOf(bytes32(scalar));
      assert.deepEqual(decodeAddress(encodeAddress(publicKey, 'icrt'), 'icrt'), publicKey);
      for (const attempt of [text, `icrt1${text}`, `icrt1${text.padEnd(59, 'q').slice(0, 59)}`]) {
        assert.throws(() => decodeAddress(attempt, 'icrt'), AddressError);
      }
    }),
    { numRuns: 50 },
  );
});

function padded(lastBit: number): string {
  const words = bech32m.toWords(KEY);
  words[52] = words[52]! | lastBit;
  return bech32m.encode('icrt', words);
}
