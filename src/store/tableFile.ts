import { ByteReader } from '../bytes/byteReader.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { maskedCrc32c } from './crc32c.ts';
import { readVarint } from './varint.ts';

/**
 * The tables of a LevelDB (doc/table_format.md there): blocks one after the other, each with a byte that names its
 * compression and a masked CRC-32C behind it; in the end a footer that leads to the index of the blocks. LevelDB as `level`
 * opens it never looks at these sums, and a damaged block can end the whole process by an assertion.
 */
const FOOTER_BYTES = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
const TRAILER_BYTES = 5;

/** Where a block lies in its file. */
type BlockHandle = Readonly<{ offset: number; bytes: number }>;

/** Whether every block of the table is what was written. */
export function isTableSound(file: Uint8Array): boolean {
  const footer = file.length - FOOTER_BYTES;
  if (footer < 0 || !MAGIC.equals(file.subarray(file.length - MAGIC.length))) return false;
  try {
    const reader = new ByteReader(file.subarray(footer));
    const metaIndex = readHandle(reader);
    const index = readHandle(reader);
    const handles = [metaIndex, index];
    if (!handles.every((handle) => isBlockSound(file, handle, footer))) return false;
    // A repair compresses what it writes. That is read once, by a reindex, with the checksums of the values.
    if (isCompressed(file, metaIndex) || isCompressed(file, index)) return true;
    handles.push(...handlesIn(file, metaIndex), ...handlesIn(file, index));
    const total = handles.reduce((sum, { bytes }) => sum + bytes + TRAILER_BYTES, FOOTER_BYTES);
    return total === file.length && handles.every((handle) => isBlockSound(file, handle, footer));
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

function isCompressed(file: Uint8Array, { offset, bytes }: BlockHandle): boolean {
  return file[offset + bytes] !== 0;
}

function isBlockSound(file: Uint8Array, { offset, bytes }: BlockHandle, end: number): boolean {
  const trailer = offset + bytes;
  if (trailer + TRAILER_BYTES > end) return false;
  const masked = maskedCrc32c(file, offset, trailer + 1);
  return new DataView(file.buffer, file.byteOffset + trailer + 1, 4).getUint32(0, true) === masked;
}

/** The values of an index block, handles all: `shared | unshared | value length | key's rest | value` each, then restarts. */
function handlesIn(file: Uint8Array, { offset, bytes }: BlockHandle): BlockHandle[] {
  const block = file.subarray(offset, offset + bytes);
  const restarts = new ByteReader(block.subarray(Math.max(0, bytes - 4))).u32();
  const reader = new ByteReader(block.subarray(0, Math.max(0, bytes - 4 - 4 * restarts)));
  const handles: BlockHandle[] = [];
  while (reader.remaining > 0) {
    readVarint(reader);
    const keyBytes = readVarint(reader);
    const valueBytes = readVarint(reader);
    reader.bytes(keyBytes);
    handles.push(readHandle(new ByteReader(reader.bytes(valueBytes))));
  }
  return handles;
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: readVarint(reader), bytes: readVarint(reader) };
}
