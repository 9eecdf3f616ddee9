/** What is told once more is told after so long at the earliest, and after twice as long at the latest. */
const TURN_MS = 60_000;
const MAX_TOLD = 50_000;

/** Remembers for a minute or two what was told. */
export class RecentlyTold {
  #told = new Set<string>();
  #before = new Set<string>();
  #sinceMs = 0;

  /** Whether it was not told lately. */
  note(id: string, nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= TURN_MS || this.#told.size >= MAX_TOLD) {
      this.#before = this.#told;
      this.#told = new Set();
      this.#sinceMs = nowMs;
    }
    const isNew = !this.#told.has(id) && !this.#before.has(id);
    if (isNew) this.#told.add(id);
    return isNew;
  }
}
