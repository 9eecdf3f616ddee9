import { LiveLine } from './liveLine.ts';
import { RateMeter } from './rateMeter.ts';
import { syncLine } from './syncLine.ts';
import { canRewrite, type Terminal } from './terminal.ts';

const REDRAW_MS = 100;
/** Between two lines where they cannot be rewritten. */
const LINE_MS = 10_000;

/** How far a long command is: a bar that is redrawn where somebody watches, a line every ten seconds elsewhere. */
export class Progress {
  readonly #line: LiveLine | undefined;
  readonly #meter = new RateMeter();
  readonly #terminal: Terminal;
  readonly #facts: Readonly<{ label: string; total: number; unit: string }>;
  #toldMs = performance.now();

  /** @param unit what is counted: `blocks` */
  constructor(terminal: Terminal, label: string, total: number, unit: string) {
    this.#terminal = terminal;
    this.#facts = { label, total, unit };
    if (!terminal.isJson && canRewrite(process.stderr, process.env))
      this.#line = new LiveLine(process.stderr);
  }

  update(done: number): void {
    const now = performance.now();
    if (now - this.#toldMs < (this.#line === undefined ? LINE_MS : REDRAW_MS)) return;
    this.#toldMs = now;
    this.#meter.add(done, now);
    const facts = { ...this.#facts, done, perSecond: this.#meter.perSecond };
    if (this.#line === undefined) this.#terminal.note(syncLine(facts, 79, false));
    else this.#line.set(syncLine(facts, this.#line.columns - 1, this.#terminal.hasUnicode));
  }

  stop(): void {
    this.#line?.set('');
  }
}
