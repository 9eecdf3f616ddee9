import { ByteReader } from '../bytes/byteReader.ts';
import { bytesToKey, concatBytes, crc32 } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { hashToHex, hexToHash } from '../bytes/hex.ts';
import { decodeTransaction, type Outpoint } from '../primitives/transaction.ts';
import type { DroppedPayment } from './droppedPayments.ts';
import type { HistoryEntry, WalletCoin } from './walletCoin.ts';

/*
 * The wallet's database on one page. Every value ends in the CRC-32 of what is before it, because LevelDB checks nothing.
 *
 *   t                              where the ledger stands: block hash 32, height u32, account key text
 *   c | txHash 32 | index u32      a coin: amount u64, height u32, isCoinbase u8, chain u8, key index u32
 *   s | txHash 32 | index u32      the same, spent: kept to undo a block
 *   h | height BE | position BE    a confirmed transaction of the wallet
 *   p | txHash 32                  one of our own, not confirmed yet: time u32, its bytes
 *   d | txHash 32                  one that was dropped: what replaced it 32, conflict height u32, height u32 (0 for none),
 *                                  its entry as under h, its bytes
 *   k                              all of c and p together: how many, and their CRC-32s XORed, see RecordSum
 */
export const TIP_KEY = Buffer.from('t');
export const SUM_KEY = Buffer.from('k');
const NO_HASH = '0'.repeat(64);

export type LedgerTip = Readonly<{ hash: string; height: number }>;

export function coinKey(prefix: 'c' | 's', { txHash, index }: Outpoint): Uint8Array {
  return new ByteWriter(37).u8(prefix.charCodeAt(0)).bytes(txHash).u32(index).finish();
}

export function pendingKey(txHash: Uint8Array): Uint8Array {
  return concatBytes(Buffer.from('p'), txHash);
}

export function droppedKey(txHash: Uint8Array): Uint8Array {
  return concatBytes(Buffer.from('d'), txHash);
}

/** Big-endian, so that the database's order is the chain's. */
export function historyKey(height: number, position: number): Uint8Array {
  const key = Buffer.alloc(9);
  key.write('h');
  key.writeUInt32BE(height, 1);
  key.writeUInt32BE(position, 5);
  return key;
}

/** All keys of a prefix: from the first, to before the second. */
export function prefixRange(prefix: string): { gte: Uint8Array; lt: Uint8Array } {
  return { gte: Buffer.from(prefix), lt: Buffer.from([prefix.charCodeAt(0) + 1]) };
}

export function encodeTip(tip: LedgerTip, accountKey: string): Uint8Array {
  return seal(new ByteWriter().bytes(hexToHash(tip.hash)).u32(tip.height).bytes(Buffer.from(accountKey)));
}

export function decodeTip(value: Uint8Array): { tip: LedgerTip; accountKey: string } {
  const reader = unseal(value);
  const hash = hashToHex(reader.bytes(32));
  const height = reader.u32();
  return { tip: { hash, height }, accountKey: Buffer.from(reader.bytes(reader.remaining)).toString() };
}

export function encodeCoin(coin: WalletCoin & { height: number }): Uint8Array {
  const writer = new ByteWriter(22)
    .u64(coin.amount)
    .u32(coin.height)
    .u8(coin.isCoinbase ? 1 : 0);
  return seal(writer.u8(coin.key.chain === 'receive' ? 0 : 1).u32(coin.key.index));
}

/** @param key as coinKey made it: it holds the outpoint */
export function decodeCoin(key: Uint8Array, value: Uint8Array): WalletCoin & { height: number } {
  const keyReader = new ByteReader(Uint8Array.from(key.subarray(1)));
  const outpoint = { txHash: keyReader.bytes(32), index: keyReader.u32() };
  const reader = unseal(value);
  return {
    outpoint,
    amount: reader.u64(),
    height: reader.u32(),
    isCoinbase: reader.u8() === 1,
    key: { chain: reader.u8() === 0 ? 'receive' : 'change', index: reader.u32() },
  };
}

type ConfirmedEntry = HistoryEntry & { height: number; blockHash: string };

export function encodeEntry(entry: HistoryEntry): Uint8Array {
  return seal(writeEntry(new ByteWriter(104), entry));
}

