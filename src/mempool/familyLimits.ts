import { family, type MempoolEntry } from './mempoolEntry.ts';
import { MAX_FAMILY, MAX_FAMILY_BYTES, type Unwanted } from './policy.ts';

const NOBODY: ReadonlySet<MempoolEntry> = new Set();

/** What a transaction with these parents would depend on. */
export function ancestorsVia(parents: ReadonlySet<MempoolEntry>): ReadonlySet<MempoolEntry> {
  if (parents.size === 0) return NOBODY;
  const ancestors = new Set(parents);
  // A Set iterates over what is added on the way.
  for (const ancestor of ancestors) for (const parent of ancestor.parents) ancestors.add(parent);
  return ancestors;
}

/**
 * Why we do not want a transaction of so many bytes with these ancestors: long chains would make every question about them
 * slow. Those that it replaces do not count.
 */
export function unwantedFamily(
  ancestors: ReadonlySet<MempoolEntry>,
  bytes: number,
  replaced: ReadonlySet<MempoolEntry> = NOBODY,
): Unwanted | undefined {
  if (ancestors.size + 1 > MAX_FAMILY)
    return tooLong(`too many unconfirmed ancestors [limit: ${MAX_FAMILY}]`);
  let ancestorBytes = bytes;
  for (const { transaction } of ancestors) ancestorBytes += transaction.bytes.length;
  if (ancestors.size > 0 && ancestorBytes > MAX_FAMILY_BYTES)
    return tooLong(`exceeds ancestor size limit [limit: ${MAX_FAMILY_BYTES}]`);
  for (const ancestor of ancestors) {
    const left = descendantsLeft(ancestor, replaced);
    if (left.bytes + bytes > MAX_FAMILY_BYTES)
      return tooLong(`exceeds descendant size limit for tx ${ancestor.txid} [limit: ${MAX_FAMILY_BYTES}]`);
    if (left.count + 1 > MAX_FAMILY)
      return tooLong(`too many descendants for tx ${ancestor.txid} [limit: ${MAX_FAMILY}]`);
  }
  return undefined;
}

function descendantsLeft(
  entry: MempoolEntry,
  replaced: ReadonlySet<MempoolEntry>,
): { count: number; bytes: number } {
  let { count, bytes } = entry.descendants;
  if (replaced.size === 0) return { count, bytes };
  for (const member of family(entry, 'children')) {
    if (!replaced.has(member)) continue;
    count--;
    bytes -= member.transaction.bytes.length;
  }
  return { count, bytes };
}

function tooLong(detail: string): Unwanted {
  return { reason: 'too-long-mempool-chain', detail };
}
