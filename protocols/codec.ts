import { DecodeError } from '../src/bytes/decodeError.ts';

/** Bytes to values and back. */
export type Codec<T> = Readonly<{
  encode(value: T): Uint8Array;
  /** @throws DecodeError */
  decode(bytes: Uint8Array): T;
}>;

/** Runs a protobuf decoder, whose errors are of many classes, so that nothing but a DecodeError comes out. */
export function decodeProtobuf<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new DecodeError(`not the expected message: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

export const HASH_BYTES = 32;

/** @throws DecodeError when there are too many, or one is not a hash. */
export function expectHashes(hashes: readonly Uint8Array[], max: number, what: string): void {
  if (hashes.length > max) throw new DecodeError(`${hashes.length} ${what}, at most ${max} are allowed`);
  for (const hash of hashes) expectHash(hash, what);
}

/** @throws DecodeError */
export function expectHash(hash: Uint8Array, what: string): void {
  if (hash.length !== HASH_BYTES) throw new DecodeError(`${what}: a hash of ${hash.length} bytes`);
}
