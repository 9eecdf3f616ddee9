/**
 * Every key of the databases on one page. Numbers in keys are big-endian, so that LevelDB's order is the number's order.
 * Every value ends in a CRC-32 over its key and itself (see checkedValue.ts).
 *
 * `chain/`, changed by one atomic batch for every commit:
 *
 *     c <tx hash 32> <index u32 LE>   a coin: amount u64 | height × 2 + coinbase u32 | locking script
 *     t <tx hash 32>                  where a transaction of the active chain is: height u32 | offset u32 | length u32
 *     h <height u32> <hash 32>        a header: 80 bytes | flags u8 | transactions u32 | body id u32 | undo id u32 |
 *                                     size u32 | undo size u32; transactions without a body id: a block that was pruned
 *     r <number u64>                  a commit: tip before 32 | tip 32 | coins u64 | coin-set hash 32; the last 1,000
 *     m format | network | clean      the format's version; the genesis hash; the number of the commit at a clean close
 *
 * Beside it lie two files that are no part of it: `last-commit` (lastCommitFile.ts) and `headers` (headerFile.ts).
 *
 * `blocks/`, appended to before the commit that mentions it, and deleted from after the commit that ceases to:
 *
 *     <id u32> <chunk u16>            64 KiB of the bytes of a block, or of the coins that it spent (see coinCodec.ts); the
 *                                     last chunk is shorter
 *     <id u32>                        the whole of it, before format 2: read by a reindex
 */
import { concatBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { Outpoint } from '../primitives/transaction.ts';

const prefix = (letter: string) => letter.charCodeAt(0);

export const COIN = prefix('c');
export const TRANSACTION = prefix('t');
export const HEADER = prefix('h');
export const COMMIT = prefix('r');
const META = prefix('m');
export const COIN_KEY_BYTES = 37;
export const TRANSACTION_KEY_BYTES = 33;
const RECORD_ID_BYTES = 4;

export const FORMAT_KEY = metaKey('format');
export const NETWORK_KEY = metaKey('network');
export const CLEAN_KEY = metaKey('clean');

/** Writes the 37 bytes of a coin's key. */
export function writeCoinKey(into: Buffer, at: number, txHash: Uint8Array, index: number): void {
  into[at] = COIN;
  into.set(txHash, at + 1);
  into.writeUInt32LE(index, at + 33);
}

export function coinKey({ txHash, index }: Outpoint): Buffer {
  const bytes = Buffer.allocUnsafe(COIN_KEY_BYTES);
  writeCoinKey(bytes, 0, txHash, index);
  return bytes;
}

/** Writes the 33 bytes of a transaction's key. */
export function writeTransactionKey(into: Buffer, at: number, hash: Uint8Array): void {
  into[at] = TRANSACTION;
  into.set(hash, at + 1);
}

export function transactionKey(hash: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(TRANSACTION_KEY_BYTES);
  writeTransactionKey(bytes, 0, hash);
  return bytes;
}

export function headerKey(height: number, hash: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(37);
  bytes[0] = HEADER;
  bytes.writeUInt32BE(height, 1);
  bytes.set(hash, 5);
  return bytes;
}

export function commitKey(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = COMMIT;
  bytes.writeBigUInt64BE(BigInt(number), 1);
  return bytes;
}

export function chunkKey(id: number, number: number): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_ID_BYTES + 2);
  bytes.writeUInt32BE(id, 0);
  bytes.writeUInt16BE(number, RECORD_ID_BYTES);
  return bytes;
}

/** All keys of one record in `blocks/`. */
export function chunksOf(id: number): { gte: Buffer; lt: Buffer } {
  return chunksBetween(id, id + 1);
}

/** All keys of the records from one id up to, not including, another. */
export function chunksBetween(fromId: number, toId: number): { gte: Buffer; lt: Buffer } {
  return { gte: recordKey(fromId), lt: recordKey(toId) };
}

export function recordIdOf(key: Uint8Array): number {
  return asBuffer(key).readUInt32BE(0);
}

export function chunkNumberOf(key: Uint8Array): number {
  return asBuffer(key).readUInt16BE(RECORD_ID_BYTES);
}

/** Whether the record is in one piece, as it was before format 2. */
export function isWholeRecord(key: Uint8Array): boolean {
  return key.length === RECORD_ID_BYTES;
}

/** All keys that begin with this byte. */
export function keysOf(letter: number): { gte: Buffer; lt: Buffer } {
  return { gte: Buffer.of(letter), lt: Buffer.of(letter + 1) };
}

function recordKey(id: number): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_ID_BYTES);
  bytes.writeUInt32BE(id, 0);
  return bytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function metaKey(name: string): Buffer {
  return Buffer.from(concatBytes(new ByteWriter(1).u8(META).finish(), Buffer.from(name)));
}
