/** Calls that run at once, as in Bitcoin Core 28 (-rpcthreads). More would only hold their answers in memory together. */
export const MAX_RUNNING = 16;

/** Lets so many calls run at a time; the others wait in the order in which they came. */
export class CallSlots {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Runs it when there is room. Rejects only as `work` does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      // The slot goes from hand to hand, so that nobody who comes just now takes it away.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
