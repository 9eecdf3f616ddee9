// What a round of SHA-256 is made of, four numbers at a time (see fourNonces.ts). Numbers in memory are u32 in the machine's
// order, or v128 of four of them; sums are over u32. @inline puts a function's body where it is called.

export const LANES: u32 = 4;
/** Bytes. */
export const WORD: i32 = 4;
export const VECTOR: i32 = 16;
/** What SHA-256 puts behind a message: one set bit, and at the end of the block the length in bits. */
export const END_OF_MESSAGE: u32 = 0x80000000;
export const DIGEST_BITS: u32 = 256;

/** What SHA-256 starts from, and its constants, one a round: sha256Compress.ts tells where they come from. */
// biome-ignore format: tables
export const START: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
], VECTOR);
// biome-ignore format: a table of eight by eight
export const CONSTANTS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], VECTOR);

const PINNED: usize = memory.data(2 * VECTOR, VECTOR);

/** The half of a round that turns on `e`. The order of additions is what came out fastest of many, here and below. */
@inline export function stir(e: v128, f: v128, g: v128, h: v128, word: v128): v128 {
  const sum = v128.xor(v128.xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
  const chosen = v128.xor(g, v128.and(e, v128.xor(f, g)));
  return add(add(add(h, word), sum), chosen);
}

/** The half that turns on `a`. */
@inline export function blend(a: v128, b: v128, c: v128): v128 {
  const sum = v128.xor(v128.xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
  const majority = v128.or(v128.and(a, b), v128.and(c, v128.or(a, b)));
  return add(majority, sum);
}

/** The schedule's next word, kept for those to come, with the round's constant. */
@inline export function stretch(words: usize, constants: usize, i: i32): v128 {
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
@inline export function pin(x: v128, y: v128): void {
  v128.store(PINNED, x);
  v128.store(PINNED + VECTOR, y);
}

@inline export function add(x: v128, y: v128): v128 {
  return i32x4.add(x, y);
}

@inline export function rotate(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(x, bits), i32x4.shl(x, 32 - bits));
}

/** Each number with its bytes in the other order. */
@inline export function swapBytes(x: v128): v128 {
  return i8x16.shuffle(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** The i-th of the numbers at an address, in all lanes. */
@inline export function splat(numbers: usize, i: i32): v128 {
  return v128.load32_splat(numbers + i * WORD);
}

@inline export function word(words: usize, i: i32): v128 {
  return v128.load(words + i * VECTOR);
}

@inline export function put(words: usize, i: i32, word: v128): void {
  v128.store(words + i * VECTOR, word);
}

@inline export function putWord(words: usize, mixed: usize, i: i32, word: v128): void {
  put(words, i, word);
  put(mixed, i, add(word, splat(CONSTANTS, i)));
}
