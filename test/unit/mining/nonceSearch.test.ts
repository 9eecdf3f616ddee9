import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashToHex, hashToNumber, hexToBytes } from '../../../src/bytes/hex.ts';
import { sha256d } from '../../../src/bytes/sha256.ts';
import { hasSimd } from '../../../src/bytes/wasmKernel.ts';
import { type NonceKernel, PlainNonceKernel } from '../../../src/mining/nonceSearch.ts';
import { SHA256_START, sha256Compress } from '../../../src/mining/sha256Compress.ts';
import { openNonceKernel, SimdNonceKernel } from '../../../src/mining/simdNonceKernel.ts';

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

for (const kernel of [new PlainNonceKernel(), new SimdNonceKernel()]) {
  for (const [name, { header, nonce, hash }] of Object.entries(headers)) {
    test(`${kernel.name}: finds the nonce of ${name}`, () => {
      const bytes = hexToBytes(header);
      assert.equal(hashToHex(sha256d(bytes)), hash);
      kernel.prepare(bytes, BITCOIN_EASIEST);
      assert.equal(kernel.search(nonce, 1), nonce);
      assert.equal(kernel.search(nonce - 20_000, 40_000), nonce);
      assert.equal(kernel.search(nonce + 1, 20_000), undefined);
      assert.equal(kernel.search(nonce - 20_000, 20_000), undefined);
      // In each of four lanes, and with the search ending right before, at and behind it.
      for (let before = 0; before < 8; before++) {
        assert.equal(kernel.search(nonce - before, before), undefined);
        assert.equal(kernel.search(nonce - before, before + 1), nonce);
        assert.equal(kernel.search(nonce - before, 8), nonce);
      }
    });
  }

  test(`${kernel.name}: the hash must be below the target, not equal to it`, () => {
    const header = hexToBytes(headers['Bitcoin genesis'].header);
    const hash = hashToNumber(sha256d(header));
    kernel.prepare(header, targetOf(hash));
    assert.equal(kernel.search(2083236893, 1), undefined);
    kernel.prepare(header, targetOf(hash + 1n));
    assert.equal(kernel.search(2083236893, 1), 2083236893);
  });

  test(`${kernel.name}: a hash whose most significant word is the target's is looked at to its end`, () => {
    const header = new Uint8Array(80).fill(7);
    const hash = hashToNumber(sha256d(header));
    const nonce = 0x07070707;
    kernel.prepare(header, targetOf(hash | 0xffff_ffffn));
    assert.equal(kernel.search(nonce, 1), nonce);
    kernel.prepare(header, targetOf((hash >> 224n) << 224n));
    assert.equal(kernel.search(nonce, 1), undefined);
  });

  test(`${kernel.name}: the first and the last nonce are tried, and no nonce means no answer`, () => {
    kernel.prepare(new Uint8Array(80), targetOf(2n ** 256n - 1n));
    assert.equal(kernel.search(0, 1), 0);
    assert.equal(kernel.search(0xffff_ffff, 1), 0xffff_ffff);
    assert.equal(kernel.search(5, 0), undefined);
    const last = Buffer.alloc(80);
    last.writeUInt32LE(0xffff_ffff, 76);
    const first = Buffer.alloc(80);
    const [lastHash, firstHash] = [last, first].map((header) => hashToNumber(sha256d(header)));
    kernel.prepare(first, targetOf(lastHash! + 1n));
    for (let count = 1; count <= 5; count++) {
      const from = 0x1_0000_0000 - count;
      assert.equal(kernel.search(from, count), expected(first, from, lastHash! + 1n, count));
    }
    // Where the last search ends at an odd place, the lanes left over are nonces from the other end: not to be reported.
    kernel.prepare(first, targetOf(firstHash! + 1n));
    assert.equal(kernel.search(0xffff_fffe, 2), expected(first, 0xffff_fffe, firstHash! + 1n, 2));
  });

  test(`${kernel.name}: any header and target: the first nonce that node:crypto finds, too`, () => {
    const bytes = fc.uint8Array({ minLength: 80, maxLength: 80 });
    const start = fc.oneof(fc.nat({ max: 0xffff_ffff - 300 }), fc.constantFrom(0, 0xffff_ffff - 299));
    const target = fc.bigInt({ min: 2n ** 246n, max: 2n ** 255n });
    fc.assert(
      fc.property(bytes, start, fc.integer({ min: 1, max: 300 }), target, (header, first, count, below) => {
        kernel.prepare(header, targetOf(below));
        assert.equal(kernel.search(first, count), expected(header, first, below, count));
      }),
      { numRuns: 100 },
    );
  });
}

