import { ByteReader } from '../bytes/byteReader.ts';
import type { Coin } from '../consensus/coin.ts';

const FIXED_BYTES = 12;
const WORD = 0x1_0000_0000;

/** Length of the coin's encoding. */
export function coinBytes({ lockingScript }: Coin): number {
  return FIXED_BYTES + lockingScript.length;
}

/** `amount u64 | height × 2 + coinbase u32 | locking script`: 47 bytes for a 33-byte key. */
export function encodeCoin(coin: Coin): Uint8Array {
  const bytes = Buffer.allocUnsafe(coinBytes(coin));
  writeCoin(bytes, 0, coin);
  return bytes;
}

/** Writes the encoding into a buffer that has room for it. */
export function writeCoin(
  into: Buffer,
  at: number,
  { amount, height, isCoinbase, lockingScript }: Coin,
): void {
  // No coin is worth more than MAX_MONEY, which a double holds exactly.
  const units = Number(amount);
  into.writeUInt32LE(units % WORD, at);
  into.writeUInt32LE(Math.floor(units / WORD), at + 4);
  into.writeUInt32LE(height * 2 + (isCoinbase ? 1 : 0), at + 8);
  into.set(lockingScript, at + FIXED_BYTES);
}

/** Reads what writeCoin wrote. The locking script is a view. */
export function readCoin(from: Buffer, at: number, end: number): Coin {
  const heightAndCoinbase = from.readUInt32LE(at + 8);
  return {
    amount: BigInt(from.readUInt32LE(at + 4) * WORD + from.readUInt32LE(at)),
    height: heightAndCoinbase >>> 1,
    isCoinbase: (heightAndCoinbase & 1) === 1,
    lockingScript: new Uint8Array(from.buffer, from.byteOffset + at + FIXED_BYTES, end - at - FIXED_BYTES),
  };
}

/** @throws DecodeError */
export function decodeCoin(bytes: Uint8Array): Coin {
  const reader = new ByteReader(bytes);
  const amount = reader.u64();
  const heightAndCoinbase = reader.u32();
  return {
    amount,
    height: heightAndCoinbase >>> 1,
    isCoinbase: (heightAndCoinbase & 1) === 1,
    lockingScript: reader.bytes(reader.remaining),
  };
}

/** The coins that a block spent, in the order of its inputs: a count u32, then each behind its length, a byte. */
export function encodeUndo(coins: readonly Coin[]): Uint8Array {
  let length = 4;
  for (const coin of coins) length += 1 + coinBytes(coin);
  const bytes = Buffer.allocUnsafe(length);
  let at = bytes.writeUInt32LE(coins.length, 0);
  for (const coin of coins) {
    const size = coinBytes(coin);
    bytes[at] = size;
    writeCoin(bytes, at + 1, coin);
    at += 1 + size;
  }
  return bytes;
}

/** @throws DecodeError */
export function decodeUndo(bytes: Uint8Array): Coin[] {
  const reader = new ByteReader(bytes);
  const coins: Coin[] = [];
  for (let n = reader.u32(); n > 0; n--) coins.push(decodeCoin(reader.bytes(reader.u8())));
  reader.expectEnd();
  return coins;
}
