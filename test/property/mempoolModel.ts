import { hashToHex } from '../../src/bytes/hex.ts';
import { outpointKey, type Transaction } from '../../src/primitives/transaction.ts';

/** A transaction as the model knows it. */
export type ModelEntry = Readonly<{
  txid: string;
  transaction: Transaction;
  fee: number;
  bytes: number;
  usage: number;
}>;

/**
 * The policy once more, written to be read and not to be fast: a list, through which every question goes anew. The numbers
 * are written here by hand.
 */
export class MempoolModel {
  entries: ModelEntry[] = [];
  floor = 0;
  readonly #maxUsage: number;

  constructor(maxUsage: number) {
    this.#maxUsage = maxUsage;
  }

  /** @returns what is to be seen: `accepted`, or the reason of policy */
  accept(transaction: Transaction, fee: number): string {
    const { bytes } = transaction;
    const entry: ModelEntry = {
      txid: hashToHex(transaction.hash),
      transaction,
      fee,
      bytes: bytes.length,
      usage: bytes.length + 700 + 850 * transaction.inputs.length + 300 * transaction.outputs.length,
    };
    if (this.entries.some(({ txid }) => txid === entry.txid)) return 'known';
    if (this.floor > 1 && fee < Math.ceil(this.floor * entry.bytes)) return 'mempool min fee not met';
    if (fee < entry.bytes) return 'min relay fee not met';
    const conflicts = this.entries.filter((other) => shareInput(other.transaction, transaction));
    const leaving = this.#withDescendants(conflicts);
    const ancestors = this.ancestors(entry).filter((other) => other !== entry);
    const refusal =
      this.#replacementRefusal(entry, conflicts, leaving, ancestors) ??
      this.#familyRefusal(entry, leaving, ancestors);
    if (refusal !== undefined) return refusal;
    this.entries = [...this.entries.filter((other) => !leaving.includes(other)), entry];
    this.#evict();
    return this.entries.includes(entry) ? 'accepted' : 'mempool full';
  }

  /** With itself. */
  ancestors(entry: ModelEntry): ModelEntry[] {
    const found = [entry];
    for (const member of found) {
      for (const { outpoint } of member.transaction.inputs) {
        const parent = this.entries.find(({ txid }) => txid === hashToHex(outpoint.txHash));
        if (parent !== undefined && !found.includes(parent)) found.push(parent);
      }
    }
    return found;
  }

  /** With itself. */
  descendants(entry: ModelEntry): ModelEntry[] {
    return this.entries.filter((other) => this.ancestors(other).includes(entry));
  }

  #replacementRefusal(
    { fee, bytes }: ModelEntry,
    conflicts: readonly ModelEntry[],
    leaving: readonly ModelEntry[],
    ancestors: readonly ModelEntry[],
  ): string | undefined {
    if (conflicts.length === 0) return undefined;
    if (conflicts.some((conflict) => ancestors.includes(conflict))) return 'bad-txns-spends-conflicting-tx';
    if (leaving.length > 100) return 'too many potential replacements';
    const score = Math.min(fee / bytes, (fee + sum(ancestors, 'fee')) / (bytes + sum(ancestors, 'bytes')));
    for (const conflict of conflicts) {
      const family = this.ancestors(conflict);
      const old = conflict.fee / conflict.bytes;
      if (fee / bytes <= old) return 'insufficient fee';
      if (score <= Math.min(old, sum(family, 'fee') / sum(family, 'bytes'))) return 'insufficient fee';
    }
    return fee < sum(leaving, 'fee') + bytes ? 'insufficient fee' : undefined;
  }

  #familyRefusal(
    entry: ModelEntry,
    leaving: readonly ModelEntry[],
    ancestors: readonly ModelEntry[],
  ): string | undefined {
    const isTooLarge = (others: readonly ModelEntry[]) =>
      others.length + 1 > 25 || (others.length > 0 && sum(others, 'bytes') + entry.bytes > 101_000);
    const families = ancestors.map((ancestor) =>
      this.descendants(ancestor).filter((member) => !leaving.includes(member)),
    );
    return [ancestors, ...families].some(isTooLarge) ? 'too-long-mempool-chain' : undefined;
  }

  #evict(): void {
    while (sum(this.entries, 'usage') > this.#maxUsage) {
      const scored = this.entries.map((entry, at) => {
        const family = this.descendants(entry);
        const together = sum(family, 'fee') / sum(family, 'bytes');
        return { entry, at, family, together, score: Math.max(entry.fee / entry.bytes, together) };
      });
      // Of equals the newest.
      const worst = scored.reduce((a, b) => (b.score <= a.score ? b : a));
      this.floor = Math.max(this.floor, worst.together + 1);
      this.entries = this.entries.filter((entry) => !worst.family.includes(entry));
    }
  }

  #withDescendants(entries: readonly ModelEntry[]): ModelEntry[] {
    return this.entries.filter((entry) => this.ancestors(entry).some((member) => entries.includes(member)));
  }
}

function shareInput(a: Transaction, b: Transaction): boolean {
  const spent = new Set(a.inputs.map(({ outpoint }) => outpointKey(outpoint.txHash, outpoint.index)));
  return b.inputs.some(({ outpoint }) => spent.has(outpointKey(outpoint.txHash, outpoint.index)));
}

export function sum(entries: readonly ModelEntry[], field: 'fee' | 'bytes' | 'usage'): number {
  return entries.reduce((total, entry) => total + entry[field], 0);
}
