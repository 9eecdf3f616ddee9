// AssemblyScript: a strict kind of TypeScript that is compiled to WebAssembly, here with its SIMD instructions, which do
// the same to four numbers at once. So four nonces are tried together, one in each of the four lanes of a v128. What is
// computed is what PlainNonceKernel computes; everything else here was measured to make it faster, and is told of where
// it stands.

import {
  add,
  blend,
  CONSTANTS,
  DIGEST_BITS,
  END_OF_MESSAGE,
  LANES,
  pin,
  put,
  putWord,
  splat,
  START,
  stir,
  stretch,
  swapBytes,
  VECTOR,
  WORD,
  word,
} from './rounds';

const HEADER_BITS: u32 = 640;

/** For the caller to fill: the midstate (8 words), then the header's words 16, 17 and 18. */
export const INPUT: usize = memory.data(11 * WORD, VECTOR);
const MIDSTATE: usize = INPUT;
const LAST_WORDS: usize = INPUT + 8 * WORD;

/** The schedules of both hashes, 64 words each; of the first 16, those that never change are written by prepare. */
const WORDS_1: usize = memory.data(64 * VECTOR, VECTOR);
const WORDS_2: usize = memory.data(64 * VECTOR, VECTOR);
/** The first 16 words of both with their round's constant added. */
const MIXED_1: usize = memory.data(16 * VECTOR, VECTOR);
const MIXED_2: usize = memory.data(16 * VECTOR, VECTOR);
/** The state after the three rounds of the first hash that the nonce, its fourth word, has no part in. */
const EARLY: usize = memory.data(8 * VECTOR, VECTOR);
/** The most that the last word of a hash may be, read as a number. */
let limit: u32 = 0;

/** What search returns when no nonce will do. */
export const NONE: u32 = 0xffffffff;

/** Takes what INPUT holds, and the most significant word of the target. */
export function prepare(highestOfTarget: u32): void {
  limit = highestOfTarget;
  for (let i = 0; i < 16; i++) {
    putWord(WORDS_1, MIXED_1, i, i32x4.splat(i < 3 ? load<u32>(LAST_WORDS + i * WORD) : 0));
    putWord(WORDS_2, MIXED_2, i, i32x4.splat(0));
  }
  putWord(WORDS_1, MIXED_1, 4, i32x4.splat(END_OF_MESSAGE));
  putWord(WORDS_1, MIXED_1, 15, i32x4.splat(HEADER_BITS));
  putWord(WORDS_2, MIXED_2, 8, i32x4.splat(END_OF_MESSAGE));
  putWord(WORDS_2, MIXED_2, 15, i32x4.splat(DIGEST_BITS));
  runEarlyRounds();
}

// biome-ignore format: one round a line
function runEarlyRounds(): void {
  const mixed = MIXED_1;
  let t: v128;
  let a = splat(MIDSTATE, 0), b = splat(MIDSTATE, 1), c = splat(MIDSTATE, 2), d = splat(MIDSTATE, 3);
  let e = splat(MIDSTATE, 4), f = splat(MIDSTATE, 5), g = splat(MIDSTATE, 6), h = splat(MIDSTATE, 7);
  t = stir(e, f, g, h, word(mixed, 0)); d = add(d, t); h = add(t, blend(a, b, c)); pin(d, h);
  t = stir(d, e, f, g, word(mixed, 1)); c = add(c, t); g = add(t, blend(h, a, b)); pin(c, g);
  t = stir(c, d, e, f, word(mixed, 2)); b = add(b, t); f = add(t, blend(g, h, a)); pin(b, f);
  put(EARLY, 0, a); put(EARLY, 1, b); put(EARLY, 2, c); put(EARLY, 3, d);
  put(EARLY, 4, e); put(EARLY, 5, f); put(EARLY, 6, g); put(EARLY, 7, h);
}

/**
 * Tries `count` nonces from `start`, and up to three more. Returns how far behind `start` the first is whose hash might be
 * below the target, as far as the hash's last word tells; NONE if there is none.
 */
