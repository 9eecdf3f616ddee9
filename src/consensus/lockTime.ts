import type { Transaction } from '../primitives/transaction.ts';
import type { Coin } from './coin.ts';

/** Lock times below are heights, from here on seconds since 1970. */
export const LOCK_TIME_THRESHOLD = 500_000_000;
/** An input with it does not ask for the lock time; if none does, there is no lock. */
export const SEQUENCE_FINAL = 0xffff_ffff;

/** BIP68's reading of an input's sequence number. */
export const SEQUENCE_DISABLE = 0x8000_0000;
export const SEQUENCE_IS_TIME = 0x0040_0000;
export const SEQUENCE_MASK = 0xffff;
export const SEQUENCE_UNIT_SEC = 512;

/** Whether a transaction may stand in a block of this height whose parent has this median time (BIP113). */
export function isFinal({ lockTime, inputs }: Transaction, height: number, medianTimeSec: number): boolean {
  if (lockTime === 0) return true;
  if (lockTime < (lockTime < LOCK_TIME_THRESHOLD ? height : medianTimeSec)) return true;
  return inputs.every(({ sequence }) => sequence === SEQUENCE_FINAL);
}

export type LockContext = Readonly<{
  /** Of the block that the transaction would be in. */
  height: number;
  /** Of that block's parent. */
  medianTimeSec: number;
  /** The median time of the block of this height in the same chain, at most the parent's height. */
  medianTimeAt: (height: number) => number;
}>;

/** The first input whose coin is not yet as old as its sequence number asks (BIP68), or undefined. */
export function immatureInput(
  { version, inputs }: Transaction,
  coins: readonly Coin[],
  context: LockContext,
): number | undefined {
  // Bitcoin reads the version as unsigned here, so a negative one asks for the rule too.
  if (version >>> 0 < 2) return undefined;
  const input = inputs.findIndex(({ sequence }, i) => !isOldEnough(sequence, coins[i]!.height, context));
  return input >= 0 ? input : undefined;
}

function isOldEnough(sequence: number, coinHeight: number, context: LockContext): boolean {
  if (sequence >= SEQUENCE_DISABLE) return true;
  const age = sequence & SEQUENCE_MASK;
  if ((sequence & SEQUENCE_IS_TIME) === 0) return coinHeight + age <= context.height;
  const coinTimeSec = context.medianTimeAt(Math.max(coinHeight - 1, 0));
  return coinTimeSec + age * SEQUENCE_UNIT_SEC <= context.medianTimeSec;
}
