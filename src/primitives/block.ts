import { inOneGo } from '../bytes/breathe.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { type BlockHeader, HEADER_BYTES, readHeader } from './header.ts';
import { readTransaction, type Transaction } from './transaction.ts';

export type Block = Readonly<{
  header: BlockHeader;
  transactions: readonly Transaction[];
  /** Header, count and transactions as they are on the wire. The parts above are views into it. */
  bytes: Uint8Array;
}>;

/** The shortest that a transaction can be: version, two counts, lock time. */
export const MIN_TRANSACTION_BYTES = 10;

/** Transactions decoded before a pause. */
const SLICE = 500;

/** Decodes bytes that are one block and nothing else. @throws DecodeError */
export function decodeBlock(bytes: Uint8Array): Block {
  return inOneGo(decodingBlock(bytes));
}

/** decodeBlock with pauses: 3 MB take some tens of milliseconds. */
export function* decodingBlock(bytes: Uint8Array): Generator<void, Block> {
  const reader = new ByteReader(bytes);
  const header = readHeader(reader);
  const transactions: Transaction[] = [];
  for (let n = reader.count(MIN_TRANSACTION_BYTES); n > 0; n--) {
    transactions.push(readTransaction(reader));
    if (n % SLICE === 0) yield;
  }
  reader.expectEnd();
  return { header, transactions, bytes };
}

export function encodeBlock(headerBytes: Uint8Array, transactions: readonly Transaction[]): Uint8Array {
  const size = transactions.reduce((sum, { bytes }) => sum + bytes.length, HEADER_BYTES + 9);
  const writer = new ByteWriter(size).bytes(headerBytes).compactSize(transactions.length);
  for (const { bytes } of transactions) writer.bytes(bytes);
  return writer.finish();
}

/** A block from its parts, with its bytes. */
export function makeBlock(header: BlockHeader, transactions: readonly Transaction[]): Block {
  return decodeBlock(encodeBlock(header.bytes, transactions));
}
