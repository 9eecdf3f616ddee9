import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.ts';
import {
  decodeBase64,
  messageDigest,
  signMessage,
  verifyMessage,
} from '../../../src/crypto/messageSignature.ts';

/** The curve, written down again: y² = x³ + 7 over the field of P, N points from G on. */
const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const G: Point = [
  0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
];
type Point = readonly [x: bigint, y: bigint];

const mod = (a: bigint, m: bigint) => ((a % m) + m) % m;

function power(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n;
  for (let [b, e] = [mod(base, m), exponent]; e > 0n; b = (b * b) % m, e >>= 1n)
    if (e & 1n) result = (result * b) % m;
  return result;
}

const inverse = (a: bigint, m: bigint) => power(a, m - 2n, m);

function add(a: Point | undefined, b: Point | undefined): Point | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a[0] === b[0] && a[1] !== b[1]) return undefined;
  const slope =
    a[0] === b[0]
      ? 3n * a[0] * a[0] * inverse(2n * a[1], P)
      : (b[1] - a[1]) * inverse(mod(b[0] - a[0], P), P);
  const x = mod(slope * slope - a[0] - b[0], P);
  return [x, mod(slope * (a[0] - x) - a[1], P)];
}

function times(scalar: bigint, point: Point): Point {
  let result: Point | undefined;
  let doubled: Point | undefined = point;
  for (let k = scalar; k > 0n; k >>= 1n, doubled = add(doubled, doubled))
    if (k & 1n) result = add(result, doubled);
  return result!;
}

const hex64 = (value: bigint) => value.toString(16).padStart(64, '0');
const compressed = ([x, y]: Point) => `${y & 1n ? '03' : '02'}${hex64(x)}`;

/** SHA-256d over 1a, the 26 bytes of the magic, the length and the text, as wallets of Bitcoin do with their own magic. */
function digestByHand(text: string): bigint {
  const body = Buffer.from(text);
  assert.ok(body.length < 253);
  const bytes = Buffer.concat([
    Buffer.from([26]),
    Buffer.from('IndieCoin Signed Message:\n'),
    Buffer.from([body.length]),
    body,
  ]);
  const hash = (data: Uint8Array) => createHash('sha256').update(data).digest();
  return BigInt(`0x${hash(hash(bytes)).toString('hex')}`);
}

/** Signs with a nonce of our choice. @returns header, r and s as Bitcoin writes them; `isHigh` leaves the larger s */
function signByHand(text: string, key: bigint, nonce: bigint, isHigh = false): Uint8Array {
  const [x, y] = times(nonce, G);
  const r = mod(x, N);
  let s = mod(inverse(nonce, N) * (digestByHand(text) + r * key), N);
  let recovery = Number(y & 1n) + (x >= N ? 2 : 0);
  if (s > N / 2n !== isHigh) {
    s = N - s;
    recovery ^= 1;
  }
  return hexToBytes((31 + recovery).toString(16) + hex64(r) + hex64(s));
}

const KEY = 0x1e99423a4ed27608a15a2616a2b0e9e52ced330ac530edcc32c8ffc6a526aedbn;
const publicKey = hexToBytes(compressed(times(KEY, G)));
const privateKey = hexToBytes(hex64(KEY));

describe('signed messages', () => {
  it('hashes magic and text as they are counted by hand', () => {
    for (const text of ['', 'a', 'it was me', 'é', 'x'.repeat(252)])
      assert.equal(bytesToHex(messageDigest(text)), hex64(digestByHand(text)), text);
    // From 253 bytes on the length takes three.
    assert.notEqual(bytesToHex(messageDigest('x'.repeat(253))), bytesToHex(messageDigest('x'.repeat(252))));
  });

  it('accepts what was signed by other means', () => {
    for (const nonce of [1n, 2n, 3n, 0x1234_5678_9abcn, N - 2n]) {
      const signature = signByHand('it was me', KEY, nonce);
      assert.equal(verifyMessage('it was me', signature, publicKey), true, `nonce ${nonce}`);
      assert.equal(verifyMessage('it was not me', signature, publicKey), false);
    }
    // Bitcoin Core takes the larger s too.
    assert.equal(verifyMessage('it was me', signByHand('it was me', KEY, 5n, true), publicKey), true);
  });

  it('makes what an equation on the curve confirms', () => {
    const signature = signMessage('it was me', privateKey);
    assert.equal(signature.length, 65);
    assert.ok(signature[0]! >= 31 && signature[0]! <= 34);
    const r = BigInt(`0x${bytesToHex(signature.subarray(1, 33))}`);
    const s = BigInt(`0x${bytesToHex(signature.subarray(33))}`);
    assert.ok(s <= N / 2n);
    const w = inverse(s, N);
    const point = add(times(mod(digestByHand('it was me') * w, N), G), times(mod(r * w, N), times(KEY, G)))!;
    assert.equal(mod(point[0], N), r);
    assert.equal((signature[0]! - 31) & 1, Number(point[1] & 1n), 'the header says which of the two points');
    // Deterministic: no nonce is ever used for two texts.
    assert.deepEqual(signMessage('it was me', privateKey), signature);
  });

  it('says no to another key, header, length or number', () => {
    const good = signMessage('it was me', privateKey);
    const other = hexToBytes(compressed(times(KEY + 1n, G)));
    assert.equal(verifyMessage('it was me', good, publicKey), true);
    assert.equal(verifyMessage('it was me', good, other), false);
    const withHeader = (header: number) => Uint8Array.of(header, ...good.subarray(1));
    const headers = Array.from({ length: 256 }, (_, header) => header);
    const accepted = headers.filter((header) => verifyMessage('it was me', withHeader(header), publicKey));
    assert.deepEqual(accepted, [good[0]]);
    for (const bad of [
      good.subarray(0, 64),
      Uint8Array.of(...good, 0),
      new Uint8Array(0),
      new Uint8Array(65),
    ])
      assert.equal(verifyMessage('it was me', bad, publicKey), false);
    for (const [r, s] of [
      [0n, 1n],
      [1n, 0n],
      [N, 1n],
      [1n, N],
    ] as const)
      assert.equal(verifyMessage('it was me', hexToBytes(`1f${hex64(r)}${hex64(s)}`), publicKey), false);
    for (let i = 0; i < 65; i++) {
      const bent = Uint8Array.from(good);
      bent[i]! ^= 1;
      assert.equal(verifyMessage('it was me', bent, publicKey), false, `byte ${i}`);
    }
  });

  it('reads base64 with its padding, and nothing else', () => {
    const text = Buffer.from(signMessage('x', privateKey)).toString('base64');
    assert.equal(text.length, 88);
    assert.equal(decodeBase64(text)?.length, 65);
    for (const bad of [
      text.slice(0, -1),
      `${text}=`,
      text.replace(/^./, '!'),
      ` ${text}`,
      `${text}\n`,
      'IA=',
      'IB==',
    ])
      assert.equal(decodeBase64(bad), undefined, bad);
    assert.deepEqual(decodeBase64(''), Buffer.alloc(0));
  });
});
