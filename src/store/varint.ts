import type { ByteReader } from '../bytes/byteReader.ts';
import { DecodeError } from '../bytes/decodeError.ts';

/** A number as LevelDB writes it in its files: seven bits a byte, the lowest first. Exact up to 2^53. @throws DecodeError */
export function readVarint(reader: ByteReader): number {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
    const byte = reader.u8();
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw new DecodeError('a number is too long');
}
