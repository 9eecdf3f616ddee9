import { Heap } from './heap.ts';
import { ancestorScore, family, type MempoolEntry } from './mempoolEntry.ts';

type Scored = { readonly entry: MempoolEntry; readonly score: number };

/**
 * The entries in the order in which a miner should take them: whoever pays most together with the ancestors that it still
 * needs comes next, behind those (Bitcoin Core's ancestor feerate mining, BlockAssembler::addPackageTxs). A rich child takes
 * its poor parents along to its place (child pays for parent), and once they are in, their other children are worth more.
 */
export function inFeeOrder(entries: Iterable<MempoolEntry>): MempoolEntry[] {
  const untouched = Array.from(entries, (entry) => ({ entry, score: ancestorScore(entry) }));
  // Stable, so that of equals the one that came first goes first.
  untouched.sort((a, b) => b.score - a.score);
  return new Ordering().run(untouched);
}

/** Entries some of whose ancestors are placed already have a new score, kept apart from the others' old ones. */
class Ordering {
  readonly #placed = new Set<MempoolEntry>();
  /** Of what it still needs, itself included. */
  readonly #left = new Map<MempoolEntry, { bytes: number; fees: number; score: number }>();
  /** The best on top; an item whose score is no longer that of its entry is passed over. */
  readonly #rescored = new Heap<Scored>((a, b) => a.score > b.score);

  run(untouched: readonly Scored[]): MempoolEntry[] {
    for (const next of untouched) {
      this.#placeRescored(next.score);
      // One that was rescored has an item there.
      if (!this.#placed.has(next.entry) && !this.#left.has(next.entry)) this.#place(next.entry);
    }
    this.#placeRescored(Number.NEGATIVE_INFINITY);
    return [...this.#placed];
  }

  /** Those that are worth more than what stands next among the others. */
  #placeRescored(thanScore: number): void {
    for (;;) {
      const best = this.#rescored.top;
      if (best === undefined || best.score <= thanScore) return;
      this.#rescored.pop();
      const isCurrent = this.#left.get(best.entry)?.score === best.score;
      if (isCurrent && !this.#placed.has(best.entry)) this.#place(best.entry);
    }
  }

  #place(entry: MempoolEntry): void {
    if (entry.parents.size === 0) {
      this.#placeOne(entry);
      return;
    }
    const missing = [...family(entry, 'parents')].filter((member) => !this.#placed.has(member));
    // Whoever depends on another has more ancestors than that.
    missing.sort((a, b) => a.ancestors.count - b.ancestors.count);
    for (const member of missing) this.#placeOne(member);
  }

  #placeOne(entry: MempoolEntry): void {
    this.#placed.add(entry);
    if (entry.children.size === 0) return;
    for (const descendant of family(entry, 'children')) {
      if (!this.#placed.has(descendant)) this.#rescore(descendant, entry);
    }
  }

  #rescore(entry: MempoolEntry, without: MempoolEntry): void {
    const left = this.#left.get(entry) ?? entry.ancestors;
    const bytes = left.bytes - without.transaction.bytes.length;
    const fees = left.fees - without.modifiedFee;
    const score = Math.min(entry.feeRate, fees / bytes);
    this.#left.set(entry, { bytes, fees, score });
    this.#rescored.push({ entry, score });
  }
}
