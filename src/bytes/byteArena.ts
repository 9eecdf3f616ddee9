/**
 * Memory that is handed out piece by piece and given back all at once: many small things in it cost the garbage collector
 * nothing. Pieces are known by their offsets, since growing moves them.
 */
export class ByteArena {
  #buffer: Buffer;
  #used: number;

  /** `reserved` bytes at the beginning are never handed out, so that small offsets can mean something else. */
  constructor(reserved = 0, expectedBytes = 4096) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(reserved, expectedBytes));
    this.#used = reserved;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  get used(): number {
    return this.#used;
  }

  /** Makes room for so many bytes and returns their offset. May replace `buffer`. */
  take(length: number): number {
    const at = this.#used;
    this.#used += length;
    if (this.#used > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#used, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    return at;
  }
}
