import { randomBytes } from 'node:crypto';
import { ByteArena } from '../bytes/byteArena.ts';
import type { Coin, CoinSet } from '../consensus/coin.ts';
import type { Outpoint } from '../primitives/transaction.ts';
import { coinBytes, readCoin, writeCoin } from './coinCodec.ts';
import { COIN_KEY_BYTES, writeCoinKey } from './layout.ts';
import { RecordCopy } from './recordCopy.ts';

/** Where nothing is: the offset of no record. */
const NONE = 0;
/** Numbers of an entry: the coin before, the coin now, and some record with its key. */
const ENTRY_WORDS = 3;
const MIN_ENTRIES = 64;
/** Two bytes before each record say how long it is. */
const LENGTH_BYTES = 2;

/** Secret, so that nobody can make transactions that crowd into one place of the table. */
const SALT = new Int32Array(Uint8Array.from(randomBytes(16)).buffer);

/**
 * Coins that were made, spent or read since some state of the database, each as it was then and as it is now: as bytes in
 * one piece of memory, the way the database wants them. As objects in a Map they took most of the time of connecting a
 * block, in the garbage collector. Open addressing with linear probing; nothing is ever taken out.
 */
export class CoinTable implements CoinSet {
  /** Records: length | key | value. */
  readonly #arena = new ByteArena(1);
  #entries = new Uint32Array(MIN_ENTRIES * ENTRY_WORDS);
  /** The number of an entry and 1, or 0; a power of two of them, at least twice as many as entries. */
  #slots = new Uint32Array(MIN_ENTRIES * 2);
  #count = 0;
  /** By the length of what they hold. */
  readonly #copies: RecordCopy[] = [];

  /** Bytes of memory in use, about. */
  get bytes(): number {
    return this.#arena.used + this.#count * (ENTRY_WORDS + 3) * 4;
  }

  /** Coins in the table, whatever became of them: they are numbered from 0. */
  get count(): number {
    return this.#count;
  }

  /** Whether it is known here what became of this coin. */
  has({ txHash, index }: Outpoint): boolean {
    return this.#numberOf(txHash, index) >= 0;
  }

