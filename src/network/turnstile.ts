/** Work of one source that waits: the first first, and a head that moves, since shifting a long array would copy it. */
type Line = { entries: { bytes: number; enter: (mayEnter: boolean) => void }[]; head: number; bytes: number };

/**
 * Lets so many pieces of work run at a time; the others wait, up to a number of bytes that they hold. The sources take turns,
 * and where too much waits, the one that holds the most loses its last: nobody's flood keeps another's work out.
 */
export class Turnstile {
  readonly #maxInside: number;
  readonly #maxWaitingBytes: number;
  #inside = 0;
  #waitingBytes = 0;
  /** The source whose turn it is comes first. */
  readonly #lines = new Map<string, Line>();

  constructor(limits: { maxInside: number; maxWaitingBytes: number }) {
    this.#maxInside = limits.maxInside;
    this.#maxWaitingBytes = limits.maxWaitingBytes;
  }

  /** Undefined when it was turned away. */
  async run<T>(source: string, bytes: number, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#inside >= this.#maxInside) {
      if (!(await this.#wait(source, bytes))) return undefined;
    } else this.#inside++;
    try {
      return await work();
    } finally {
      this.#letNextIn();
    }
  }

  #wait(source: string, bytes: number): Promise<boolean> {
    return new Promise((enter) => {
      const line = this.#lines.get(source) ?? { entries: [], head: 0, bytes: 0 };
      this.#lines.set(source, line);
      line.entries.push({ bytes, enter });
      line.bytes += bytes;
      this.#waitingBytes += bytes;
      while (this.#waitingBytes > this.#maxWaitingBytes) this.#turnAwayOne();
    });
  }

  #turnAwayOne(): void {
    let largest: [string, Line] | undefined;
    for (const entry of this.#lines)
      if (largest === undefined || entry[1].bytes > largest[1].bytes) largest = entry;
    if (largest === undefined) return;
    const [source, line] = largest;
    const last = line.entries.pop()!;
    this.#left(source, line, last.bytes);
    last.enter(false);
  }

  /** Who leaves hands the place on. */
  #letNextIn(): void {
    const next = this.#lines.entries().next();
    if (next.done) {
      this.#inside--;
      return;
    }
    const [source, line] = next.value;
    const first = line.entries[line.head++]!;
    // Behind all the others.
    this.#lines.delete(source);
    this.#lines.set(source, line);
    this.#left(source, line, first.bytes);
    first.enter(true);
  }

  #left(source: string, line: Line, bytes: number): void {
    line.bytes -= bytes;
    this.#waitingBytes -= bytes;
    if (line.head >= line.entries.length) this.#lines.delete(source);
  }
}
