import type { Terminal } from './terminal.ts';

/** The other screen of a terminal (xterm's 1049), so that what stood there comes back; and the cursor out of sight. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const CTRL_C = '\x03';
const CTRL_Z = '\x1a';

/** The whole terminal, until it is closed: by its owner, or by the end of the process, whatever ends it in order. */
export class FullScreen {
  readonly #terminal: Terminal;
  readonly #onEnd: () => void;
  readonly #onResize: () => void;
  readonly #restore = () => this.#leave();
  #isShown = false;

  /** @param onEnd is called for q and Ctrl-C, and when the process is asked to end; @param onResize to draw again */
  constructor(terminal: Terminal, onEnd: () => void, onResize: () => void) {
    this.#terminal = terminal;
    this.#onEnd = onEnd;
    this.#onResize = onResize;
  }

  open(): void {
    process.on('exit', this.#restore);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, this.#onEnd);
    process.on('SIGCONT', this.#enter);
    process.stdout.on('resize', this.#onResize);
    if (process.stdin.isTTY) process.stdin.on('data', this.#onKey);
    this.#enter();
  }

  close(): void {
    this.#leave();
    process.off('exit', this.#restore);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, this.#onEnd);
    process.off('SIGCONT', this.#enter);
    process.stdout.off('resize', this.#onResize);
    process.stdin.off('data', this.#onKey);
    if (process.stdin.isTTY) process.stdin.pause();
  }

  /** Home, and every line cleared to its end: no flicker, as clearing the screen first would make. The last has no end. */
  draw(lines: readonly string[]): void {
    if (!this.#isShown) return;
    const shown = lines.slice(0, this.#terminal.rows);
    process.stdout.write(`\x1b[H${shown.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`);
  }

  readonly #enter = (): void => {
    if (this.#isShown) return;
    this.#isShown = true;
    if (process.stdin.isTTY) process.stdin.setRawMode(true);
    process.stdout.write(ENTER);
    this.#onResize();
  };

  #leave(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdout.write(LEAVE);
  }

  readonly #onKey = (keys: Buffer): void => {
    const text = keys.toString('latin1');
    if (/^[qQ]/.test(text) || text.includes(CTRL_C)) this.#onEnd();
    if (text.includes(CTRL_Z)) {
      this.#leave();
      process.kill(process.pid, 'SIGTSTP');
    }
  };
}
