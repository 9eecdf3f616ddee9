import type { Terminal } from '../terminal.ts';

const MOST_COLUMNS = 100;
const LEAST_COLUMNS = 40;

/** Lines that fit the terminal. */
export class Page {
  readonly terminal: Terminal;
  readonly columns: number;
  readonly lines: string[] = [];

  constructor(terminal: Terminal) {
    this.terminal = terminal;
    this.columns = Math.max(LEAST_COLUMNS, Math.min(MOST_COLUMNS, terminal.columns));
  }

  title(text: string): void {
    for (const line of wrap(text, this.columns)) this.lines.push(this.terminal.bold(line));
  }

  /** The beginning of a part, and in a few words what it is about. */
  heading(text: string, about = ''): void {
    this.lines.push('', this.terminal.style(['bold', 'cyan'], text.toUpperCase()));
    if (about !== '') this.text(about);
  }

  text(text: string, indent = 0): void {
    for (const line of wrap(text, this.columns - indent)) this.lines.push(' '.repeat(indent) + line);
  }

  /** Names on the left, what belongs to them on the right, wrapped there. */
  table(rows: readonly (readonly [string, string])[], indent = 0): void {
    const width = rows.reduce((most, [name]) => Math.max(most, name.length), 0);
    for (const [name, value] of rows) {
      this.beside(' '.repeat(indent) + name.padEnd(width), value, indent + width + 2);
    }
  }

  /** Text beside a label, at this column. What does not fit there goes below it, further left. */
  beside(
    label: string,
    text: string,
    column: number,
    style: (line: string) => string = (line) => line,
  ): void {
    const words = text.split(' ').reduce((most, word) => Math.max(most, word.length), 0);
    const fits = words <= this.columns - column;
    // A hash of 64 digits needs nearly the whole line.
    const at = fits ? column : Math.max(0, Math.min(column, this.columns - words));
    const lines = wrap(text, this.columns - at);
    if (!fits && at < column) {
      if (label.trim() !== '') this.lines.push(label.trimEnd());
      for (const line of lines) this.lines.push(' '.repeat(at) + style(line));
      return;
    }
    for (const [i, line] of lines.entries()) {
      this.lines.push(`${i === 0 ? label.padEnd(column) : ' '.repeat(column)}${style(line)}`.trimEnd());
    }
    if (lines.length === 0) this.lines.push(label.trimEnd());
  }

  blank(): void {
    this.lines.push('');
  }
}

/** Breaks at spaces, and within what is longer than a line. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = '';
    }
    while (word.length > columns) {
      lines.push(word.slice(0, columns));
      word = word.slice(columns);
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines;
}
