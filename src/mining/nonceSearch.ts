import { SHA256_START, sha256Compress } from './sha256Compress.ts';

/**
 * What a miner does all day: hash a header again and again with another nonce each time, until the hash, read as a number,
 * is below the target. There is no better way than trying, which is the point: the hash proves the work.
 */
export interface NonceKernel {
  readonly name: string;
  /**
   * Takes the header to work on (80 bytes; its last 4, the nonce, do not matter) and the target, 32 bytes in a hash's
   * wire order, that is little-endian.
   */
  prepare(header: Uint8Array, target: Uint8Array): void;
  /**
   * Tries the nonces `start` to `start + count - 1` (at most 2^32 - 1) and returns the first whose hash is below the
   * target, or undefined. Does not yield, so `count` is what keeps a call short.
   */
  search(start: number, count: number): number | undefined;
}

const HEADER_WORDS = 20;
const NONCE_WORD = 19;
/** Bytes of a header and of a digest, in bits: SHA-256 ends its last block with the message's length. */
const HEADER_BITS = 640;
const DIGEST_BITS = 256;
/** SHA-256 puts one set bit behind the message. */
const END_OF_MESSAGE = 0x8000_0000;

/**
 * The search in plain JavaScript. SHA-256 takes 64 bytes at a time, so a header of 80 takes two compressions and hashing
 * the digest a third. The first 64 bytes do not hold the nonce: what they come to, the midstate, is computed once.
 */
export class PlainNonceKernel implements NonceKernel {
  readonly name = 'plain';
  readonly #midstate = new Int32Array(8);
  /** The header's last 16 bytes: the root's last word, time, bits, nonce; then padding. */
  readonly #tail = new Int32Array(16);
  /** The first digest; then padding. */
  readonly #digest = new Int32Array(16);
  readonly #hash = new Int32Array(8);
  /** The target as eight u32, most significant first. */
  readonly #target = new Uint32Array(8);

  prepare(header: Uint8Array, target: Uint8Array): void {
    const words = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const start = Int32Array.from({ length: 16 }, (_, i) => words.getInt32(4 * i));
    sha256Compress(SHA256_START, start, this.#midstate);
    for (let word = 16; word < HEADER_WORDS; word++) this.#tail[word - 16] = words.getInt32(4 * word);
    this.#tail[4] = END_OF_MESSAGE;
    this.#tail[15] = HEADER_BITS;
    this.#digest[8] = END_OF_MESSAGE;
    this.#digest[15] = DIGEST_BITS;
    const targetWords = new DataView(target.buffer, target.byteOffset, target.byteLength);
    for (let i = 0; i < 8; i++) this.#target[7 - i] = targetWords.getUint32(4 * i, true);
  }

  search(start: number, count: number): number | undefined {
    const highest = this.#target[0]!;
    for (let nonce = start; nonce < start + count; nonce++) {
      this.#tail[NONCE_WORD - 16] = swapBytes(nonce);
      sha256Compress(this.#midstate, this.#tail, this.#digest);
      sha256Compress(SHA256_START, this.#digest, this.#hash);
      // A hash is read as a number from its last byte: one word nearly always tells that it is too large.
      if (swapBytes(this.#hash[7]!) >>> 0 <= highest && this.#isBelowTarget()) return nonce;
    }
    return undefined;
  }

  #isBelowTarget(): boolean {
    for (let i = 0; i < 8; i++) {
      const word = swapBytes(this.#hash[7 - i]!) >>> 0;
      if (word !== this.#target[i]!) return word < this.#target[i]!;
    }
    return false;
  }
}

/** The u32 with its bytes in the other order: headers are little-endian, SHA-256 is big-endian. */
function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