export function decodeEntry(key: Uint8Array, value: Uint8Array): ConfirmedEntry {
  const height = Buffer.from(key).readUInt32BE(1);
  const entry = readEntry(unseal(value));
  return { ...entry, height, blockHash: entry.blockHash ?? NO_HASH };
}

/** All but the height. */
function writeEntry(writer: ByteWriter, entry: HistoryEntry): ByteWriter {
  writer.bytes(hexToHash(entry.txid)).bytes(hexToHash(entry.blockHash ?? NO_HASH));
  writer
    .u32(entry.timeSec)
    .u8(entry.isCoinbase ? 1 : 0)
    .u64(entry.received)
    .u64(entry.spent);
  return writer.u8(entry.fee === undefined ? 0 : 1).u64(entry.fee ?? 0n);
}

function readEntry(reader: ByteReader): HistoryEntry {
  const txid = hashToHex(reader.bytes(32));
  const blockHash = readHash(reader);
  const timeSec = reader.u32();
  const isCoinbase = reader.u8() === 1;
  const received = reader.u64();
  const spent = reader.u64();
  const hasFee = reader.u8() === 1;
  const fee = reader.u64();
  return {
    txid,
    height: undefined,
    blockHash,
    timeSec,
    isCoinbase,
    received,
    spent,
    fee: hasFee ? fee : undefined,
  };
}

function readHash(reader: ByteReader): string | undefined {
  const hash = hashToHex(reader.bytes(32));
  return hash === NO_HASH ? undefined : hash;
}

export function encodePending(timeSec: number, bytes: Uint8Array): Uint8Array {
  return seal(new ByteWriter(bytes.length + 8).u32(timeSec).bytes(bytes));
}

export function decodePending(value: Uint8Array): { timeSec: number; bytes: Uint8Array } {
  const reader = unseal(value);
  return { timeSec: reader.u32(), bytes: Uint8Array.from(reader.bytes(reader.remaining)) };
}

export function encodeDropped(payment: DroppedPayment): Uint8Array {
  const { transaction, entry, replacedBy, conflictHeight, droppedHeight } = payment;
  const writer = new ByteWriter(transaction.bytes.length + 144)
    .bytes(hexToHash(replacedBy ?? NO_HASH))
    .u32(conflictHeight ?? 0)
    .u32(droppedHeight);
  return seal(writeEntry(writer, entry).bytes(transaction.bytes));
}

export function decodeDropped(value: Uint8Array): DroppedPayment {
  const reader = unseal(value);
  const replacedBy = readHash(reader);
  const conflictHeight = reader.u32() || undefined;
  const droppedHeight = reader.u32();
  const entry = readEntry(reader);
  const transaction = decodeTransaction(Uint8Array.from(reader.bytes(reader.remaining)));
  return { transaction, entry, replacedBy, conflictHeight, droppedHeight };
}

/** A running sum over records, which tells that one has disappeared: LevelDB says nothing when the key of one is damaged. */
export class RecordSum {
  readonly #sums = new Map<string, number>();
  #xor = 0;

  put(key: Uint8Array, value: Uint8Array): void {
    const sum = crc32(concatBytes(key, value));
    this.delete(key);
    this.#sums.set(bytesToKey(key), sum);
    this.#xor ^= sum;
  }

  delete(key: Uint8Array): void {
    this.#xor ^= this.#sums.get(bytesToKey(key)) ?? 0;
    this.#sums.delete(bytesToKey(key));
  }

  encode(): Uint8Array {
    return seal(new ByteWriter(12).u32(this.#sums.size).u32(this.#xor >>> 0));
  }
}

/** A value that is not what was written. The ledger is made anew from the chain then. */
export class LedgerDamage extends Error {
  override readonly name = 'LedgerDamage';
}

function seal(writer: ByteWriter): Uint8Array {
  return writer.u32(crc32(writer.finish())).finish();
}

function unseal(value: Uint8Array): ByteReader {
  const body = value.subarray(0, Math.max(0, value.length - 4));
  if (value.length < 4 || new ByteReader(value.subarray(-4)).u32() !== crc32(body)) {
    throw new LedgerDamage('a record of the wallet does not match its checksum');
  }
  return new ByteReader(body);
}
