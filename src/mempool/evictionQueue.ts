import { Heap } from './heap.ts';
import { descendantScore, type MempoolEntry } from './mempoolEntry.ts';

/** An entry and its score when it was put in: of one that changed meanwhile there is a later item. */
type Item = Readonly<{ entry: MempoolEntry; score: number }>;

/** Whose turn it is to leave a full mempool: the lowest descendant score, of equals the newest. */
export class EvictionQueue {
  readonly #heap = new Heap<Item>(
    (a, b) => a.score < b.score || (a.score === b.score && a.entry.addedSec > b.entry.addedSec),
  );

  constructor(entries: Iterable<MempoolEntry>) {
    for (const entry of entries) this.note(entry);
  }

  /** Items, more than entries: those that no longer count are passed over when their turn comes. */
  get size(): number {
    return this.#heap.size;
  }

  /** An entry is new, or its score may have changed. */
  note(entry: MempoolEntry): void {
    this.#heap.push({ entry, score: descendantScore(entry) });
  }

  /** Undefined when there is none. `isHere`: still in the mempool. */
  lowest(isHere: (entry: MempoolEntry) => boolean): MempoolEntry | undefined {
    for (;;) {
      const item = this.#heap.top;
      if (item === undefined || (isHere(item.entry) && item.score === descendantScore(item.entry)))
        return item?.entry;
      this.#heap.pop();
    }
  }
}
