import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { HEADER_BYTES } from '../primitives/header.ts';

/** Who says that a block is not to be had. */
export type InvalidBy = 'rule' | 'owner';

/** A header and what is known of its block. */
export type HeaderRecord = Readonly<{
  /** The 80 bytes. */
  headerBytes: Uint8Array;
  /** Why neither the block nor what descends from it is to be had, if that is so. */
  invalidBy: InvalidBy | undefined;
  /** Stood in the active chain once, so that all its rules were asked. */
  wasConnected: boolean;
  /** 0 until the body was there for the first time; it stays when the body is pruned. */
  transactionCount: number;
  /** Where in `blocks/` the body and the undo data are; 0 for not there. */
  bodyId: number;
  undoId: number;
  /** Their sizes; 0 while unknown. That of the undo data is missing in records of before there was pruning. */
  bodyBytes: number;
  undoBytes: number;
}>;

const INVALID_FLAG = 1;
const CONNECTED_FLAG = 2;
/** Beside INVALID_FLAG. */
const BY_OWNER_FLAG = 4;
export const HEADER_RECORD_BYTES = HEADER_BYTES + 21;

export function encodeHeaderRecord(record: HeaderRecord): Uint8Array {
  return new ByteWriter(HEADER_RECORD_BYTES)
    .bytes(record.headerBytes)
    .u8(flagsOf(record))
    .u32(record.transactionCount)
    .u32(record.bodyId)
    .u32(record.undoId)
    .u32(record.bodyBytes)
    .u32(record.undoBytes)
    .finish();
}

/** What is known of the block, from a place in many bytes and without a view of them. */
export function readKnown(bytes: Buffer, record: number): Omit<HeaderRecord, 'headerBytes'> {
  const at = record + HEADER_BYTES;
  const flags = bytes[at]!;
  return {
    invalidBy: invalidByIn(flags),
    wasConnected: (flags & CONNECTED_FLAG) !== 0,
    transactionCount: bytes.readUInt32LE(at + 1),
    bodyId: bytes.readUInt32LE(at + 5),
    undoId: bytes.readUInt32LE(at + 9),
    bodyBytes: bytes.readUInt32LE(at + 13),
    undoBytes: bytes.readUInt32LE(at + 17),
  };
}

/** @throws DecodeError */
export function decodeHeaderRecord(bytes: Uint8Array): HeaderRecord {
  const reader = new ByteReader(bytes);
  const headerBytes = reader.bytes(HEADER_BYTES);
  const flags = reader.u8();
  const invalidBy = invalidByIn(flags);
  const wasConnected = (flags & CONNECTED_FLAG) !== 0;
  const transactionCount = reader.u32();
  const bodyId = reader.u32();
  const undoId = reader.u32();
  const bodyBytes = reader.u32();
  const undoBytes = reader.remaining > 0 ? reader.u32() : 0;
  reader.expectEnd();
  return { headerBytes, invalidBy, wasConnected, transactionCount, bodyId, undoId, bodyBytes, undoBytes };
}

function flagsOf({ invalidBy, wasConnected }: HeaderRecord): number {
  const invalid = invalidBy === undefined ? 0 : INVALID_FLAG | (invalidBy === 'owner' ? BY_OWNER_FLAG : 0);
  return invalid | (wasConnected ? CONNECTED_FLAG : 0);
}

function invalidByIn(flags: number): InvalidBy | undefined {
  if ((flags & INVALID_FLAG) === 0) return undefined;
  return (flags & BY_OWNER_FLAG) === 0 ? 'rule' : 'owner';
}
