import { DecodeError } from './decodeError.ts';

/**
 * Reads little-endian fields one after the other and never past the end.
 * `bytes()` gives views, not copies: whoever keeps one keeps the whole buffer alive.
 * Every method throws a DecodeError when the bytes run out.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  u16(): number {
    const at = this.#advance(2);
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }

  i32(): number {
    const at = this.#advance(4);
    const b = this.#bytes;
    return b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  u64(): bigint {
    const low = this.u32();
    const high = this.u32();
    // One BigInt instead of three where the number is small enough to be exact as a double: amounts always are.
    return high < 0x200000 ? BigInt(high * 0x1_0000_0000 + low) : (BigInt(high) << 32n) | BigInt(low);
  }

  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Everything read since `start`, as a view. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#offset);
  }

  /** Bitcoin's CompactSize. A number written longer than needed is an error, so that bytes have one reading. */
  compactSize(): number {
    const first = this.u8();
    if (first < 0xfd) return first;
    if (first === 0xfd) return minimal(this.u16(), 0xfd);
    if (first === 0xfe) return minimal(this.u32(), 0x1_0000);
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError('CompactSize beyond any length');
    return minimal(Number(value), 0x1_0000_0000);
  }

  /** A CompactSize count of items of at least `minItemBytes` each: refused before anything is allocated for it. */
  count(minItemBytes: number): number {
    const count = this.compactSize();
    if (count > this.remaining / minItemBytes)
      throw new DecodeError(`a count of ${count} exceeds the bytes left`);
    return count;
  }

  expectEnd(): void {
    if (this.remaining !== 0) throw new DecodeError(`${this.remaining} bytes left over`);
  }

  #advance(length: number): number {
    const at = this.#offset;
    if (length > this.#bytes.length - at) throw new DecodeError('the bytes end too early');
    this.#offset = at + length;
    return at;
  }
}

function minimal(value: number, least: number): number {
  if (value < least) throw new DecodeError('CompactSize is not minimal');
  return value;
}
