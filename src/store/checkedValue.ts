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

/** Seals a value in place: a key, its value, and 4 bytes of room for the checksum, one behind the other. */
export function sealInPlace(record: Buffer): void {
  const end = record.length - CHECK_BYTES;
  record.writeUInt32LE(crc32(record.subarray(0, end)), end);
}

/** The value that was sealed, as a view. @throws DatabaseDamagedError */
export function openValue(what: string, key: Uint8Array, sealed: Uint8Array): Uint8Array {
  if (isSealed(key, sealed)) return sealed.subarray(0, sealed.length - CHECK_BYTES);
  throw new DatabaseDamagedError(`${what} ${Buffer.from(key).toString('hex')} does not match its checksum`);
}

export function isSealed(key: Uint8Array, sealed: Uint8Array): boolean {
  const length = sealed.length - CHECK_BYTES;
  if (length < 0) return false;
  const view = new DataView(sealed.buffer, sealed.byteOffset + length, CHECK_BYTES);
  return view.getUint32(0, true) === crc32(sealed.subarray(0, length), crc32(key));
}
