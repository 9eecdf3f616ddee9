import { DecodeError } from './decodeError.ts';

/** Lower-case hex of the bytes, in their own order. */
export function bytesToHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** The bytes of a hex string of even length, either case. @throws DecodeError */
export function hexToBytes(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) throw new DecodeError('not a hex string');
  return Buffer.from(hex, 'hex');
}

/** A hash as people read it: 64 hex digits, last byte first (Bitcoin's convention since its first release). */
export function hashToHex(hash: Uint8Array): string {
  return Buffer.from(hash).reverse().toString('hex');
}

/** The 32 bytes, in wire order, of a hash as people write it. @throws DecodeError */
export function hexToHash(hex: string): Uint8Array {
  if (hex.length !== 64) throw new DecodeError('a hash has 64 hex digits');
  return hexToBytes(hex).reverse();
}

/** The hash as a number: its bytes are little-endian. */
export function hashToNumber(hash: Uint8Array): bigint {
  return BigInt(`0x${hashToHex(hash)}`);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
