/** Bitcoin's easiest target, 1d00ffff: a difficulty of 1 (what pools call pdiff). */
const TARGET_OF_ONE = 0xffffn << 208n;
const MAX_TARGET = (1n << 256n) - 1n;
/** So many bits behind the point are kept of a difficulty: on networks for tests it is far below one. */
const FRACTION_BITS = 60;

/** A share's hash is to be at most this. */
export function targetOfDifficulty(difficulty: number): bigint {
  const scaled = BigInt(Math.max(1, Math.round(difficulty * 2 ** FRACTION_BITS)));
  const target = (TARGET_OF_ONE << BigInt(FRACTION_BITS)) / scaled;
  return target > MAX_TARGET ? MAX_TARGET : target;
}

/** How many hashes a share of this difficulty takes on average. */
export function hashesOfDifficulty(difficulty: number): number {
  return difficulty * (2 ** 256 / Number(TARGET_OF_ONE));
}

/** What a miner begins with: a share every 4 s of a processor that makes 10 MH/s, and the first steps go fast. */
export const FIRST_DIFFICULTY = 0.01;
export const MIN_DIFFICULTY = 0.0001;
export const MAX_DIFFICULTY = 1e15;
/** Between two shares of one miner, on average: rare enough for thousands of them, and soon seen when they stop. */
const SHARE_SEC = 10;
/** Shares after which the pace is looked at, and seconds after which it is in any case. */
const SHARES_TO_JUDGE = 20;
const JUDGE_SEC = 60;
/** No step is larger; and none is taken for less than a factor of 1.5, which chance alone would give. */
const MAX_STEP = 16;
const MIN_STEP = 1.5;

/**
 * The difficulty that makes a miner's shares come at the pace wanted, or undefined while there is nothing to change
 * (vardiff). @param shares since `seconds` ago, all at this difficulty
 */
export function adjustDifficulty(difficulty: number, shares: number, seconds: number): number | undefined {
  if (shares < SHARES_TO_JUDGE && seconds < JUDGE_SEC) return undefined;
  const wanted = Math.max(seconds, 0.001) / SHARE_SEC;
  const step = Math.min(MAX_STEP, Math.max(1 / MAX_STEP, shares / wanted));
  if (step < MIN_STEP && step > 1 / MIN_STEP) return undefined;
  const adjusted = Math.min(MAX_DIFFICULTY, Math.max(MIN_DIFFICULTY, difficulty * step));
  return adjusted === difficulty ? undefined : adjusted;
}