// biome-ignore format: one round a line
export function search(start: u32, count: u32): u32 {
  let nonces = add(i32x4.splat(start), i32x4(0, 1, 2, 3));
  for (let tried: u32 = 0; tried < count; tried += LANES) {
    putWord(WORDS_1, MIXED_1, 3, swapBytes(nonces));
    let t: v128;
    let a = word(EARLY, 0), b = word(EARLY, 1), c = word(EARLY, 2), d = word(EARLY, 3);
    let e = word(EARLY, 4), f = word(EARLY, 5), g = word(EARLY, 6), h = word(EARLY, 7);
    let mixed = MIXED_1;
    let words = WORDS_1;
    let end = CONSTANTS + 64 * WORD;
    for (;;) {
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
      // One loop for both hashes: the machine keeps less code ready the more there is.
      let constants = CONSTANTS + 16 * WORD;
      words += 16 * VECTOR;
      do {
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
        constants += 16 * WORD;
        words += 16 * VECTOR;
      } while (constants < end);
      if (mixed === MIXED_2) break;
      putWord(WORDS_2, MIXED_2, 0, add(a, splat(MIDSTATE, 0)));
      putWord(WORDS_2, MIXED_2, 1, add(b, splat(MIDSTATE, 1)));
      putWord(WORDS_2, MIXED_2, 2, add(c, splat(MIDSTATE, 2)));
      putWord(WORDS_2, MIXED_2, 3, add(d, splat(MIDSTATE, 3)));
      putWord(WORDS_2, MIXED_2, 4, add(e, splat(MIDSTATE, 4)));
      putWord(WORDS_2, MIXED_2, 5, add(f, splat(MIDSTATE, 5)));
      putWord(WORDS_2, MIXED_2, 6, add(g, splat(MIDSTATE, 6)));
      putWord(WORDS_2, MIXED_2, 7, add(h, splat(MIDSTATE, 7)));
      mixed = MIXED_2;
      words = WORDS_2;
      end = CONSTANTS + 48 * WORD;
      a = splat(START, 0); b = splat(START, 1); c = splat(START, 2); d = splat(START, 3);
      e = splat(START, 4); f = splat(START, 5); g = splat(START, 6); h = splat(START, 7);
      t = stir(e, f, g, h, word(mixed, 0)); d = add(d, t); h = add(t, blend(a, b, c)); pin(d, h);
      t = stir(d, e, f, g, word(mixed, 1)); c = add(c, t); g = add(t, blend(h, a, b)); pin(c, g);
      t = stir(c, d, e, f, word(mixed, 2)); b = add(b, t); f = add(t, blend(g, h, a)); pin(b, f);
    }
    // Of the last 16 rounds 13: the last word of the hash is the `e` of round 60, for which the last four need no `a`.
    const constants = CONSTANTS + 48 * WORD;
    t = stir(e, f, g, h, stretch(words, constants, 0)); d = add(d, t); h = add(t, blend(a, b, c)); pin(d, h);
    t = stir(d, e, f, g, stretch(words, constants, 1)); c = add(c, t); g = add(t, blend(h, a, b)); pin(c, g);
    t = stir(c, d, e, f, stretch(words, constants, 2)); b = add(b, t); f = add(t, blend(g, h, a)); pin(b, f);
    t = stir(b, c, d, e, stretch(words, constants, 3)); a = add(a, t); e = add(t, blend(f, g, h)); pin(a, e);
    t = stir(a, b, c, d, stretch(words, constants, 4)); h = add(h, t); d = add(t, blend(e, f, g)); pin(h, d);
    t = stir(h, a, b, c, stretch(words, constants, 5)); g = add(g, t); c = add(t, blend(d, e, f)); pin(g, c);
    t = stir(g, h, a, b, stretch(words, constants, 6)); f = add(f, t); b = add(t, blend(c, d, e)); pin(f, b);
    t = stir(f, g, h, a, stretch(words, constants, 7)); e = add(e, t); a = add(t, blend(b, c, d)); pin(e, a);
    t = stir(e, f, g, h, stretch(words, constants, 8)); d = add(d, t); h = add(t, blend(a, b, c)); pin(d, h);
    t = stir(d, e, f, g, stretch(words, constants, 9)); c = add(c, t);
    t = stir(c, d, e, f, stretch(words, constants, 10)); b = add(b, t);
    t = stir(b, c, d, e, stretch(words, constants, 11)); a = add(a, t);
    h = add(h, stir(a, b, c, d, stretch(words, constants, 12)));
    const last = swapBytes(add(h, splat(START, 7)));
    const hits = i32x4.bitmask(v128.le<u32>(last, i32x4.splat(limit)));
    if (hits !== 0) return tried + ctz(hits);
    nonces = add(nonces, i32x4.splat(LANES));
  }
  return NONE;
}
