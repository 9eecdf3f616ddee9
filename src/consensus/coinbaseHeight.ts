const OP_1 = 0x51;

/**
 * The push of its height that every coinbase's unlocking script begins with, so that no two are alike (BIP34).
 * 1 to 16 have opcodes of their own; above, it is a length and the number little-endian, with a zero byte behind a set
 * top bit, which would be a minus sign: 1 → `51`, 17 → `0111`, 128 → `028000`, 500,000 → `0320a107`.
 */
export function coinbaseHeightScript(height: number): Uint8Array {
  if (height >= 1 && height <= 16) return Uint8Array.of(OP_1 + height - 1);
  const digits: number[] = [];
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) digits.push(rest % 256);
  if (digits.length > 0 && digits[digits.length - 1]! >= 0x80) digits.push(0);
  return Uint8Array.of(digits.length, ...digits);
}
