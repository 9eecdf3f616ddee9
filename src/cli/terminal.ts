import { styleText } from 'node:util';
import { located } from './location.ts';
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
  /** What has been done though its answer may not be written. */
  static whatIsDone: string | undefined;

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

  /**
   * The answer of a command: the value as JSON, or else the lines.
   * @param whatIsDone told on stderr where the answer cannot be written, so that nobody does it twice
   */
  answer(value: unknown, lines: () => readonly string[] | string, whatIsDone?: string): void {
    Terminal.whatIsDone = whatIsDone;
    if (this.isJson) {
      process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
      return;
    }
    const text = lines();
    const all = typeof text === 'string' ? [text] : text;
    process.stdout.write(all.map((line) => `${locatedLine(line, process.stdout)}\n`).join(''));
  }

  /** A line beside the answer; stdout belongs to the answer. */
  note(line: string): void {
    if (!this.isJson) process.stderr.write(`${locatedLine(line, process.stderr)}\n`);
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

/** The line with the flags of this run in the commands that it names; broken where that makes it too long for a terminal. */
function locatedLine(line: string, { isTTY, columns }: { isTTY?: boolean; columns?: number }): string {
  const whole = located(line);
  const isLeft = whole === line || isTTY !== true || whole.includes('\u001b');
  return isLeft ? whole : wrap(whole, columns || 80).join('\n');
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
