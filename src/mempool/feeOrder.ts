import { family, type MempoolEntry } from './mempoolEntry.ts';

/**
 * The entries in the order in which a miner should take them: the best paid first, and none before its parents. A
 * transaction counts for no more than what it pays together with the ancestors that it needs (so a poor parent holds a
 * rich child back), but a rich child takes its parents along to its place (child pays for parent).
 */
export function inFeeOrder(entries: Iterable<MempoolEntry>): MempoolEntry[] {
  const scored = Array.from(entries, (entry) => ({ entry, score: score(entry) }));
  // Stable, so that of equals the one that came first goes first.
  scored.sort((a, b) => b.score - a.score);
  const ordered = new Set<MempoolEntry>();
  for (const { entry } of scored) addAfterParents(entry, ordered);
  return [...ordered];
}

function score(entry: MempoolEntry): number {
  if (entry.parents.size === 0) return entry.feeRate;
  let fees = 0;
  let bytes = 0;
  for (const { fee, transaction } of family(entry, 'parents')) {
    fees += Number(fee);
    bytes += transaction.bytes.length;
  }
  return Math.min(entry.feeRate, fees / bytes);
}

function addAfterParents(entry: MempoolEntry, ordered: Set<MempoolEntry>): void {
  // No deeper than the limit on ancestors, but for what a reorganization brought back.
  const path = [entry];
  while (path.length > 0) {
    const last = path[path.length - 1]!;
    const missing = firstMissing(last.parents, ordered);
    if (missing !== undefined) path.push(missing);
    else ordered.add(path.pop()!);
  }
}

function firstMissing(
  parents: ReadonlySet<MempoolEntry>,
  ordered: ReadonlySet<MempoolEntry>,
): MempoolEntry | undefined {
  for (const parent of parents) if (!ordered.has(parent)) return parent;
  return undefined;
}
