/**
 * Every key of the databases on one page. Numbers in keys are big-endian, so that LevelDB's order is the number's order.
 * Every value ends in a CRC-32 over its key and itself (see checkedValue.ts).
 *
 * `chain/`, changed by one atomic batch for every commit:
 *
 *     c <tx hash 32> <index u32 LE>   a coin: amount u64 | height × 2 + coinbase u32 | locking script
 *     t <tx hash 32>                  where a transaction of the active chain is: height u32 | offset u32 | length u32
 *     h <height u32> <hash 32>        a header: 80 bytes | flags u8 | transactions u32 | body id u32 | undo id u32 | size u32
 *     r <number u64>                  a commit: tip before 32 | tip 32 | coins u64 | coin-set hash 32; the last 1,000
 *     m format | network | clean      the format's version; the genesis hash; the number of the commit at a clean close
 *
 * `blocks/`, only ever appended to, before the commit that mentions it:
 *
 *     <id u32>                        the bytes of a block, or the coins that it spent (see coinCodec.ts)
 */
import { concatBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';

const prefix = (letter: string) => letter.charCodeAt(0);

export const COIN = prefix('c');
export const TRANSACTION = prefix('t');
export const HEADER = prefix('h');
export const COMMIT = prefix('r');
const META = prefix('m');

export const FORMAT_KEY = metaKey('format');
export const NETWORK_KEY = metaKey('network');
export const CLEAN_KEY = metaKey('clean');

/** `key` is an outpointKey. */
export function coinKey(key: string): Buffer {
  const bytes = Buffer.allocUnsafe(37);
  bytes[0] = COIN;
  bytes.write(key, 1, 'latin1');
  return bytes;
}

/** `key` is the bytesToKey of the transaction's hash. */
export function transactionKey(key: string): Buffer {
  const bytes = Buffer.allocUnsafe(33);
  bytes[0] = TRANSACTION;
  bytes.write(key, 1, 'latin1');
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

export function blockKey(id: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(id, 0);
  return bytes;
}

/** All keys that begin with this byte. */
export function keysOf(letter: number): { gte: Buffer; lt: Buffer } {
  return { gte: Buffer.of(letter), lt: Buffer.of(letter + 1) };
}

function metaKey(name: string): Buffer {
  return Buffer.from(concatBytes(new ByteWriter(1).u8(META).finish(), Buffer.from(name)));
}