  /** Takes in a coin as the database has it, by its value there. */
  load({ txHash, index }: Outpoint, value: Uint8Array): void {
    if (this.#numberOf(txHash, index) >= 0) return;
    const at = this.#newRecord(txHash, index, value.length);
    this.#arena.buffer.set(value, at + COIN_KEY_BYTES);
    this.#newEntry(txHash, index, at, at);
  }

  /** Takes in what a table that lies below this one knows of a coin. False when it knows nothing. */
  loadFrom(below: CoinTable, outpoint: Outpoint): boolean {
    const number = below.#numberOf(outpoint.txHash, outpoint.index);
    if (number < 0) return false;
    const at = below.#entries[number * ENTRY_WORDS + 1]!;
    if (at !== NONE) this.load(outpoint, below.#arena.buffer.subarray(at + COIN_KEY_BYTES, below.#endOf(at)));
    return true;
  }

  spend({ txHash, index }: Outpoint): Coin | undefined {
    const number = this.#numberOf(txHash, index);
    if (number < 0) return undefined;
    const at = this.#entries[number * ENTRY_WORDS + 1]!;
    if (at === NONE) return undefined;
    this.#entries[number * ENTRY_WORDS + 1] = NONE;
    return readCoin(this.#arena.buffer, at + COIN_KEY_BYTES, this.#endOf(at));
  }

  add({ txHash, index }: Outpoint, coin: Coin): void {
    const at = this.#newRecord(txHash, index, coinBytes(coin));
    writeCoin(this.#arena.buffer, at + COIN_KEY_BYTES, coin);
    const number = this.#numberOf(txHash, index);
    if (number < 0) this.#newEntry(txHash, index, NONE, at);
    else this.#entries[number * ENTRY_WORDS + 1] = at;
  }

  remove(outpoint: Outpoint, coin: Coin): void {
    if (!this.has(outpoint)) {
      const at = this.#newRecord(outpoint.txHash, outpoint.index, coinBytes(coin));
      writeCoin(this.#arena.buffer, at + COIN_KEY_BYTES, coin);
      this.#newEntry(outpoint.txHash, outpoint.index, at, at);
    }
    this.spend(outpoint);
  }

  isChanged(number: number): boolean {
    return this.#entries[number * ENTRY_WORDS] !== this.#entries[number * ENTRY_WORDS + 1];
  }

  /** The coin of this number as it was, if there was one. Good until the next one is asked for. */
  before(number: number): RecordCopy | undefined {
    return this.#copyOf(this.#entries[number * ENTRY_WORDS]!);
  }

  /** The coin of this number as it is now, like `before`. */
  after(number: number): RecordCopy | undefined {
    return this.#copyOf(this.#entries[number * ENTRY_WORDS + 1]!);
  }

  #copyOf(at: number): RecordCopy | undefined {
    if (at === NONE) return undefined;
    const { buffer } = this.#arena;
    const length = this.#endOf(at) - at;
    this.#copies[length] ??= new RecordCopy(COIN_KEY_BYTES, length - COIN_KEY_BYTES);
    return this.#copies[length].copy(buffer, at);
  }

  /** Where the value of the record ends. */
  #endOf(at: number): number {
    const { buffer } = this.#arena;
    return at + buffer[at - 2]! + (buffer[at - 1]! << 8);
  }

  #newRecord(txHash: Uint8Array, index: number, valueBytes: number): number {
    const length = COIN_KEY_BYTES + valueBytes;
    const at = this.#arena.take(LENGTH_BYTES + length) + LENGTH_BYTES;
    const { buffer } = this.#arena;
    buffer[at - 2] = length;
    buffer[at - 1] = length >>> 8;
    writeCoinKey(buffer, at, txHash, index);
    return at;
  }

  #newEntry(txHash: Uint8Array, index: number, before: number, after: number): void {
    if ((this.#count + 1) * ENTRY_WORDS > this.#entries.length) this.#grow();
    const number = this.#count++;
    this.#entries[number * ENTRY_WORDS] = before;
    this.#entries[number * ENTRY_WORDS + 1] = after;
    this.#entries[number * ENTRY_WORDS + 2] = before === NONE ? after : before;
    this.#occupy(slotHash(txHash, 0, index), number);
  }

  #occupy(hash: number, number: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #grow(): void {
    const entries = new Uint32Array(this.#entries.length * 2);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const { buffer } = this.#arena;
    for (let number = 0; number < this.#count; number++) {
      const at = entries[number * ENTRY_WORDS + 2]! + 1;
      this.#occupy(slotHash(buffer, at, buffer.readUInt32LE(at + 32)), number);
    }
  }

  /** The number of the coin's entry, or -1. */
  #numberOf(txHash: Uint8Array, index: number): number {
    const mask = this.#slots.length - 1;
    let slot = slotHash(txHash, 0, index) & mask;
    for (;;) {
      const number = this.#slots[slot]! - 1;
      if (number < 0 || this.#hasKey(number, txHash, index)) return number;
      slot = (slot + 1) & mask;
    }
  }

  #hasKey(number: number, txHash: Uint8Array, index: number): boolean {
    const { buffer } = this.#arena;
    const at = this.#entries[number * ENTRY_WORDS + 2]! + 1;
    for (let i = 0; i < 32; i++) if (buffer[at + i] !== txHash[i]) return false;
    return buffer.readUInt32LE(at + 32) === index;
  }
}

/** Multiply-and-add of two words of the hash and the index, with the secret. */
function slotHash(bytes: Uint8Array, at: number, index: number): number {
  const first = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  const second = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
  const mixed =
    Math.imul(first ^ SALT[0]!, SALT[1]! | 1) +
    Math.imul(second ^ SALT[2]!, SALT[3]! | 1) +
    Math.imul(index, 0x9e3779b1);
  // The lower bits pick the slot, and multiplying mixes upwards only.
  return mixed ^ (mixed >>> 15);
}
