import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.ts';
import { encodeSignature, parseSignature } from '../../../src/crypto/signature.ts';
import { compactOf, N } from '../../vectors/signatures.ts';

const R = '4e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd41';
const S = '181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d09';
const HALF = (N - 1n) / 2n;

const valid: Record<string, [der: string, compact: string]> = {
  'of Bitcoin block 170': [`30440220${R}0220${S}`, R + S],
  'r with a sign byte': [`304502210080${R.slice(2)}0220${S}`, `80${R.slice(2)}${S}`],
  'the smallest': ['3006020101020101', `${'1'.padStart(64, '0')}${'1'.padStart(64, '0')}`],
  'r and s of 31 bytes': [
    `3042021f${R.slice(2)}021f${`7f${S.slice(4)}`}`,
    `00${R.slice(2)}007f${S.slice(4)}`,
  ],
  'r = n - 1': [`3045022100${hex32(N - 1n)}0220${S}`, hex32(N - 1n) + S],
  's = (n - 1) / 2': [`30440220${R}0220${hex32(HALF)}`, R + hex32(HALF)],
};

const invalid: Record<string, string> = {
  empty: '',
  'one byte': '30',
  'no integers': '3000',
  'another tag': `31440220${R}0220${S}`,
  'length one short': `30430220${R}0220${S}`,
  'length one over': `30450220${R}0220${S}`,
  'length in long form': `3081440220${R}0220${S}`,
  'indefinite length': `30800220${R}0220${S}0000`,
  'a byte behind': `30440220${R}0220${S}00`,
  'a byte behind inside the sequence': `30450220${R}0220${S}00`,
  'a third integer': `30470220${R}0220${S}020101`,
  'r is not an integer': `30440320${R}0220${S}`,
  's is not an integer': `30440220${R}0320${S}`,
  'r empty': `302402000220${S}`,
  's empty': `30240220${R}0200`,
  'r missing': `30220220${S}`,
  's missing': `30220220${R}`,
  's without length': `30230220${R}02`,
  'r length beyond the end': `30440260${R}0220${S}`,
  's length beyond the end': `30440220${R}0221${S}`,
  's length short of the end': `30440220${R}021f${S}`,
  'r length in long form': `3045028120${R}0220${S}`,
  'r negative': `3044022080${R.slice(2)}0220${S}`,
  's negative': `30440220${R}022080${S.slice(2)}`,
  'r with a needless zero': `3045022100${R}0220${S}`,
  's with a needless zero': `30450220${R}022100${S}`,
  'r with two sign bytes': `30460222000080${R.slice(2)}0220${S}`,
  'r = 0': `30250201000220${S}`,
  's = 0': `30250220${R}020100`,
  'r = n': `3045022100${hex32(N)}0220${S}`,
  'r = 2^256 - 1': `3045022100${'ff'.repeat(32)}0220${S}`,
  'r of 33 bytes': `3045022101${R}0220${S}`,
  's = (n + 1) / 2': `30440220${R}0220${hex32(HALF + 1n)}`,
  's = n - 1': `30450220${R}022100${hex32(N - 1n)}`,
  's of 33 bytes': `30450220${R}022101${S}`,
  'with the hash type': `30440220${R}0220${S}01`,
};

for (const [name, [der, compact]] of Object.entries(valid)) {
  test(`reads a signature: ${name}`, () => {
    assert.equal(bytesToHex(parseSignature(hexToBytes(der))!), compact);
    assert.equal(bytesToHex(encodeSignature(hexToBytes(compact))), der);
  });
}

for (const [name, der] of Object.entries(invalid)) {
  test(`refuses a signature: ${name}`, () => assert.equal(parseSignature(hexToBytes(der)), undefined));
}

test('refuses every other length of the same signature', () => {
  const der = hexToBytes(`30440220${R}0220${S}`);
  for (let length = 0; length < der.length; length++) {
    assert.equal(parseSignature(der.subarray(0, length)), undefined);
  }
});

test('what is written is read again', () => {
  const r = fc.bigInt({ min: 1n, max: N - 1n });
  const s = fc.bigInt({ min: 1n, max: HALF });
  fc.assert(
    fc.property(r, s, (rValue, sValue) => {
      const compact = compactOf(rValue, sValue);
      assert.deepEqual(parseSignature(encodeSignature(compact)), compact);
    }),
  );
});

test('whatever can be read is written in the same bytes: there is one form', () => {
  const der = hexToBytes(`30440220${R}0220${S}`);
  const mutation = fc.tuple(fc.nat({ max: der.length - 1 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 4 }), (mutations) => {
      const mutated = Uint8Array.from(der);
      for (const [at, byte] of mutations) mutated[at] = byte;
      const compact = parseSignature(mutated);
      if (compact !== undefined) assert.deepEqual(encodeSignature(compact), mutated);
    }),
    { numRuns: 2000 },
  );
});

function hex32(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}
