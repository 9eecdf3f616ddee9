import type { Coin } from '../consensus/coin.ts';
import { lockTypeOf } from '../consensus/lockingScript.ts';
import { isCoinbase, type Transaction } from '../primitives/transaction.ts';

/**
 * What this node asks of a transaction beyond the rules before it keeps and relays it. Every number of it is here. Nothing
 * of it makes a transaction invalid: a block may hold what the mempool refuses. Where Bitcoin Core has the number, it is
 * the same one.
 */

/** Base units a byte, at the least. */
export const MIN_FEE_RATE = 1;
/** Base units a byte by which a replacement has to pay more than what it replaces, and what comes in more than what left. */
export const INCREMENTAL_FEE_RATE = 1;
/** An output worth less than three times what it costs to spend it (114 bytes) is not worth the coin that all must keep. */
export const MIN_OUTPUT = 342n;
/** Versions that have a meaning: 1, and 2 for relative lock times (BIP68). */
export const MIN_VERSION = 1;
export const MAX_VERSION = 2;
/** One of 64 bytes could pass for an inner node of the merkle tree (CVE-2017-12842); the rules forbid it, policy any smaller. */
export const MIN_TRANSACTION_BYTES = 65;

/** Unconfirmed transactions that a transaction may depend on, or have depending on it, itself included, and their bytes. */
export const MAX_FAMILY = 25;
export const MAX_FAMILY_BYTES = 101_000;
/** Transactions that one replacement may throw out (BIP125 rule 5). */
export const MAX_REPLACED = 100;

/** Memory for the transactions that wait, by the estimate of `usageOf`. Above that, the worst paid leave. */
export const MAX_USAGE_BYTES = 100_000_000;
/**
 * After an eviction, what would have been evicted is refused. From the next block on the bound falls by half in this time; in
 * half or a quarter of it while less than a half or a quarter of the memory is in use.
 */
export const FLOOR_HALF_LIFE_SEC = 12 * 3600;
/** The bound is not worked out more often. */
export const FLOOR_UPDATE_SEC = 10;
/** A transaction that no block took in this time leaves. */
export const EXPIRY_SEC = 14 * 24 * 3600;
/** How often that is looked at between blocks. */
export const EXPIRE_EVERY_SEC = 60;

/** Transactions whose parents are unknown: in all, from one source, and for how long. */
export const MAX_ORPHANS = 100;
export const MAX_ORPHANS_PER_SOURCE = 20;
export const ORPHAN_EXPIRY_SEC = 20 * 60;

/** Transactions that may be on their way through the checks at once, and their bytes. */
export const MAX_PENDING = 5_000;
export const MAX_PENDING_BYTES = 32_000_000;

/** Transactions that `testmempoolaccept` takes at once, in which each may spend from the ones before. */
export const MAX_PACKAGE = 25;

/** Why we do not want a transaction: Bitcoin Core's word where it has one, and the numbers behind it. */
export type Unwanted = Readonly<{ reason: string; detail?: string }>;

/** Why we do not want a transaction whatever it spends; undefined if we do. */
export function unwantedByItself(transaction: Transaction): Unwanted | undefined {
  if (isCoinbase(transaction)) return { reason: 'coinbase', detail: 'a coinbase comes only in a block' };
  const { version, bytes, outputs } = transaction;
  if (version < MIN_VERSION || version > MAX_VERSION)
    return { reason: 'version', detail: `version ${version} has no meaning yet` };
  if (bytes.length < MIN_TRANSACTION_BYTES)
    return { reason: 'tx-size-small', detail: `${bytes.length} < ${MIN_TRANSACTION_BYTES} bytes` };
  for (let output = 0; output < outputs.length; output++) {
    const { amount, lockingScript } = outputs[output]!;
    const lock = lockTypeOf(lockingScript);
    // Who pays to a lock without a meaning gives the money to the next miner.
    if (lock === 'reserved')
      return { reason: 'scriptpubkey', detail: `output ${output} has a reserved lock` };
    if (lock === 'public-key' && amount < MIN_OUTPUT)
      return { reason: 'dust', detail: `output ${output} is worth less than ${MIN_OUTPUT} base units` };
  }
  return undefined;
}

/** Why we do not want what spends these coins. */
export function unwantedCoins(coins: readonly Coin[]): Unwanted | undefined {
  // A soft fork may give the lock a meaning that we do not know: then we would mine an invalid block.
  const input = coins.findIndex(({ lockingScript }) => lockTypeOf(lockingScript) === 'reserved');
  if (input < 0) return undefined;
  return { reason: 'bad-txns-nonstandard-inputs', detail: `input ${input} spends a reserved lock` };
}

/** Why a fee is too low for a transaction of so many bytes, when the mempool asks `floor` base units a byte. */
export function unwantedFee(fee: number, bytes: number, floor: number): Unwanted | undefined {
  const least = Math.ceil(bytes * floor);
  if (floor > MIN_FEE_RATE && fee < least)
    return { reason: 'mempool min fee not met', detail: `${fee} < ${least}` };
  const minRelayFee = Math.ceil(bytes * MIN_FEE_RATE);
  return fee < minRelayFee
    ? { reason: 'min relay fee not met', detail: `${fee} < ${minRelayFee}` }
    : undefined;
}

/** Bytes of memory that a transaction takes in the mempool: several times its own, with all the objects. Measured. */
export function usageOf({ bytes, inputs, outputs }: Transaction): number {
  return bytes.length + 700 + 850 * inputs.length + 300 * outputs.length;
}
