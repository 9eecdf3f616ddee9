/** Older counts no longer say how fast it goes now. */
const WINDOW_MS = 15_000;
/** Before, a rate would jump about. */
const LEAST_MS = 1000;

/** How fast a count grows, from what was seen of it lately. */
export class RateMeter {
  readonly #seen: { atMs: number; count: number }[] = [];

  /** @param atMs of a clock that never goes back */
  add(count: number, atMs: number): void {
    // A reorganization, or the count of something else: the rate begins anew.
    if (count < (this.#seen.at(-1)?.count ?? 0)) this.#seen.length = 0;
    this.#seen.push({ atMs, count });
    while (this.#seen.length > 2 && atMs - this.#seen[0]!.atMs > WINDOW_MS) this.#seen.shift();
  }

  /** Undefined while it is too early to tell. */
  get perSecond(): number | undefined {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) return undefined;
    return (1000 * (last.count - first.count)) / (last.atMs - first.atMs);
  }
}
