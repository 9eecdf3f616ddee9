// AssemblyScript: a strict kind of TypeScript that is compiled to WebAssembly, here with its SIMD instructions, which do
// the same to four numbers at once. So four nonces are tried together, one in each of the four lanes of a v128. What is
// computed is what PlainNonceKernel computes; everything else here was measured to make it faster, and is told of where
// it stands. Numbers in memory are u32 in the machine's order, or v128 of four of them. @inline puts a function's body
// where it is called.

const LANES: u32 = 4;
/** Bytes. */
const WORD: i32 = 4;
const VECTOR: i32 = 16;
/** What SHA-256 puts behind a message: one set bit, and at the end of the block the length in bits. */
const END_OF_MESSAGE: u32 = 0x80000000;
const HEADER_BITS: u32 = 640;
const DIGEST_BITS: u32 = 256;

/** What SHA-256 starts from, and its constants, one a round: sha256Compress.ts tells where they come from. */
// biome-ignore format: tables
const START: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
], VECTOR);
// biome-ignore format: a table of eight by eight
const CONSTANTS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], VECTOR);

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
const PINNED: usize = memory.data(2 * VECTOR, VECTOR);
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

/** The half of a round that turns on `e`. The order of additions is what came out fastest of many, here and below. */
@inline function stir(e: v128, f: v128, g: v128, h: v128, word: v128): v128 {
  const sum = v128.xor(v128.xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
  const chosen = v128.xor(g, v128.and(e, v128.xor(f, g)));
  return add(add(add(h, word), sum), chosen);
}

/** The half that turns on `a`. */
@inline function blend(a: v128, b: v128, c: v128): v128 {
  const sum = v128.xor(v128.xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
  const majority = v128.or(v128.and(a, b), v128.and(c, v128.or(a, b)));
  return add(majority, sum);
}

/** The schedule's next word, kept for those to come, with the round's constant. */
@inline function stretch(words: usize, constants: usize, i: i32): v128 {
  const at = words + i * VECTOR;
  const x = v128.load(at - 15 * VECTOR);
  const y = v128.load(at - 2 * VECTOR);
  const s0 = v128.xor(v128.xor(rotate(x, 7), rotate(x, 18)), i32x4.shr_u(x, 3));
  const s1 = v128.xor(v128.xor(rotate(y, 17), rotate(y, 19)), i32x4.shr_u(y, 10));
  const next = add(add(s1, s0), add(v128.load(at - 16 * VECTOR), v128.load(at - 7 * VECTOR)));
  v128.store(at, next);
  return add(next, splat(constants, i));
}

/** Two stores that nobody reads: they keep V8 from moving instructions to where they wait for one another. */
@inline function pin(x: v128, y: v128): void {
  v128.store(PINNED, x);
  v128.store(PINNED + VECTOR, y);
}

@inline function add(x: v128, y: v128): v128 {
  return i32x4.add(x, y);
}

@inline function rotate(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(x, bits), i32x4.shl(x, 32 - bits));
}

/** Each number with its bytes in the other order. */
@inline function swapBytes(x: v128): v128 {
  return i8x16.shuffle(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** The i-th of the numbers at an address, in all lanes. */
@inline function splat(numbers: usize, i: i32): v128 {
  return v128.load32_splat(numbers + i * WORD);
}

@inline function word(words: usize, i: i32): v128 {
  return v128.load(words + i * VECTOR);
}

@inline function put(words: usize, i: i32, word: v128): void {
  v128.store(words + i * VECTOR, word);
}

@inline function putWord(words: usize, mixed: usize, i: i32, word: v128): void {
  put(words, i, word);
  put(mixed, i, add(word, splat(CONSTANTS, i)));
}
