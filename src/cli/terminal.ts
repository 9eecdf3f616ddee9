import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where a command's answer goes: lines for a person, or one JSON document with `--json`. */
export class Terminal {
  readonly isJson: boolean;
  /** Whether somebody watches, for whom lines may be rewritten. */
  readonly isInteractive: boolean;
  readonly #hasColor: boolean;

  constructor(isJson: boolean) {
    this.isJson = isJson;
    this.isInteractive = !isJson && process.stdout.isTTY === true;
    this.#hasColor = this.isInteractive && process.env.NO_COLOR === undefined;
  }

  get columns(): number {
    return process.stdout.columns ?? 80;
  }

  /** The answer of a command: the value as JSON, or else the lines. */
  answer(value: unknown, lines: () => readonly string[] | string): void {
    if (this.isJson) {
      process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
      return;
    }
    const text = lines();
    process.stdout.write(typeof text === 'string' ? `${text}\n` : text.map((line) => `${line}\n`).join(''));
  }

  /** A line beside the answer; stdout belongs to the answer. */
  note(line: string): void {
    if (!this.isJson) process.stderr.write(`${line}\n`);
  }

  style(style: Style, text: string): string {
    return this.#hasColor ? styleText(style, text, { validateStream: false }) : text;
  }

  bold(text: string): string {
    return this.style('bold', text);
  }

  dim(text: string): string {
    return this.style('dim', text);
  }
}

/** Two columns: names, and their values behind the longest of them. */
export function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd());
}
