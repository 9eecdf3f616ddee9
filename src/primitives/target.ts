/**
 * Bitcoin's compact form of a 256-bit target: one byte of length, three of mantissa, `mantissa × 256^(length − 3)`.
 * `1d00ffff` is 00ffff with 0x1d − 3 = 26 bytes behind it. The mantissa's top bit is a sign that no valid target has.
 */
export function bitsToTarget(bits: number): bigint | undefined {
  const length = bits >>> 24;
  const mantissa = BigInt(bits & 0x7f_ffff);
  const isNegative = (bits & 0x80_0000) !== 0;
  const target = length <= 3 ? mantissa >> BigInt(8 * (3 - length)) : mantissa << BigInt(8 * (length - 3));
  if ((isNegative && mantissa !== 0n) || target === 0n || target >= 1n << 256n) return undefined;
  return target;
}

/** The compact form of a target below 2^256, cut off below its three highest bytes. */
export function targetToBits(target: bigint): number {
  let length = Math.ceil(target.toString(16).length / 2);
  let mantissa = length <= 3 ? target << BigInt(8 * (3 - length)) : target >> BigInt(8 * (length - 3));
  // A set top bit would read as a minus sign: move it into the length.
  if ((mantissa & 0x80_0000n) !== 0n) {
    mantissa >>= 8n;
    length++;
  }
  return ((length << 24) | Number(mantissa)) >>> 0;
}

/** How many hashes a block under this target stands for on average: ⌊2^256 ÷ (target + 1)⌋. */
export function workOfTarget(target: bigint): bigint {
  return (1n << 256n) / (target + 1n);
}
