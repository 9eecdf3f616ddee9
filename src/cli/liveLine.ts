import { fit } from './textWidth.ts';

/** What is written to: a terminal, or what stands for one in a test. */
export type Screen = { write: (text: string) => unknown; columns?: number };

const CLEAR_LINE = '\r\x1b[K';

/**
 * One line at the bottom of a terminal that is written again and again, with other lines passing above it. It is cut
 * rather than wrapped, and nothing else of the terminal is touched: whoever is killed leaves it sane.
 */
export class LiveLine {
  readonly #screen: Screen;
  #text = '';

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  get columns(): number {
    return this.#screen.columns ?? 80;
  }

  /** An empty text takes it away. */
  set(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    this.redraw();
  }

  /** After a resize. */
  redraw(): void {
    this.#screen.write(CLEAR_LINE + this.#fitted());
  }

  /** Whole lines, each with its end. */
  print(lines: string): void {
    this.#screen.write(this.#text === '' ? lines : CLEAR_LINE + lines + this.#fitted());
  }

  /** One column stays free: a terminal may wrap at its last. */
  #fitted(): string {
    return fit(this.#text, this.columns - 1);
  }
}
