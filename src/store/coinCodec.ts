import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { Coin } from '../consensus/coin.ts';

const FIXED_BYTES = 12;

/** `amount u64 | height × 2 + coinbase u32 | locking script`: 47 bytes for a 33-byte key. */
export function encodeCoin({ amount, height, isCoinbase, lockingScript }: Coin): Uint8Array {
  return new ByteWriter(FIXED_BYTES + lockingScript.length)
    .u64(amount)
    .u32(height * 2 + (isCoinbase ? 1 : 0))
    .bytes(lockingScript)
    .finish();
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

/** The coins that a block spent, in the order of its inputs: a count, then each behind its length. */
export function encodeUndo(coins: readonly Coin[]): Uint8Array {
  const writer = new ByteWriter(5 + coins.length * 48).compactSize(coins.length);
  for (const coin of coins) {
    const bytes = encodeCoin(coin);
    writer.compactSize(bytes.length).bytes(bytes);
  }
  return writer.finish();
}

/** @throws DecodeError */
export function decodeUndo(bytes: Uint8Array): Coin[] {
  const reader = new ByteReader(bytes);
  const coins: Coin[] = [];
  for (let n = reader.count(FIXED_BYTES); n > 0; n--) {
    coins.push(decodeCoin(reader.bytes(reader.compactSize())));
  }
  reader.expectEnd();
  return coins;
}
