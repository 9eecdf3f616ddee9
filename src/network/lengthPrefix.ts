import type { Uint8ArrayList } from 'uint8arraylist';
import { concatBytes } from '../bytes/bytes.ts';
import { DecodeError } from '../bytes/decodeError.ts';

/** No message of ours is longer than 2^28 bytes: four bytes of seven bits. */
const MAX_LENGTH_BYTES = 4;

/**
 * Reads the length before a message, an unsigned varint. libp2p's own reader takes a length that never ends for one that
 * has not come yet, and starts again with every byte.
 * @throws RangeError when more bytes are needed, DecodeError when no more would help.
 */
export function decodeLength(bytes: Uint8ArrayList): number {
  const prefix = decodeLengthAt(bytes.subarray(0, Math.min(bytes.byteLength, MAX_LENGTH_BYTES)), 0);
  if (prefix === undefined) throw new RangeError('the length goes on');
  return prefix.length;
}

/** The length that stands there, and where it ends; undefined when more bytes are needed. @throws DecodeError */
export function decodeLengthAt(
  bytes: Uint8Array,
  start: number,
): { length: number; end: number } | undefined {
  let length = 0;
  for (let i = 0; i < MAX_LENGTH_BYTES; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return { length, end: start + i + 1 };
  }
  throw new DecodeError('a length of too many bytes');
}

/** The length that stands before a message, an unsigned varint. */
export function lengthPrefix(length: number): Uint8Array {
  const bytes: number[] = [];
  let rest = length;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, rest);
}

/** A message behind its length. */
export function prefixed(message: Uint8Array): Uint8Array {
  return concatBytes(lengthPrefix(message.length), message);
}