test('both kernels agree on every nonce of long searches', () => {
  const [plain, simd] = [new PlainNonceKernel(), new SimdNonceKernel()];
  const bytes = fc.uint8Array({ minLength: 80, maxLength: 80 });
  const start = fc.oneof(fc.nat({ max: 0xffff_ffff - 20_000 }), fc.constantFrom(0, 0xffff_ffff - 19_999));
  fc.assert(
    fc.property(bytes, start, fc.bigInt({ min: 2n ** 244n, max: 2n ** 250n }), (header, first, below) => {
      for (const kernel of [plain, simd]) kernel.prepare(header, targetOf(below));
      assert.deepEqual(allFrom(simd, first, 20_000), allFrom(plain, first, 20_000));
    }),
    { numRuns: 20 },
  );
});

test('the SIMD kernel is used where there is SIMD, and the plain one elsewhere', () => {
  assert.equal(openNonceKernel().name, hasSimd() ? 'simd' : 'plain');
  assert.equal(openNonceKernel(false).name, 'plain');
  // V8 without the instructions that its SIMD needs is as good as a processor without them.
  const url = new URL('../../../src/mining/simdNonceKernel.js', import.meta.url);
  const script = `import('${url}').then((m) => console.log(m.nonceKernelName(), m.openNonceKernel().name))`;
  const told = spawnSync(process.execPath, ['--no-enable-sse4-1', '-e', script], { encoding: 'utf8' });
  if (process.arch === 'x64') assert.equal(told.stdout, 'plain plain\n');
});

/**
 * The chance of a hash to be below a target is what theory says: of n hashes about n p are, with a standard deviation of
 * sqrt(n p (1 - p)). Five of them either way are passed in one of 1.7 million runs; so are those of the second figure, how
 * many of the gaps are longer than the mean, which is one in e.
 */
test('the search finds as many blocks as chance gives, at random', () => {
  const kernel = openNonceKernel();
  const below = 2n ** 256n / 1024n;
  kernel.prepare(randomBytes(80), targetOf(below));
  const hashes = 12_000_000;
  const found = allFrom(kernel, 0, hashes);
  const mean = hashes / 1024;
  assert.ok(Math.abs(found.length - mean) < 5 * Math.sqrt(mean), `${found.length} blocks, ${mean} expected`);
  const long = found.filter((nonce, i) => nonce - (found[i - 1] ?? -1) > 1024).length;
  const chance = (1 - 1 / 1024) ** 1024;
  const deviation = Math.sqrt(found.length * chance * (1 - chance));
  assert.ok(
    Math.abs(long - found.length * chance) < 5 * deviation,
    `${long} of ${found.length} gaps are long`,
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

function allFrom(kernel: NonceKernel, start: number, count: number): number[] {
  const found: number[] = [];
  for (let from = start; ; ) {
    const nonce = kernel.search(from, start + count - from);
    if (nonce === undefined) return found;
    found.push(nonce);
    from = nonce + 1;
  }
}

function expected(header: Uint8Array, first: number, below: bigint, count: number): number | undefined {
  const bytes = Buffer.from(header);
  for (let nonce = first; nonce < first + count; nonce++) {
    bytes.writeUInt32LE(nonce, 76);
    if (hashToNumber(sha256d(bytes)) < below) return nonce;
  }
  return undefined;
}

function targetOf(value: bigint): Uint8Array {
  return hexToBytes(value.toString(16).padStart(64, '0')).reverse();
}
