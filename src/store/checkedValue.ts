import { crc32 } from 'node:zlib';
import { DatabaseDamagedError } from './storeErrors.ts';

export const CHECK_BYTES = 4;

/**
 * The value with its CRC-32 behind it, little-endian. LevelDB as `level` opens it checks nothing: flipped bits in its
 * files come back as wrong values without an error. The key is part of what is checked, so that a value cannot turn up
 * under another's key either.
 */
export function sealValue(key: Uint8Array, value: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(value.length + CHECK_BYTES);
  sealed.set(value, 0);
  sealed.writeUInt32LE(crc32(value, crc32(key)), value.length);
  return sealed;
}

/** Seals a value in place: its key, the value, and 4 bytes of room for the checksum stand one behind the other. */
export function sealInPlace(buffer: Buffer, start: number, end: number): void {
  const check = ~smallCrc32(buffer, start, end - CHECK_BYTES, ~0) >>> 0;
  buffer.writeUInt32LE(check, end - CHECK_BYTES);
}

/** The value that was sealed, as a view. @throws DatabaseDamagedError */
export function openValue(what: string, key: Uint8Array, sealed: Uint8Array): Uint8Array {
  if (isSealed(key, sealed)) return sealed.subarray(0, sealed.length - CHECK_BYTES);
  throw new DatabaseDamagedError(`${what} ${Buffer.from(key).toString('hex')} does not match its checksum`);
}

export function isSealed(key: Uint8Array, sealed: Uint8Array): boolean {
  const end = sealed.length - CHECK_BYTES;
  if (end < 0) return false;
  const check = sealed[end]! | (sealed[end + 1]! << 8) | (sealed[end + 2]! << 16) | (sealed[end + 3]! << 24);
  if (end > SMALL_BYTES) return (crc32(sealed.subarray(0, end), crc32(key)) | 0) === check;
  return ~smallCrc32(sealed, 0, end, smallCrc32(key, 0, key.length, ~0)) === check;
}

/** Up to here JavaScript costs less than a call out of it and a view for that. */
const SMALL_BYTES = 256;
/** What eight steps of the polynomial division make of each byte. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  return crc;
});

/** CRC-32 as a running state: it begins with ~0, and what comes out in the end is its complement. */
function smallCrc32(bytes: Uint8Array, start: number, end: number, state: number): number {
  let crc = state;
  for (let i = start; i < end; i++) crc = CRC_TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return crc;
}
