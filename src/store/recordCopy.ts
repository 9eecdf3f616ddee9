import { CHECK_BYTES, sealInPlace } from './checkedValue.ts';

/**
 * A record of the database (key, value, and room for the checksum of both) in memory that the next one overwrites: LevelDB
 * copies what it is given, and views of their own for the records of a commit were a fifth of all the garbage that importing
 * blocks made.
 */
export class RecordCopy {
  readonly key: Buffer;
  readonly keyAndValue: Buffer;
  readonly #sealedValue: Buffer;
  readonly #all: Buffer;

  constructor(keyBytes: number, valueBytes: number) {
    this.#all = Buffer.allocUnsafeSlow(keyBytes + valueBytes + CHECK_BYTES);
    this.key = this.#all.subarray(0, keyBytes);
    this.keyAndValue = this.#all.subarray(0, keyBytes + valueBytes);
    this.#sealedValue = this.#all.subarray(keyBytes);
  }

  /** Takes over the key and the value that stand at `at`, one behind the other. */
  copy(from: Buffer, at: number): this {
    const length = this.keyAndValue.length;
    for (let i = 0; i < length; i++) this.#all[i] = from[at + i]!;
    return this;
  }

  /** The value with its checksum behind it. */
  sealedValue(): Buffer {
    sealInPlace(this.#all, 0, this.#all.length);
    return this.#sealedValue;
  }
}
