import { ancestorScore, family, type MempoolEntry } from './mempoolEntry.ts';
import { INCREMENTAL_FEE_RATE, MAX_REPLACED, type Unwanted } from './policy.ts';

/** A transaction that spends what others in the mempool spend. */
export type Rival = Readonly<{
  txid: string;
  bytes: number;
  /** Base units, modified. */
  fee: number;
  /** Those that spend the same coins. */
  conflicts: ReadonlySet<MempoolEntry>;
  /** What it would depend on. */
  ancestors: ReadonlySet<MempoolEntry>;
}>;

const NOBODY: ReadonlySet<MempoolEntry> = new Set();

/**
 * Who has to leave for a transaction, or why it may not take their place: BIP125's rules 3 to 5, whether or not those that
 * leave have signalled that they can be replaced (full replacement), and that it pays at a better rate. In the place of
 * BIP125's rule 2 (no new unconfirmed inputs) it is judged together with the ancestors that it brings in need.
 */
export function planReplacement(
  rival: Rival,
): Readonly<{ replaced: ReadonlySet<MempoolEntry> }> | Readonly<{ unwanted: Unwanted }> {
  if (rival.conflicts.size === 0) return { replaced: NOBODY };
  const spent = [...rival.conflicts].find((conflict) => rival.ancestors.has(conflict));
  if (spent !== undefined) {
    const detail = `${rival.txid} spends conflicting transaction ${spent.txid}`;
    return { unwanted: { reason: 'bad-txns-spends-conflicting-tx', detail } };
  }
  const replaced = new Set<MempoolEntry>();
  for (const conflict of rival.conflicts) {
    for (const member of family(conflict, 'children')) replaced.add(member);
    if (replaced.size > MAX_REPLACED) {
      const detail = `rejecting replacement ${rival.txid}; too many potential replacements (more than ${MAX_REPLACED})`;
      return { unwanted: { reason: 'too many potential replacements', detail } };
    }
  }
  const detail = lowRate(rival) ?? lowFee(rival, replaced);
  if (detail === undefined) return { replaced };
  const reason = 'insufficient fee';
  return { unwanted: { reason, detail: `rejecting replacement ${rival.txid}${detail}` } };
}

/** A miner must not be worse off: neither with it alone, nor with it and the ancestors that it needs. */
function lowRate({ bytes, fee, conflicts, ancestors }: Rival): string | undefined {
  const rate = fee / bytes;
  let packageBytes = bytes;
  let packageFees = fee;
  for (const { transaction, modifiedFee } of ancestors) {
    packageBytes += transaction.bytes.length;
    packageFees += modifiedFee;
  }
  const score = Math.min(rate, packageFees / packageBytes);
  for (const conflict of conflicts) {
    if (rate <= conflict.feeRate)
      return `; new feerate ${perKilobyte(rate)} <= old feerate ${perKilobyte(conflict.feeRate)}`;
    const old = ancestorScore(conflict);
    if (score <= old)
      return `; new feerate with ancestors ${perKilobyte(score)} <= old feerate ${perKilobyte(old)}`;
  }
  return undefined;
}

/** Rule 3: no less than all that leaves paid together. Rule 4: and on top of it for being relayed itself. */
function lowFee({ bytes, fee }: Rival, replaced: ReadonlySet<MempoolEntry>): string | undefined {
  let paid = 0;
  for (const { modifiedFee } of replaced) paid += modifiedFee;
  if (fee < paid) return `, less fees than conflicting txs; ${coins(fee)} < ${coins(paid)}`;
  const least = Math.ceil(bytes * INCREMENTAL_FEE_RATE);
  return fee - paid < least
    ? `, not enough additional fees to relay; ${coins(fee - paid)} < ${coins(least)}`
    : undefined;
}

function coins(units: number): string {
  return (units / 1e8).toFixed(8);
}

/** As Bitcoin Core writes fee rates. */
function perKilobyte(unitsPerByte: number): string {
  return `${coins(Math.floor(unitsPerByte * 1000))} coins/kvB`;
}
