// Double SHA-256 of many messages of 64 bytes, such as the pairs of hashes that a merkle tree is made of: four at a time.

import {
  add,
  blend,
  CONSTANTS,
  DIGEST_BITS,
  END_OF_MESSAGE,
  LANES,
  pin,
  put,
  splat,
  START,
  stir,
  stretch,
  swapBytes,
  VECTOR,
  WORD,
  word,
} from './rounds';

const MESSAGE_BYTES: i32 = 64;
const DIGEST_BYTES: i32 = 32;
const MESSAGE_BITS: u32 = 512;
/** The most messages of one call. */
export const MAX_MESSAGES: u32 = 1024;
/** For the caller to fill, one message behind the other; and what is read when it is done, one digest behind the other. */
export const MESSAGES: usize = memory.data(65536, VECTOR);
export const DIGESTS: usize = memory.data(32768, VECTOR);

/** Eight words of state, and the schedule, of four messages. */
const STATE: usize = memory.data(8 * VECTOR, VECTOR);
const WORDS: usize = memory.data(64 * VECTOR, VECTOR);
/** The words of a round with its constant added: the first 16 of a message, or all 64 of the block that only pads one. */
const MIXED: usize = memory.data(16 * VECTOR, VECTOR);
const PADDING: usize = memory.data(64 * VECTOR, VECTOR);

/** To be called once. */
export function prepare(): void {
  for (let i = 0; i < 16; i++) {
    put(WORDS, i, i32x4.splat(i === 0 ? END_OF_MESSAGE : i === 15 ? MESSAGE_BITS : 0));
    put(PADDING, i, add(word(WORDS, i), splat(CONSTANTS, i)));
  }
  for (let i = 16; i < 64; i++) put(PADDING, i, stretch(WORDS, CONSTANTS, i));
}

export function hash(count: u32): void {
  for (let done: u32 = 0; done < count; done += LANES) {
    begin();
    const from = MESSAGES + done * MESSAGE_BYTES;
    for (let i = 0; i < 16; i++) take(i, swapBytes(gather(from + i * WORD)));
    compress(MIXED, MIXED + 16 * VECTOR, CONSTANTS + 64 * WORD);
    // The padding of 64 bytes fills a block of its own, which is always the same.
    compress(PADDING, PADDING + 64 * VECTOR, CONSTANTS);
    for (let i = 0; i < 8; i++) take(i, word(STATE, i));
    for (let i = 8; i < 16; i++) take(i, i32x4.splat(i === 8 ? END_OF_MESSAGE : i === 15 ? DIGEST_BITS : 0));
    begin();
    compress(MIXED, MIXED + 16 * VECTOR, CONSTANTS + 64 * WORD);
    const to = DIGESTS + done * DIGEST_BYTES;
    for (let i = 0; i < 8; i++) scatter(to + i * WORD, swapBytes(word(STATE, i)));
  }
}

function begin(): void {
  for (let i = 0; i < 8; i++) put(STATE, i, splat(START, i));
}

@inline function take(i: i32, next: v128): void {
  put(WORDS, i, next);
  put(MIXED, i, add(next, splat(CONSTANTS, i)));
}

/** The same word of four messages. */
@inline function gather(from: usize): v128 {
  let x = v128.load32_zero(from);
  x = v128.load_lane<u32>(from + MESSAGE_BYTES, x, 1);
  x = v128.load_lane<u32>(from + 2 * MESSAGE_BYTES, x, 2);
  return v128.load_lane<u32>(from + 3 * MESSAGE_BYTES, x, 3);
}

@inline function scatter(to: usize, x: v128): void {
  v128.store_lane<u32>(to, x, 0);
  v128.store_lane<u32>(to + DIGEST_BYTES, x, 1);
  v128.store_lane<u32>(to + 2 * DIGEST_BYTES, x, 2);
  v128.store_lane<u32>(to + 3 * DIGEST_BYTES, x, 3);
}

