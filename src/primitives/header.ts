import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { sha256d } from '../bytes/sha256.ts';

export const HEADER_BYTES = 80;

export type HeaderFields = Readonly<{
  /** i32; its low 29 bits signal soft forks when the top three are 001 (BIP9). */
  version: number;
  /** Hash of the block before, 32 bytes in wire order. */
  previousHash: Uint8Array;
  /** Root of the merkle tree of the transactions, 32 bytes in wire order. */
  merkleRoot: Uint8Array;
  /** u32, seconds since 1970. */
  timeSec: number;
  /** The target in compact form, u32. */
  bits: number;
  /** u32, what the miner varies. */
  nonce: number;
}>;

export type BlockHeader = HeaderFields &
  Readonly<{
    /** The 80 bytes. May be a view into a block. */
    bytes: Uint8Array;
    /** SHA-256d of `bytes`, in wire order: the block's identity and its proof of work. */
    hash: Uint8Array;
  }>;

/** Reads 80 bytes and leaves the reader behind them. @throws DecodeError */
export function readHeader(reader: ByteReader): BlockHeader {
  const start = reader.offset;
  const version = reader.i32();
  const previousHash = reader.bytes(32);
  const merkleRoot = reader.bytes(32);
  const timeSec = reader.u32();
  const bits = reader.u32();
  const nonce = reader.u32();
  const bytes = reader.since(start);
  return { version, previousHash, merkleRoot, timeSec, bits, nonce, bytes, hash: sha256d(bytes) };
}

/** Decodes exactly 80 bytes. @throws DecodeError */
export function decodeHeader(bytes: Uint8Array): BlockHeader {
  const reader = new ByteReader(bytes);
  const header = readHeader(reader);
  reader.expectEnd();
  return header;
}

/** `version i32 | previous 32 | merkle root 32 | time u32 | bits u32 | nonce u32`. */
export function encodeHeader(fields: HeaderFields): Uint8Array {
  return new ByteWriter(HEADER_BYTES)
    .i32(fields.version)
    .bytes(fields.previousHash)
    .bytes(fields.merkleRoot)
    .u32(fields.timeSec)
    .u32(fields.bits)
    .u32(fields.nonce)
    .finish();
}

/** A header from its fields, with its bytes and hash. */
export function makeHeader(fields: HeaderFields): BlockHeader {
  return decodeHeader(encodeHeader(fields));
}
