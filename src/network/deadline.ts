/** A timer that fires so late tells of a busy event loop, or of a machine that slept. */
const LATE_MS = 250;
const GRACE_MS = 1000;

/**
 * A signal that fires when nothing has happened for too long, or with another signal; it lets go of both at `end()`.
 * (AbortSignal.any and AbortSignal.timeout keep their memory as long as the longest-lived of their sources.)
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timeoutMs: number;
  readonly #parents: readonly AbortSignal[];
  readonly #onParent = () => this.#controller.abort();
  #timer: NodeJS.Timeout;
  #hasEnded = false;

  constructor(timeoutMs: number, ...parents: readonly AbortSignal[]) {
    this.#timeoutMs = timeoutMs;
    this.#parents = parents;
    for (const parent of parents) {
      if (parent.aborted) this.#controller.abort();
      parent.addEventListener('abort', this.#onParent, { once: true });
    }
    this.#timer = this.#start();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something happened: the time begins anew. */
  extend(): void {
    if (this.#hasEnded) return;
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    for (const parent of this.#parents) parent.removeEventListener('abort', this.#onParent);
  }

  #start(): NodeJS.Timeout {
    const dueMs = Date.now() + this.#timeoutMs;
    return setTimeout(() => {
      // We were the ones who stalled: what came meanwhile still waits to be read.
      if (Date.now() - dueMs > LATE_MS) this.#timer = setTimeout(() => this.#controller.abort(), GRACE_MS);
      else this.#controller.abort();
    }, this.#timeoutMs);
  }
}
