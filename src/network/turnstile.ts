/**
 * Lets so many pieces of work run at a time; the others wait in the order they came, up to a number of bytes that they
 * hold. What comes on top is turned away.
 */
export class Turnstile {
  readonly #maxInside: number;
  readonly #maxWaitingBytes: number;
  #inside = 0;
  #waitingBytes = 0;
  #queue: (() => void)[] = [];
  /** Behind the last one let in: shifting a long array would copy it each time. */
  #head = 0;

  constructor(limits: { maxInside: number; maxWaitingBytes: number }) {
    this.#maxInside = limits.maxInside;
    this.#maxWaitingBytes = limits.maxWaitingBytes;
  }

  /** Undefined when it was turned away. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#inside >= this.#maxInside) {
      if (this.#waitingBytes + bytes > this.#maxWaitingBytes) return undefined;
      this.#waitingBytes += bytes;
      await new Promise<void>((resolve) => this.#queue.push(resolve));
      this.#waitingBytes -= bytes;
    } else this.#inside++;
    try {
      return await work();
    } finally {
      this.#letNextIn();
    }
  }

  /** Who leaves hands the place on. */
  #letNextIn(): void {
    const next = this.#queue[this.#head++];
    if (next === undefined) {
      this.#inside--;
      this.#queue = [];
      this.#head = 0;
    } else next();
  }
}
