import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';
import { breathe } from '../bytes/breathe.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { HEADER_BYTES } from '../primitives/header.ts';
import { type CommitRecord, encodeCommit } from './commitRecord.ts';
import { encodeHeaderRecord, HEADER_RECORD_BYTES, type HeaderRecord, readKnown } from './headerRecord.ts';

/** In the folder of the chain's database, and gone with it. */
const FILE_NAME = 'headers';
/** Of the layout below: the copy of another one is passed over. */
const VERSION = 2;
const HASH_AT = 4;
const RECORD_AT = HASH_AT + 32;
const ENTRY_BYTES = RECORD_AT + HEADER_RECORD_BYTES;
const CHECK_BYTES = 4;
/** Headers written or read before others have their turn. */
const GROUP = 1000;

/** A header to be copied: its hash as people read it, and the place of its parent; the genesis block's is 0. */
export type HeaderToCopy = Readonly<{ parent: number; hash: string; record: HeaderRecord }>;

export type HeaderCopy = Readonly<{
  parent: number;
  header: Readonly<{
    hash: string;
    version: number;
    timeSec: number;
    bits: number;
    /** The 80 bytes as bytesToKey makes them. */
    headerKey: string;
  }>;
  known: Omit<HeaderRecord, 'headerBytes'>;
}>;

/**
 * All headers once more, in one file that a clean close writes beside the database: to read 100,000 of them from LevelDB,
 * which makes objects for each key and value, and to find their parents took 0.7 s of every start. A copy, never more: when
 * it is not there, not whole, or not of the last commit, the database is read.
 *
 * `version u32 | commit number u64 | commit record 104 | for each header: parent u32, hash 32, record 101 | CRC-32 of all before`
 */
export async function writeHeaderFile(
  folder: string,
  commit: CommitRecord,
  headers: Iterable<HeaderToCopy>,
): Promise<void> {
  const writer = new ByteWriter(1 << 20).bytes(stampOf(commit));
  let count = 0;
  for (const { parent, hash, record } of headers) {
    writer.u32(parent).bytes(Buffer.from(hash, 'hex')).bytes(encodeHeaderRecord(record));
    if (++count % GROUP === 0) await breathe();
  }
  const bytes = writer.finish();
  const check = new ByteWriter(CHECK_BYTES).u32(crc32(bytes)).finish();
  await writeFileAtomic(join(folder, FILE_NAME), Buffer.concat([bytes, check]), 0o644);
}

/** The headers of that commit, many at a time; undefined when the file does not have them. */
export async function readHeaderFile(
  folder: string,
  commit: CommitRecord,
): Promise<Iterable<HeaderCopy[]> | undefined> {
  const bytes = await readFileIfAny(join(folder, FILE_NAME));
  const stamp = stampOf(commit);
  if (bytes === undefined || bytes.length < stamp.length + CHECK_BYTES) return undefined;
  const end = bytes.length - CHECK_BYTES;
  if (!equalBytes(bytes.subarray(0, stamp.length), stamp)) return undefined;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return undefined;
  return groups(bytes.subarray(stamp.length, end));
}

function* groups(bytes: Buffer): Generator<HeaderCopy[]> {
  let group: HeaderCopy[] = [];
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const record = at + RECORD_AT;
    group.push({
      parent: bytes.readUInt32LE(at),
      header: {
        hash: bytes.toString('hex', at + HASH_AT, record),
        version: bytes.readInt32LE(record),
        timeSec: bytes.readUInt32LE(record + 68),
        bits: bytes.readUInt32LE(record + 72),
        headerKey: bytes.toString('latin1', record, record + HEADER_BYTES),
      },
      known: readKnown(bytes, record),
    });
    if (group.length < GROUP) continue;
    yield group;
    group = [];
  }
  yield group;
}

/** Which commit the headers are of. */
function stampOf(commit: CommitRecord): Uint8Array {
  return new ByteWriter(116).u32(VERSION).u64(BigInt(commit.number)).bytes(encodeCommit(commit)).finish();
}
