import { crc32 as zlibCrc32 } from 'node:zlib';

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** The bytes as a string of one character a byte: the cheapest key for a Map. Not for people. */
export function bytesToKey(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
}

/** The bytes behind a key of bytesToKey. */
export function keyToBytes(key: string): Uint8Array {
  return Buffer.from(key, 'latin1');
}

/** CRC-32 (ISO-HDLC, as zlib and PNG use it), unsigned. `before` is that of the bytes before these, if there are any. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return zlibCrc32(bytes, before);
}
