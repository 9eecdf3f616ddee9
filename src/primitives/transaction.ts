import { ByteReader } from '../bytes/byteReader.ts';
import { bytesToKey } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { sha256d } from '../bytes/sha256.ts';

/** Points at one output of an earlier transaction. */
export type Outpoint = Readonly<{
  /** The transaction's hash, 32 bytes in wire order; all zero in a coinbase. */
  txHash: Uint8Array;
  /** Which of its outputs, u32; 0xffffffff in a coinbase. */
  index: number;
}>;

export type TransactionInput = Readonly<{
  outpoint: Outpoint;
  unlockingScript: Uint8Array;
  /** u32: BIP68 relative lock time, or 0xffffffff for none. */
  sequence: number;
}>;

export type TransactionOutput = Readonly<{
  /** In base units, 10^8 to a coin; u64 on the wire. */
  amount: bigint;
  lockingScript: Uint8Array;
}>;

export type TransactionFields = Readonly<{
  /** i32 */
  version: number;
  inputs: readonly TransactionInput[];
  outputs: readonly TransactionOutput[];
  /** u32: a height below 500,000,000, else seconds since 1970. */
  lockTime: number;
}>;

export type Transaction = TransactionFields &
  Readonly<{
    /** The consensus serialization (Bitcoin's legacy one). May be a view into a block. */
    bytes: Uint8Array;
    /** SHA-256d of `bytes`, 32 bytes in wire order; shown reversed it is the txid. */
    hash: Uint8Array;
  }>;

export const COINBASE_INDEX = 0xffff_ffff;
/** An input: outpoint 36, script length 1, sequence 4. */
export const MIN_INPUT_BYTES = 41;
/** An output: amount 8, script length 1. */
export const MIN_OUTPUT_BYTES = 9;
const KEY_SCRATCH = new Uint8Array(36);

/** Reads one transaction and leaves the reader behind it. @throws DecodeError */
export function readTransaction(reader: ByteReader): Transaction {
  const start = reader.offset;
  const version = reader.i32();
  // As long as they will be: growing from nothing, a list for one makes room for seventeen.
  const inputs = new Array<TransactionInput>(reader.count(MIN_INPUT_BYTES));
  for (let i = 0; i < inputs.length; i++) inputs[i] = readInput(reader);
  const outputs = new Array<TransactionOutput>(reader.count(MIN_OUTPUT_BYTES));
  for (let i = 0; i < outputs.length; i++) outputs[i] = readOutput(reader);
  const lockTime = reader.u32();
  const bytes = reader.since(start);
  return { version, inputs, outputs, lockTime, bytes, hash: sha256d(bytes) };
}

/** Decodes bytes that are one transaction and nothing else. @throws DecodeError */
export function decodeTransaction(bytes: Uint8Array): Transaction {
  const reader = new ByteReader(bytes);
  const transaction = readTransaction(reader);
  reader.expectEnd();
  return transaction;
}

/** `version i32 | inputs | outputs | lockTime u32`, each list behind its CompactSize count. */
export function encodeTransaction(fields: TransactionFields): Uint8Array {
  const writer = new ByteWriter().i32(fields.version).compactSize(fields.inputs.length);
  for (const { outpoint, unlockingScript, sequence } of fields.inputs) {
    writer.bytes(outpoint.txHash).u32(outpoint.index);
    writer.compactSize(unlockingScript.length).bytes(unlockingScript).u32(sequence);
  }
  writer.compactSize(fields.outputs.length);
  for (const { amount, lockingScript } of fields.outputs) {
    writer.u64(amount).compactSize(lockingScript.length).bytes(lockingScript);
  }
  return writer.u32(fields.lockTime).finish();
}

/** A transaction from its fields, with its bytes and hash. */
export function makeTransaction(fields: TransactionFields): Transaction {
  return decodeTransaction(encodeTransaction(fields));
}

/** The same transaction on bytes of its own. A view would keep the whole block that it came in alive. */
export function detachTransaction(transaction: Transaction): Transaction {
  const { bytes } = transaction;
  if (bytes.length === bytes.buffer.byteLength) return transaction;
  return decodeTransaction(Uint8Array.from(bytes));
}

export function isNullOutpoint({ txHash, index }: Outpoint): boolean {
  return index === COINBASE_INDEX && txHash.every((byte) => byte === 0);
}

/** One input, and it points nowhere: the transaction that makes new coins. */
export function isCoinbase({ inputs }: TransactionFields): boolean {
  return inputs.length === 1 && isNullOutpoint(inputs[0]!.outpoint);
}

/** Map key of an output: 36 characters, the hash's bytes in wire order and the index little-endian. */
export function outpointKey(txHash: Uint8Array, index: number): string {
  // One flat string from one buffer: one glued together from two would be copied when it is first looked up.
  KEY_SCRATCH.set(txHash, 0);
  KEY_SCRATCH[32] = index;
  KEY_SCRATCH[33] = index >>> 8;
  KEY_SCRATCH[34] = index >>> 16;
  KEY_SCRATCH[35] = index >>> 24;
  return bytesToKey(KEY_SCRATCH);
}

function readInput(reader: ByteReader): TransactionInput {
  const outpoint = { txHash: reader.bytes(32), index: reader.u32() };
  const unlockingScript = reader.bytes(reader.compactSize());
  return { outpoint, unlockingScript, sequence: reader.u32() };
}

function readOutput(reader: ByteReader): TransactionOutput {
  const amount = reader.u64();
  return { amount, lockingScript: reader.bytes(reader.compactSize()) };
}
