import { sha256Words } from '../bytes/sha256.ts';

/** Words of 32 bits in the sum. */
const WORDS = 8;

/**
 * A running fingerprint of the whole set of coins: the sum, modulo 2^256, of the SHA-256 of every coin's key and value.
 * A sum does not depend on the order and can be taken back, so one block changes it by as much work as it has coins. Two
 * nodes with the same coins have the same sum, and a database that lost a write has another. It finds damage; it is not
 * proof against somebody who can choose the coins at will (a sum of hashes falls to Wagner's generalized birthday).
 */
export class CoinSetHash {
  /** Least significant first. */
  readonly #words: Uint32Array;
  readonly #digest = new Uint32Array(WORDS);

  private constructor(words: Uint32Array) {
    this.#words = words;
  }

  static empty(): CoinSetHash {
    return new CoinSetHash(new Uint32Array(WORDS));
  }

  static fromBytes(bytes: Uint8Array): CoinSetHash {
    return new CoinSetHash(wordsOf(bytes));
  }

  /** 32 bytes, little-endian. */
  toBytes(): Uint8Array {
    const bytes = Buffer.alloc(WORDS * 4);
    for (let i = 0; i < WORDS; i++) bytes.writeUInt32LE(this.#words[i]!, i * 4);
    return bytes;
  }

  clone(): CoinSetHash {
    return new CoinSetHash(this.#words.slice());
  }

  /** @param coin the key and the value as they are in the database, one behind the other */
  add(coin: Uint8Array): void {
    sha256Words(coin, this.#digest);
    let carry = 0;
    for (let i = 0; i < WORDS; i++) {
      const sum = this.#words[i]! + this.#digest[i]! + carry;
      this.#words[i] = sum;
      carry = sum > 0xffff_ffff ? 1 : 0;
    }
  }

  remove(coin: Uint8Array): void {
    sha256Words(coin, this.#digest);
    let borrow = 0;
    for (let i = 0; i < WORDS; i++) {
      const difference = this.#words[i]! - this.#digest[i]! - borrow;
      this.#words[i] = difference;
      borrow = difference < 0 ? 1 : 0;
    }
  }
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  return Uint32Array.from({ length: WORDS }, (_, i) => wordAt(bytes, i));
}

/** Unsigned, little-endian. */
function wordAt(bytes: Uint8Array, word: number): number {
  const at = word * 4;
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
