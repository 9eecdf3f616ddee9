import { ByteReader } from '../bytes/byteReader.ts';
import { bytesToKey, crc32, equalBytes, keyToBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import type { NetworkParams } from '../params/networkParams.ts';

/**
 * The file of a mempool. All integers little-endian, as in a block:
 *
 *     magic 4 | version u32 = 1 | genesis hash 32
 *     count u32 | each: seconds since 1970 u64, length u32, transaction
 *     count u32 | each: hash 32, base units that the owner added to its fee i64
 *     CRC-32 of all before it u32
 *
 * A transaction stands behind those that it spends from.
 */
export type MempoolRecord = Readonly<{ bytes: Uint8Array; addedSec: number }>;

export type MempoolRecords = Readonly<{
  count: number;
  /** @throws DecodeError on the way, where the bytes are not what they should be. */
  records: Iterable<MempoolRecord>;
  /** By hash as bytesToKey writes it. */
  deltas: ReadonlyMap<string, number>;
}>;

const VERSION = 1;
const HASH_BYTES = 32;
const CHECK_BYTES = 4;
/** A time, a length, and the least that a transaction has. */
const MIN_RECORD_BYTES = 8 + 4 + 60;
const DELTA_BYTES = HASH_BYTES + 8;
/** What is written at once. */
const PART_BYTES = 256 * 1024;

type Saved = Readonly<{
  entries: readonly Readonly<{ transaction: { bytes: Uint8Array }; addedSec: number }>[];
  deltas: ReadonlyMap<string, number>;
}>;

/** The file in parts: it may have 100 MB, of which no second copy need be in memory. */
export function* encodeMempool({ entries, deltas }: Saved, params: NetworkParams): Generator<Uint8Array> {
  let check = 0;
  const seal = (part: Uint8Array) => {
    check = crc32(part, check);
    return part;
  };
  let writer = writeHead(new ByteWriter(PART_BYTES), params).u32(entries.length);
  for (const { transaction, addedSec } of entries) {
    writer.u64(BigInt(addedSec)).u32(transaction.bytes.length).bytes(transaction.bytes);
    if (writer.length < PART_BYTES) continue;
    yield seal(writer.finish());
    writer = new ByteWriter(PART_BYTES);
  }
  writer.u32(deltas.size);
  for (const [key, delta] of deltas) writer.bytes(keyToBytes(key)).u64(BigInt.asUintN(64, BigInt(delta)));
  yield seal(writer.finish());
  yield new ByteWriter(CHECK_BYTES).u32(check).finish();
}

/** @throws DecodeError when it is another network's, of a later version, or damaged */
export function decodeMempool(file: Uint8Array, params: NetworkParams): MempoolRecords {
  const body = openSealed(file);
  const reader = new ByteReader(body);
  readHead(reader, params);
  const count = countOf(reader, MIN_RECORD_BYTES);
  const start = reader.offset;
  for (let i = 0; i < count; i++) readRecord(reader);
  const deltas = new Map<string, number>();
  for (let n = countOf(reader, DELTA_BYTES); n > 0; n--) {
    const key = bytesToKey(reader.bytes(HASH_BYTES));
    const delta = Number(BigInt.asIntN(64, reader.u64()));
    if (!Number.isSafeInteger(delta)) throw new DecodeError('no fee is as large as this');
    deltas.set(key, delta);
  }
  reader.expectEnd();
  return { count, records: readRecords(body.subarray(start), count), deltas };
}

/** What all files of the mempool begin with. */
export function writeHead(writer: ByteWriter, { magic, genesis }: NetworkParams): ByteWriter {
  return writer.bytes(magic).u32(VERSION).bytes(genesis.header.hash);
}

/** @throws DecodeError */
export function readHead(reader: ByteReader, { magic, genesis }: NetworkParams): void {
  if (!equalBytes(reader.bytes(magic.length), magic)) throw new DecodeError('not a file of this network');
  const version = reader.u32();
  if (version !== VERSION) throw new DecodeError(`version ${version} is not known`);
  if (!equalBytes(reader.bytes(HASH_BYTES), genesis.header.hash))
    throw new DecodeError('of another genesis block');
}

/** All but the checksum, which holds. @throws DecodeError */
export function openSealed(file: Uint8Array): Uint8Array {
  const end = file.length - CHECK_BYTES;
  const check = new ByteReader(file.subarray(Math.max(end, 0))).u32();
  const body = file.subarray(0, end);
  if (crc32(body) !== check) throw new DecodeError('cut off or damaged: the checksum is wrong');
  return body;
}

function* readRecords(bytes: Uint8Array, count: number): Generator<MempoolRecord> {
  const reader = new ByteReader(bytes);
  for (let i = 0; i < count; i++) yield readRecord(reader);
}

function readRecord(reader: ByteReader): MempoolRecord {
  const addedSec = Number(reader.u64());
  return { addedSec, bytes: reader.bytes(reader.u32()) };
}

function countOf(reader: ByteReader, itemBytes: number): number {
  const count = reader.u32();
  if (count > reader.remaining / itemBytes)
    throw new DecodeError(`a count of ${count} exceeds the bytes left`);
  return count;
}
