import { styleText } from 'node:util';
import { wrap } from './textWidth.ts';

type Style = Parameters<typeof styleText>[0];

/** What a terminal can do is told by its environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a command's answer goes: lines for a person, or one JSON document with `--json`. */
export class Terminal {
  readonly isJson: boolean;
  /** Whether somebody watches, for whom lines may be rewritten. */
  readonly isInteractive: boolean;
  /** Whether more than ASCII can be shown. */
  readonly hasUnicode: boolean;
  readonly #hasColor: boolean;

  constructor(isJson: boolean, environment: Environment = process.env) {
    this.isJson = isJson;
    this.isInteractive = !isJson && canRewrite(process.stdout, environment);
    this.hasUnicode = isUnicode(environment);
    this.#hasColor = !isJson && hasColor(process.stdout, environment);
  }

  get columns(): number {
    return process.stdout.columns || 80;
  }

  get rows(): number {
    return process.stdout.rows || 24;
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

/** A terminal that knows the sequences which move the cursor. */
export function canRewrite({ isTTY }: { isTTY?: boolean }, { TERM }: Environment): boolean {
  return isTTY === true && TERM !== 'dumb';
}

/** https://no-color.org: any value but an empty one turns colours off. */
export function hasColor(stream: { isTTY?: boolean }, environment: Environment): boolean {
  return canRewrite(stream, environment) && (environment.NO_COLOR ?? '') === '';
}

/** By the first of the variables that decide on a locale's characters. Windows and macOS need none. */
export function isUnicode(environment: Environment, platform: string = process.platform): boolean {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG;
  if (locale === undefined || locale === '') return platform === 'win32' || platform === 'darwin';
  return /utf-?8/i.test(locale);
}

/**
 * Two columns: names, and their values behind the longest of them. Given the terminal's columns, longer values are broken
 * between words, and stay in their column.
 */
export function table(rows: readonly (readonly [string, string])[], columns?: number): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  if (columns === undefined) return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd());
  return rows.flatMap(([name, value]) =>
    wrap(value, Math.max(10, columns - width - 2)).map((part, i) =>
      `${(i === 0 ? name : '').padEnd(width)}  ${part}`.trimEnd(),
    ),
  );
}
