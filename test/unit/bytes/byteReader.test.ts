import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteReader } from '../../../src/bytes/byteReader.ts';
import { bytesToKey, keyToBytes } from '../../../src/bytes/bytes.ts';
import { ByteWriter } from '../../../src/bytes/byteWriter.ts';
import { DecodeError } from '../../../src/bytes/decodeError.ts';
import { bytesToHex, hashToHex, hexToBytes, hexToHash } from '../../../src/bytes/hex.ts';
import { sha256, sha256d } from '../../../src/bytes/sha256.ts';

const reader = (hex: string) => new ByteReader(hexToBytes(hex));

describe('CompactSize', () => {
  const edges: [value: number, hex: string][] = [
    [0, '00'],
    [0xfc, 'fc'],
    [0xfd, 'fdfd00'],
    [0xffff, 'fdffff'],
    [0x1_0000, 'fe00000100'],
    [0xffff_ffff, 'feffffffff'],
    [0x1_0000_0000, 'ff0000000001000000'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffffff1f00'],
  ];
  test('reads and writes the shortest form', () => {
    for (const [value, hex] of edges) {
      assert.equal(reader(hex).compactSize(), value);
      assert.equal(bytesToHex(new ByteWriter(1).compactSize(value).finish()), hex);
    }
  });

  test('refuses a form that is longer than needed, cut off, or beyond any length', () => {
    const bad = [
      'fdfc00',
      'fd0000',
      'feffff0000',
      'ffffffffff00000000',
      'ff0000000000002000',
      'ffffffffffffffffff',
    ];
    for (const hex of [...bad, '', 'fd', 'fdff', 'fe000001', 'ff00000000010000']) {
      assert.throws(() => reader(hex).compactSize(), DecodeError, hex);
    }
  });

  test('a count is refused when its items cannot all be there, before anything is made for them', () => {
    assert.equal(reader('02aabbccdd').count(2), 2);
    assert.throws(() => reader('03aabbccdd').count(2), DecodeError);
    assert.throws(() => reader('feffffffff').count(1), DecodeError);
  });
});

describe('ByteReader and ByteWriter', () => {
  test('give back what was put in, however small the buffer began', () => {
    const fields = fc.record({
      u8: fc.nat(0xff),
      u16: fc.nat(0xffff),
      u32: fc.nat(0xffff_ffff),
      i32: fc.integer(),
      u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      bytes: fc.uint8Array({ maxLength: 300 }),
      size: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(
        fields,
        fc.integer({ min: 0, max: 40 }),
        ({ u8, u16, u32, i32, u64, bytes, size }, room) => {
          const written = new ByteWriter(room)
            .u8(u8)
            .u16(u16)
            .u32(u32)
            .i32(i32)
            .u64(u64)
            .compactSize(bytes.length);
          const it = new ByteReader(written.bytes(bytes).compactSize(size).finish());
          assert.deepEqual([it.u8(), it.u16(), it.u32(), it.i32(), it.u64()], [u8, u16, u32, i32, u64]);
          assert.deepEqual(Uint8Array.from(it.bytes(it.compactSize())), bytes);
          assert.equal(it.compactSize(), size);
          it.expectEnd();
        },
      ),
    );
  });

  test('never reads past the end', () => {
    for (const read of ['u8', 'u16', 'u32', 'i32', 'u64'] as const) {
      assert.throws(() => reader('')[read](), DecodeError);
    }
    assert.throws(() => reader('aabb').bytes(3), DecodeError);
    assert.throws(() => reader('aa').expectEnd(), DecodeError);
  });
});

test('hex, hashes and keys', () => {
  assert.equal(bytesToHex(hexToBytes('00ffA0')), '00ffa0');
  for (const bad of ['0', 'zz', ' 0', '0x']) assert.throws(() => hexToBytes(bad), DecodeError);
  const hash = hexToHash(`${'00'.repeat(31)}01`);
  assert.equal(hash[0], 1);
  assert.equal(hashToHex(hash), `${'00'.repeat(31)}01`);
  assert.throws(() => hexToHash('00'), DecodeError);
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(Uint8Array.from(keyToBytes(bytesToKey(all))), all);
});

test('SHA-256 of "abc" (FIPS 180-4), and twice', () => {
  const abc = Buffer.from('abc');
  assert.equal(bytesToHex(sha256(abc)), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.deepEqual(sha256d(abc), sha256(sha256(abc)));
});
