import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashToHex, hashToNumber, hexToBytes } from '../../../src/bytes/hex.ts';
import { sha256d } from '../../../src/bytes/sha256.ts';
import { PlainNonceKernel } from '../../../src/mining/nonceSearch.ts';
import { SHA256_START, sha256Compress } from '../../../src/mining/sha256Compress.ts';

/** 1d00ffff: 2^224 less 2^208, little-endian. */
const BITCOIN_EASIEST = targetOf(0xffffn << 208n);

const headers = {
  'Bitcoin genesis': {
    header:
      '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e' +
      '67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
    nonce: 2083236893,
    hash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  },
  'Bitcoin block 170': {
    header:
      '0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb05421ab93e63f8c3' +
      'ce5c2c2e9dbb37de2764b3a3175c8166562cac7d51b96a49ffff001d283e9e70',
    nonce: 1889418792,
    hash: '00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee',
  },
};

for (const [name, { header, nonce, hash }] of Object.entries(headers)) {
  test(`finds the nonce of ${name}`, () => {
    const bytes = hexToBytes(header);
    assert.equal(hashToHex(sha256d(bytes)), hash);
    const kernel = new PlainNonceKernel();
    kernel.prepare(bytes, BITCOIN_EASIEST);
    assert.equal(kernel.search(nonce, 1), nonce);
    assert.equal(kernel.search(nonce - 20_000, 40_000), nonce);
    assert.equal(kernel.search(nonce + 1, 20_000), undefined);
    assert.equal(kernel.search(nonce - 20_000, 20_000), undefined);
  });
}

test('the hash must be below the target, not equal to it', () => {
  const header = hexToBytes(headers['Bitcoin genesis'].header);
  const hash = hashToNumber(sha256d(header));
  const kernel = new PlainNonceKernel();
  kernel.prepare(header, targetOf(hash));
  assert.equal(kernel.search(2083236893, 1), undefined);
  kernel.prepare(header, targetOf(hash + 1n));
  assert.equal(kernel.search(2083236893, 1), 2083236893);
});

test('the last nonce is tried, and no nonce means no answer', () => {
  const kernel = new PlainNonceKernel();
  kernel.prepare(new Uint8Array(80), targetOf(2n ** 256n - 1n));
  assert.equal(kernel.search(0xffff_ffff, 1), 0xffff_ffff);
  assert.equal(kernel.search(5, 0), undefined);
});

test('any header and target: the first nonce whose double SHA-256, as node:crypto computes it, is below', () => {
  const bytes = fc.uint8Array({ minLength: 80, maxLength: 80 });
  const start = fc.nat({ max: 0xffff_ffff - 300 });
  const target = fc.bigInt({ min: 2n ** 246n, max: 2n ** 255n });
  fc.assert(
    fc.property(bytes, start, target, (header, first, below) => {
      const kernel = new PlainNonceKernel();
      kernel.prepare(header, targetOf(below));
      assert.equal(kernel.search(first, 300), expected(header, first, below));
    }),
    { numRuns: 60 },
  );
});

test('one block compressed is SHA-256', () => {
  const message = 'abc';
  const block = new DataView(new ArrayBuffer(64));
  new Uint8Array(block.buffer).set(Buffer.from(`${message}\x80`, 'latin1'));
  block.setUint32(60, 8 * message.length);
  const digest = new Int32Array(8);
  sha256Compress(
    SHA256_START,
    Int32Array.from({ length: 16 }, (_, i) => block.getInt32(4 * i)),
    digest,
  );
  const hex = Array.from(digest, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  assert.equal(hex, createHash('sha256').update(message).digest('hex'));
});

function expected(header: Uint8Array, first: number, below: bigint): number | undefined {
  const bytes = Buffer.from(header);
  for (let nonce = first; nonce < first + 300; nonce++) {
    bytes.writeUInt32LE(nonce, 76);
    if (hashToNumber(sha256d(bytes)) < below) return nonce;
  }
  return undefined;
}

function targetOf(value: bigint): Uint8Array {
  return hexToBytes(value.toString(16).padStart(64, '0')).reverse();
}
