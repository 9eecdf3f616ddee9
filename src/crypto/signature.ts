/**
 * The one form in which a signature may appear: strict DER (BIP66) with the smaller of its two possible S (BIP146).
 * Anyone can turn a valid signature into another valid one by writing it differently or by negating S; with one form
 * allowed, nobody but the signer can change the txid of a payment on its way.
 *
 * A worked example, the first signature ever used for a payment (Bitcoin's block 170):
 *
 *     30 44                    a sequence of 0x44 bytes
 *       02 20 4e45…cd41        R, 0x20 bytes, big-endian
 *       02 20 1815…1d09        S, 0x20 bytes
 *
 * A number begins with 00 where its first bit would otherwise make it negative, and with no other zeros.
 */

/** Bytes of one number of a compact signature. */
const SCALAR_BYTES = 32;
export const COMPACT_BYTES = 2 * SCALAR_BYTES;

const SEQUENCE_TAG = 0x30;
const INTEGER_TAG = 0x02;

// The order n of the curve's group: R is from 1 to n - 1, and low S from 1 to (n - 1) / 2.
const MAX_R = scalar('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140');
const MAX_LOW_S = scalar('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0');

const scratch = new Uint8Array(COMPACT_BYTES);

/** The compact form (R and S, 32 bytes each, big-endian) of a strict-DER, low-S signature; undefined for any other. */
export function parseSignature(der: Uint8Array): Uint8Array | undefined {
  const compact = new Uint8Array(COMPACT_BYTES);
  return copySignature(der, compact) ? compact : undefined;
}

/** Writes the compact form into 64 bytes of `into`; false where parseSignature gives nothing. */
export function copySignature(der: Uint8Array, into: Uint8Array): boolean {
  if (der.length < 2 || der[0] !== SEQUENCE_TAG || der[1] !== der.length - 2) return false;
  const endOfR = endOfInteger(der, 2);
  if (endOfR === undefined) return false;
  const endOfS = endOfInteger(der, endOfR);
  if (endOfS !== der.length) return false;
  return (
    copyInteger(der, 2, endOfR, into, 0, MAX_R) &&
    copyInteger(der, endOfR, endOfS, into, SCALAR_BYTES, MAX_LOW_S)
  );
}

/** Whether the DER form is the one that counts, without making another. */
export function isStrictSignature(der: Uint8Array): boolean {
  return copySignature(der, scratch);
}

/** The DER form of a compact signature: 8 to 72 bytes. */
export function encodeSignature(compact: Uint8Array): Uint8Array {
  const r = encodeInteger(compact.subarray(0, SCALAR_BYTES));
  const s = encodeInteger(compact.subarray(SCALAR_BYTES, COMPACT_BYTES));
  return Uint8Array.of(SEQUENCE_TAG, r.length + s.length, ...r, ...s);
}

/** Where the DER integer that starts at `start` ends, if it is one: not empty, not negative, no needless zero. */
function endOfInteger(der: Uint8Array, start: number): number | undefined {
  const length = der[start + 1];
  if (der[start] !== INTEGER_TAG || length === undefined || length === 0) return undefined;
  const end = start + 2 + length;
  if (end > der.length) return undefined;
  const first = der[start + 2]!;
  const isNegative = first >= 0x80;
  const hasNeedlessZero = first === 0 && length > 1 && der[start + 3]! < 0x80;
  return isNegative || hasNeedlessZero ? undefined : end;
}

/** Right-aligns the integer in its 32 bytes of `into`. False if it is 0 or more than `max`. */
function copyInteger(
  der: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
  max: Uint8Array,
): boolean {
  const first = der[start + 2] === 0 ? start + 3 : start + 2;
  const length = end - first;
  if (length === 0 || length > SCALAR_BYTES) return false;
  const digits = at + SCALAR_BYTES - length;
  into.fill(0, at, digits);
  for (let i = 0; i < length; i++) into[digits + i] = der[first + i]!;
  for (let i = 0; i < SCALAR_BYTES; i++) {
    const difference = into[at + i]! - max[i]!;
    if (difference !== 0) return difference < 0;
  }
  return true;
}

function encodeInteger(scalarBytes: Uint8Array): Uint8Array {
  let first = 0;
  while (first < scalarBytes.length - 1 && scalarBytes[first] === 0) first++;
  const digits = scalarBytes.subarray(first);
  const sign = digits[0]! >= 0x80 ? [0] : [];
  return Uint8Array.of(INTEGER_TAG, sign.length + digits.length, ...sign, ...digits);
}

function scalar(hex: string): Uint8Array {
  return Uint8Array.from({ length: SCALAR_BYTES }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}
