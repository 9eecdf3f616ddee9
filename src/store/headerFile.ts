import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';
import { breathe } from '../bytes/breathe.ts';
import { bytesToKey } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { type CommitRecord, encodeCommit } from './commitRecord.ts';
import {
  decodeHeaderRecord,
  encodeHeaderRecord,
  HEADER_RECORD_BYTES,
  type StoredHeader,
} from './headerRecord.ts';

/** In the folder of the chain's database, and gone with it. */
const FILE_NAME = 'headers';
const HASH_BYTES = 32;
const ENTRY_BYTES = HASH_BYTES + HEADER_RECORD_BYTES;
const CHECK_BYTES = 4;
/** Headers written or read before others have their turn. */
const GROUP = 1000;

/**
 * All headers once more, in one file that a clean close writes beside the database: reading 100,000 of them from LevelDB,
 * which makes objects for each key and value, took 0.4 s of every start. A copy, never more: when it is not there, not
 * whole, or not of the last commit, the database is read.
 *
 * `commit number u64 | commit record 104 | for each header: hash 32 | record 101 | CRC-32 of all before`
 */
export async function writeHeaderFile(
  folder: string,
  commit: CommitRecord,
  headers: Iterable<StoredHeader>,
): Promise<void> {
  const writer = new ByteWriter(1 << 20).bytes(stampOf(commit));
  let count = 0;
  for (const { hash, record } of headers) {
    writer.bytes(hash).bytes(encodeHeaderRecord(record));
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
): Promise<Iterable<StoredHeader[]> | undefined> {
  const bytes = await readFileIfAny(join(folder, FILE_NAME));
  const stamp = stampOf(commit);
  if (bytes === undefined || bytes.length < stamp.length + CHECK_BYTES) return undefined;
  const end = bytes.length - CHECK_BYTES;
  if (bytesToKey(bytes.subarray(0, stamp.length)) !== bytesToKey(stamp)) return undefined;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return undefined;
  return groups(bytes.subarray(stamp.length, end));
}

function* groups(bytes: Buffer): Generator<StoredHeader[]> {
  let group: StoredHeader[] = [];
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const record = decodeHeaderRecord(bytes.subarray(at + HASH_BYTES, at + ENTRY_BYTES));
    group.push({ hash: bytes.subarray(at, at + HASH_BYTES), record });
    if (group.length < GROUP) continue;
    yield group;
    group = [];
  }
  yield group;
}

/** Which commit the headers are of. */
function stampOf(commit: CommitRecord): Uint8Array {
  return new ByteWriter(112).u64(BigInt(commit.number)).bytes(encodeCommit(commit)).finish();
}
