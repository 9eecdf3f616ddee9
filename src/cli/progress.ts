import { Presets, SingleBar } from 'cli-progress';
import type { Terminal } from './terminal.ts';

/** How far a long command is: a bar where somebody watches, nothing elsewhere. */
export class Progress {
  readonly #bar: SingleBar | undefined;

  constructor(terminal: Terminal, label: string, total: number) {
    if (terminal.isJson || process.stderr.isTTY !== true) return;
    const format = `${label} {bar} {percentage} % | {what} | {eta_formatted} left`;
    // On a thin terminal the numbers matter more than the bar.
    const barsize = Math.max(10, Math.min(40, terminal.columns - label.length - 50));
    this.#bar = new SingleBar(
      { format, barsize, hideCursor: true, stream: process.stderr },
      Presets.shades_classic,
    );
    this.#bar.start(Math.max(1, total), 0, { what: '' });
  }

  update(done: number, what: string): void {
    this.#bar?.update(done, { what });
  }

  stop(): void {
    this.#bar?.stop();
  }
}
