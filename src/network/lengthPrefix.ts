import type { Uint8ArrayList } from 'uint8arraylist';
import { DecodeError } from '../bytes/decodeError.ts';

/** No message of ours is longer than 2^28 bytes: four bytes of seven bits. */
const MAX_LENGTH_BYTES = 4;

/**
 * Reads the length before a message, an unsigned varint. libp2p's own reader takes a length that never ends for one that
 * has not come yet, and starts again with every byte.
 * @throws RangeError when more bytes are needed, DecodeError when no more would help.
 */
export function decodeLength(bytes: Uint8ArrayList): number {
  let length = 0;
  for (let i = 0; i < bytes.byteLength; i++) {
    const byte = bytes.get(i);
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
    if (i + 1 >= MAX_LENGTH_BYTES) throw new DecodeError('a length of too many bytes');
  }
  throw new RangeError('the length goes on');
}
