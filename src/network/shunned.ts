/** How long a peer that was removed by hand is kept apart, on either side's call. */
const SHUN_MS = 10 * 60_000;
const MAX_SHUNNED = 1000;

/** Peers that were sent away, by hand or as of no use: no ban, but they are not dialled, and not let in, for a while. */
export class Shunned {
  readonly #untilMs = new Map<string, number>();

  add(peerId: string, ms = SHUN_MS): void {
    this.#untilMs.delete(peerId);
    this.#untilMs.set(peerId, Date.now() + ms);
    if (this.#untilMs.size > MAX_SHUNNED) this.#untilMs.delete(this.#untilMs.keys().next().value!);
  }

  has(peerId: string): boolean {
    return (this.#untilMs.get(peerId) ?? 0) > Date.now();
  }

  delete(peerId: string): void {
    this.#untilMs.delete(peerId);
  }

  clear(): void {
    this.#untilMs.clear();
  }
}
