import { Point, sign } from '@noble/secp256k1';
import '../../src/crypto/keys.ts';

/** One input of a verify engine, and what every engine must say of it. */
export type SignatureVector = Readonly<{
  name: string;
  digest: Uint8Array;
  compact: Uint8Array;
  publicKey: Uint8Array;
  isValid: boolean;
}>;

/** The field's prime and the group's order of secp256k1 (SEC 2, 2.4.1). */
export const P = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_ffff_fc2fn;
export const N = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n;

const PRIVATE_KEY = bytes32(0x1234_5678_9abc_def0n);
const KEY_POINT = Point.BASE.multiply(0x1234_5678_9abc_def0n);
const KEY = KEY_POINT.toBytes(true);
const LONG_KEY = KEY_POINT.toBytes(false);
const DIGEST = bytes32(0xdead_beefn);

/** 32 bytes, big-endian. */
export function bytes32(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

export function number32(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

export function compactOf(r: bigint, s: bigint): Uint8Array {
  return Uint8Array.from([...bytes32(r), ...bytes32(s)]);
}

export function withPrefix(publicKey: Uint8Array, prefix: number): Uint8Array {
  return Uint8Array.of(prefix, ...publicKey.subarray(1));
}

export function signatureVectors(): SignatureVector[] {
  return [...validVectors(), ...scalarVectors(), ...badKeyVectors(), ...lengthVectors(), ...flippedVectors()];
}

function signed(digest: Uint8Array): Uint8Array {
  return sign(digest, PRIVATE_KEY, { prehash: false });
}

function validVectors(): SignatureVector[] {
  const valid = { digest: DIGEST, compact: signed(DIGEST), publicKey: KEY, isValid: true };
  const zero = new Uint8Array(32);
  const order = bytes32(N);
  const ones = new Uint8Array(32).fill(0xff);
  return [
    { ...valid, name: 'valid' },
    { ...valid, name: 'valid, key of 65 bytes', publicKey: LONG_KEY },
    { ...valid, name: 'digest 0', digest: zero, compact: signed(zero) },
    { ...valid, name: 'digest n', digest: order, compact: signed(order) },
    { ...valid, name: 'digest 2^256 - 1', digest: ones, compact: signed(ones) },
    beyondOrderVector(),
  ];
}

/**
 * A signature whose R has an x of n or more, so that r is x - n. Nobody can sign so (1 in 2^128), but with r and s chosen
 * first a key that fits can be computed: Q = (sR - eG) / r.
 */
function beyondOrderVector(): SignatureVector {
  for (let r = 1n; ; r++) {
    const encoded = Uint8Array.of(0x02, ...bytes32(N + r));
    if (!isPoint(encoded)) continue;
    const s = 5n;
    const inverse = power(r, N - 2n, N);
    const q = Point.fromBytes(encoded)
      .multiply((s * inverse) % N)
      .add(Point.BASE.multiply(((N - number32(DIGEST)) * inverse) % N));
    const publicKey = q.toBytes(true);
    return { name: 'x of R beyond n', digest: DIGEST, compact: compactOf(r, s), publicKey, isValid: true };
  }
}

function scalarVectors(): SignatureVector[] {
  const r = number32(signed(DIGEST).subarray(0, 32));
  const s = number32(signed(DIGEST).subarray(32));
  const wrong = (name: string, compact: Uint8Array): SignatureVector => ({
    name,
    digest: DIGEST,
    compact,
    publicKey: KEY,
    isValid: false,
  });
  // u1 G + u2 Q is the point at infinity when e = -r d.
  const infinityDigest = bytes32(N - ((7n * number32(PRIVATE_KEY)) % N));
  return [
    wrong('r = 0', compactOf(0n, s)),
    wrong('s = 0', compactOf(r, 0n)),
    wrong('r = s = 0', compactOf(0n, 0n)),
    wrong('r = n', compactOf(N, s)),
    wrong('s = n', compactOf(r, N)),
    wrong('r = n + 1', compactOf(N + 1n, s)),
    wrong('s = n + 1', compactOf(r, N + 1n)),
    wrong('r = 2^256 - 1', compactOf(2n ** 256n - 1n, s)),
    wrong('s = 2^256 - 1', compactOf(r, 2n ** 256n - 1n)),
    wrong('high S', compactOf(r, N - s)),
    { ...wrong('the key with the other y', compactOf(r, s)), publicKey: withPrefix(KEY, KEY[0]! ^ 1) },
    wrong('r and s exchanged', compactOf(s, r)),
    { ...wrong('R is infinity', compactOf(7n, 1n)), digest: infinityDigest },
  ];
}

/** A valid signature with bytes that are no public key, or not in a form that a lock may hold. */
export function badKeyVectors(): SignatureVector[] {
  const compact = signed(DIGEST);
  const wrong = (name: string, publicKey: Uint8Array): SignatureVector => ({
    name,
    digest: DIGEST,
    compact,
    publicKey,
    isValid: false,
  });
  const parity = LONG_KEY[64]! & 1;
  const offCurve = Uint8Array.from(LONG_KEY);
  offCurve[64] = offCurve[64]! ^ 1;
  return [
    wrong('hybrid key', withPrefix(LONG_KEY, 0x06 + parity)),
    wrong('hybrid key of the other parity', withPrefix(LONG_KEY, 0x07 - parity)),
    wrong('long key off the curve', offCurve),
    wrong('x = 5, not on the curve', Uint8Array.of(0x02, ...bytes32(5n))),
    wrong('x = 0', Uint8Array.of(0x02, ...bytes32(0n))),
    wrong('x = p + 1, which is 1 on the curve', Uint8Array.of(0x02, ...bytes32(P + 1n))),
    wrong('x = p', Uint8Array.of(0x03, ...bytes32(P))),
    wrong('x = 2^256 - 1', Uint8Array.of(0x02, ...bytes32(2n ** 256n - 1n))),
    wrong('y beyond p', smallPoint(P)),
    wrong('all zero', new Uint8Array(33)),
    wrong('the point at infinity', Uint8Array.of(0)),
    ...[0x00, 0x01, 0x04, 0x05, 0x06, 0x07, 0xff].map((prefix) =>
      wrong(`33 bytes with prefix ${prefix}`, withPrefix(KEY, prefix)),
    ),
    ...[0x00, 0x02, 0x03, 0x05, 0xff].map((prefix) =>
      wrong(`65 bytes with prefix ${prefix}`, withPrefix(LONG_KEY, prefix)),
    ),
  ];
}

/** A point whose y is small enough that y + `offset` still fits into 32 bytes, written with that y. */
function smallPoint(offset: bigint): Uint8Array {
  for (let y = 1n; ; y++) {
    // p is 7 modulo 9, so a cube root, if there is one, is a^((p + 2) / 9).
    const cube = (y * y - 7n + P) % P;
    const x = power(cube, (P + 2n) / 9n, P);
    if ((x * x * x) % P === cube) return Uint8Array.of(0x04, ...bytes32(x), ...bytes32(y + offset));
  }
}

function lengthVectors(): SignatureVector[] {
  const compact = signed(DIGEST);
  const valid = { digest: DIGEST, compact, publicKey: KEY, isValid: false };
  return [
    ...[0, 1, 32, 34, 64, 66].map((length) => ({
      ...valid,
      name: `key of ${length} bytes`,
      publicKey: resized(length > 34 ? LONG_KEY : KEY, length),
    })),
    ...[0, 1, 32, 63, 65, 72].map((length) => ({
      ...valid,
      name: `signature of ${length} bytes`,
      compact: resized(compact, length),
    })),
    ...[0, 31, 33, 64].map((length) => ({
      ...valid,
      name: `digest of ${length} bytes`,
      digest: resized(DIGEST, length),
    })),
  ];
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length);
  result.set(bytes.subarray(0, length));
  return result;
}

/** Every field with one bit of every byte flipped. */
function flippedVectors(): SignatureVector[] {
  const valid = { digest: DIGEST, compact: signed(DIGEST), publicKey: KEY, isValid: false };
  return (['digest', 'compact', 'publicKey'] as const).flatMap((field) =>
    Array.from(valid[field], (byte, at) => {
      const flipped = Uint8Array.from(valid[field]);
      flipped[at] = byte ^ (1 << (at % 8));
      return { ...valid, [field]: flipped, name: `flipped bit in byte ${at} of ${field}` };
    }),
  );
}

function isPoint(encoded: Uint8Array): boolean {
  try {
    Point.fromBytes(encoded);
    return true;
  } catch {
    return false;
  }
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
