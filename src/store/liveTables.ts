import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfAny } from '../bytes/atomicFile.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { maskedCrc32c } from './crc32c.ts';
import { readVarint } from './varint.ts';

/**
 * Which tables a LevelDB counts as its own: a compaction that was interrupted leaves half a table that nothing mentions.
 * CURRENT names the MANIFEST, which is a log (doc/log_format.md): blocks of 32 KiB, in them fragments `crc u32 | length u16 |
 * type u8 | bytes`; a record is a list of changes (db/version_edit.cc), of which new and deleted tables count here.
 */
const LOG_BLOCK_BYTES = 32 * 1024;
const FRAGMENT_HEADER_BYTES = 7;
const FRAGMENT = { full: 1, first: 2, middle: 3, last: 4 } as const;

/** Each change begins with its tag. */
const CHANGE = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
} as const;

/** Sizes of the tables in bytes, by number. Undefined where that cannot be read: LevelDB itself refuses those files. */
export async function readLiveTables(folder: string): Promise<Map<number, number> | undefined> {
  try {
    const name = await readManifestName(folder);
    if (name === undefined) return undefined;
    const manifest = await readFile(join(folder, name));
    const tables = new Map<number, number>();
    for (const record of recordsOf(manifest)) applyChanges(new ByteReader(record), tables);
    return tables;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code !== undefined;
    if (isMissing || error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** What CURRENT says; undefined where it is missing, or says something else. */
export async function readManifestName(folder: string): Promise<string | undefined> {
  const current = await readFileIfAny(join(folder, 'CURRENT'));
  return /^(MANIFEST-\d+)\n$/.exec(current?.toString('latin1') ?? '')?.[1];
}

/**
 * Whether the MANIFEST can be read to its end. LevelDB takes one that is damaged, or cut, for the end of a process that was
 * killed: it opens the version before, and deletes the tables that this does not know.
 */
export async function isManifestWhole(folder: string): Promise<boolean> {
  const name = await readManifestName(folder);
  const manifest = name === undefined ? undefined : await readFileIfAny(join(folder, name));
  // Where one of them is missing, LevelDB says so itself.
  if (manifest === undefined) return true;
  const records = recordsOf(manifest);
  for (;;) {
    const { done, value } = records.next();
    if (done) return value;
  }
}

/** Returns whether all was read: it ends early at a fragment that is cut, or does not match its checksum. */
function* recordsOf(log: Uint8Array): Generator<Uint8Array, boolean> {
  let parts: Uint8Array[] = [];
  let at = 0;
  while (at + FRAGMENT_HEADER_BYTES <= log.length) {
    const left = LOG_BLOCK_BYTES - (at % LOG_BLOCK_BYTES);
    if (left < FRAGMENT_HEADER_BYTES) {
      at += left;
      continue;
    }
    const check = (log[at]! | (log[at + 1]! << 8) | (log[at + 2]! << 16) | (log[at + 3]! << 24)) >>> 0;
    const length = log[at + 4]! | (log[at + 5]! << 8);
    const type = log[at + 6]!;
    const start = at + FRAGMENT_HEADER_BYTES;
    at = start + length;
    // Over the type and the bytes.
    if (at > log.length || maskedCrc32c(log, start - 1, at) !== check) return false;
    if (type === FRAGMENT.full || type === FRAGMENT.first) parts = [];
    parts.push(log.subarray(start, at));
    if (type === FRAGMENT.full || type === FRAGMENT.last) {
      yield Buffer.concat(parts);
      parts = [];
    }
  }
  return at >= log.length && parts.length === 0;
}

/** @throws DecodeError */
function applyChanges(reader: ByteReader, tables: Map<number, number>): void {
  while (reader.remaining > 0) {
    const tag = readVarint(reader);
    switch (tag) {
      case CHANGE.comparator:
        reader.bytes(readVarint(reader));
        break;
      case CHANGE.compactPointer:
        readVarint(reader);
        reader.bytes(readVarint(reader));
        break;
      case CHANGE.deletedFile:
        readVarint(reader);
        tables.delete(readVarint(reader));
        break;
      case CHANGE.newFile: {
        readVarint(reader);
        tables.set(readVarint(reader), readVarint(reader));
        reader.bytes(readVarint(reader));
        reader.bytes(readVarint(reader));
        break;
      }
      case CHANGE.logNumber:
      case CHANGE.nextFileNumber:
      case CHANGE.lastSequence:
      case CHANGE.previousLogNumber:
        readVarint(reader);
        break;
      default:
        throw new DecodeError(`there is no change ${tag}`);
    }
  }
}
