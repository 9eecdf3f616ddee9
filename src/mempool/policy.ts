import type { Coin } from '../consensus/coin.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import { isCoinbase, type Transaction } from '../primitives/transaction.ts';
import { family, type MempoolEntry } from './mempoolEntry.ts';

/**
 * What this node asks of a transaction beyond the rules before it keeps and relays it. Every number of it is here. Nothing
 * of it makes a transaction invalid: a block may hold what the mempool refuses.
 */

/** Base units a byte, at the least. */
export const MIN_FEE_RATE = 1;
/** An output worth less than three times what it costs to spend it (114 bytes) is not worth the coin that all must keep. */
export const MIN_OUTPUT = 342n;
/** Memory for the transactions that wait, by the estimate of `usageOf`. */
export const MAX_USAGE_BYTES = 100_000_000;
/** Above that, the cheapest leave until this share is left. */
export const EVICT_TO = 0.95;
/** After an eviction, what would have been evicted is refused; in this time the bound falls by half. */
export const FLOOR_HALF_LIFE_SEC = 3600;
/** Unconfirmed transactions that a transaction may depend on, or have depending on it, itself included. */
export const MAX_FAMILY = 25;
export const EXPIRY_SEC = 14 * 24 * 3600;

/** Transactions whose parents are unknown: in all, from one source, and for how long. */
export const MAX_ORPHANS = 100;
export const MAX_ORPHANS_PER_SOURCE = 20;
export const ORPHAN_EXPIRY_SEC = 20 * 60;

/** Transactions that may be on their way through the checks at once, and their bytes. */
export const MAX_PENDING = 5_000;
export const MAX_PENDING_BYTES = 32_000_000;

/** Why we do not want a transaction whatever it spends, in words for the one who made it; undefined if we do. */
export function unwantedByItself(transaction: Transaction): string | undefined {
  if (isCoinbase(transaction)) return 'a coinbase comes only in a block';
  for (const [output, { amount, lockingScript }] of transaction.outputs.entries()) {
    const lock = parseLockingScript(lockingScript);
    // Who pays to a lock without a meaning gives the money to the next miner.
    if (lock?.type === 'reserved') return `output ${output} has a reserved lock`;
    if (lock?.type === 'public-key' && amount < MIN_OUTPUT)
      return `output ${output} is worth less than ${MIN_OUTPUT} base units`;
  }
  return undefined;
}

/** Why we do not want it with these coins. */
export function unwantedWithCoins(
  transaction: Transaction,
  coins: readonly Coin[],
  fee: bigint,
  minFeeRate: number,
): string | undefined {
  // A soft fork may give the lock a meaning that we do not know: then we would mine an invalid block.
  const reserved = coins.findIndex(
    ({ lockingScript }) => parseLockingScript(lockingScript)?.type === 'reserved',
  );
  if (reserved >= 0) return `input ${reserved} spends a reserved lock`;
  const minFee = Math.ceil(transaction.bytes.length * minFeeRate);
  return fee < minFee
    ? `a fee of ${fee} base units is less than ${minFee}, the least at the moment`
    : undefined;
}

/** Why we do not want one more child of these parents: long chains would make every question about them slow. */
export function unwantedFamily(parents: Iterable<MempoolEntry>): string | undefined {
  const ancestors = new Set<MempoolEntry>();
  for (const parent of parents) for (const ancestor of family(parent, 'parents')) ancestors.add(ancestor);
  if (ancestors.size >= MAX_FAMILY) return `it has more than ${MAX_FAMILY - 1} unconfirmed ancestors`;
  for (const ancestor of ancestors) {
    if (family(ancestor, 'children').size >= MAX_FAMILY)
      return `its ancestor ${ancestor.txid} has ${MAX_FAMILY - 1} unconfirmed descendants already`;
  }
  return undefined;
}

/** Bytes of memory that a transaction takes in the mempool: several times its own, with all the objects. Measured. */
export function usageOf({ bytes, inputs, outputs }: Transaction): number {
  return bytes.length + 700 + 850 * inputs.length + 300 * outputs.length;
}