/** One compression: rounds with the words from `mixed` to `mixedEnd`, and then with those that the schedule makes. */
// biome-ignore format: one round a line
function compress(mixed: usize, mixedEnd: usize, constantsEnd: usize): void {
  let t: v128;
  let a = word(STATE, 0), b = word(STATE, 1), c = word(STATE, 2), d = word(STATE, 3);
  let e = word(STATE, 4), f = word(STATE, 5), g = word(STATE, 6), h = word(STATE, 7);
  do {
    t = stir(e, f, g, h, word(mixed, 0)); d = add(d, t); h = add(t, blend(a, b, c)); pin(d, h);
    t = stir(d, e, f, g, word(mixed, 1)); c = add(c, t); g = add(t, blend(h, a, b)); pin(c, g);
    t = stir(c, d, e, f, word(mixed, 2)); b = add(b, t); f = add(t, blend(g, h, a)); pin(b, f);
    t = stir(b, c, d, e, word(mixed, 3)); a = add(a, t); e = add(t, blend(f, g, h)); pin(a, e);
    t = stir(a, b, c, d, word(mixed, 4)); h = add(h, t); d = add(t, blend(e, f, g)); pin(h, d);
    t = stir(h, a, b, c, word(mixed, 5)); g = add(g, t); c = add(t, blend(d, e, f)); pin(g, c);
    t = stir(g, h, a, b, word(mixed, 6)); f = add(f, t); b = add(t, blend(c, d, e)); pin(f, b);
    t = stir(f, g, h, a, word(mixed, 7)); e = add(e, t); a = add(t, blend(b, c, d)); pin(e, a);
    t = stir(e, f, g, h, word(mixed, 8)); d = add(d, t); h = add(t, blend(a, b, c)); pin(d, h);
    t = stir(d, e, f, g, word(mixed, 9)); c = add(c, t); g = add(t, blend(h, a, b)); pin(c, g);
    t = stir(c, d, e, f, word(mixed, 10)); b = add(b, t); f = add(t, blend(g, h, a)); pin(b, f);
    t = stir(b, c, d, e, word(mixed, 11)); a = add(a, t); e = add(t, blend(f, g, h)); pin(a, e);
    t = stir(a, b, c, d, word(mixed, 12)); h = add(h, t); d = add(t, blend(e, f, g)); pin(h, d);
    t = stir(h, a, b, c, word(mixed, 13)); g = add(g, t); c = add(t, blend(d, e, f)); pin(g, c);
    t = stir(g, h, a, b, word(mixed, 14)); f = add(f, t); b = add(t, blend(c, d, e)); pin(f, b);
    t = stir(f, g, h, a, word(mixed, 15)); e = add(e, t); a = add(t, blend(b, c, d)); pin(e, a);
    mixed += 16 * VECTOR;
  } while (mixed < mixedEnd);
  let words = WORDS + 16 * VECTOR;
  for (let constants = CONSTANTS + 16 * WORD; constants < constantsEnd; constants += 16 * WORD) {
    t = stir(e, f, g, h, stretch(words, constants, 0)); d = add(d, t); h = add(t, blend(a, b, c)); pin(d, h);
    t = stir(d, e, f, g, stretch(words, constants, 1)); c = add(c, t); g = add(t, blend(h, a, b)); pin(c, g);
    t = stir(c, d, e, f, stretch(words, constants, 2)); b = add(b, t); f = add(t, blend(g, h, a)); pin(b, f);
    t = stir(b, c, d, e, stretch(words, constants, 3)); a = add(a, t); e = add(t, blend(f, g, h)); pin(a, e);
    t = stir(a, b, c, d, stretch(words, constants, 4)); h = add(h, t); d = add(t, blend(e, f, g)); pin(h, d);
    t = stir(h, a, b, c, stretch(words, constants, 5)); g = add(g, t); c = add(t, blend(d, e, f)); pin(g, c);
    t = stir(g, h, a, b, stretch(words, constants, 6)); f = add(f, t); b = add(t, blend(c, d, e)); pin(f, b);
    t = stir(f, g, h, a, stretch(words, constants, 7)); e = add(e, t); a = add(t, blend(b, c, d)); pin(e, a);
    t = stir(e, f, g, h, stretch(words, constants, 8)); d = add(d, t); h = add(t, blend(a, b, c)); pin(d, h);
    t = stir(d, e, f, g, stretch(words, constants, 9)); c = add(c, t); g = add(t, blend(h, a, b)); pin(c, g);
    t = stir(c, d, e, f, stretch(words, constants, 10)); b = add(b, t); f = add(t, blend(g, h, a)); pin(b, f);
    t = stir(b, c, d, e, stretch(words, constants, 11)); a = add(a, t); e = add(t, blend(f, g, h)); pin(a, e);
    t = stir(a, b, c, d, stretch(words, constants, 12)); h = add(h, t); d = add(t, blend(e, f, g)); pin(h, d);
    t = stir(h, a, b, c, stretch(words, constants, 13)); g = add(g, t); c = add(t, blend(d, e, f)); pin(g, c);
    t = stir(g, h, a, b, stretch(words, constants, 14)); f = add(f, t); b = add(t, blend(c, d, e)); pin(f, b);
    t = stir(f, g, h, a, stretch(words, constants, 15)); e = add(e, t); a = add(t, blend(b, c, d)); pin(e, a);
    words += 16 * VECTOR;
  }
  put(STATE, 0, add(a, word(STATE, 0))); put(STATE, 1, add(b, word(STATE, 1)));
  put(STATE, 2, add(c, word(STATE, 2))); put(STATE, 3, add(d, word(STATE, 3)));
  put(STATE, 4, add(e, word(STATE, 4))); put(STATE, 5, add(f, word(STATE, 5)));
  put(STATE, 6, add(g, word(STATE, 6))); put(STATE, 7, add(h, word(STATE, 7)));
}
