import { ByteArena } from '../bytes/byteArena.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { TRANSACTION_KEY_BYTES, writeTransactionKey } from './layout.ts';
import { RecordCopy } from './recordCopy.ts';

/** Where a transaction of the active chain is: the block's height, and the bytes in it. */
export type TransactionLocation = Readonly<{ height: number; offset: number; length: number }>;

const LOCATION_BYTES = 12;
/** A record: 1 where the transaction is there and 0 where it is gone, then key and value. */
const RECORD_BYTES = 1 + TRANSACTION_KEY_BYTES + LOCATION_BYTES;

/** Changes to the transaction index, in their order, as the bytes that the database will get. */
export class TransactionLog {
  readonly #arena = new ByteArena();
  readonly #copy = new RecordCopy(TRANSACTION_KEY_BYTES, LOCATION_BYTES);

  get bytes(): number {
    return this.#arena.used;
  }

  get count(): number {
    return this.#arena.used / RECORD_BYTES;
  }

  add(hash: Uint8Array, height: number, offset: number, length: number): void {
    const at = this.#newRecord(hash, 1) + TRANSACTION_KEY_BYTES;
    const { buffer } = this.#arena;
    buffer.writeUInt32LE(height, at);
    buffer.writeUInt32LE(offset, at + 4);
    buffer.writeUInt32LE(length, at + 8);
  }

  remove(hash: Uint8Array): void {
    this.#newRecord(hash, 0);
  }

  /** Whether a change, numbered from 0, takes a transaction into the index; otherwise it takes it out. */
  isAdded(number: number): boolean {
    return this.#arena.buffer[number * RECORD_BYTES] === 1;
  }

  /** The record of a change. Good until the next one is asked for. */
  change(number: number): RecordCopy {
    return this.#copy.copy(this.#arena.buffer, number * RECORD_BYTES + 1);
  }

  #newRecord(hash: Uint8Array, isThere: 0 | 1): number {
    const at = this.#arena.take(RECORD_BYTES);
    this.#arena.buffer[at] = isThere;
    writeTransactionKey(this.#arena.buffer, at + 1, hash);
    return at + 1;
  }
}

/** @throws DecodeError */
export function decodeLocation(bytes: Uint8Array): TransactionLocation {
  const reader = new ByteReader(bytes);
  return { height: reader.u32(), offset: reader.u32(), length: reader.u32() };
}
