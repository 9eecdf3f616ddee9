import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { MAIN, until } from './nodeProcess.ts';

/** Why no terminal can be had here, for a test's skip: util-linux's `script` gives one. */
export const noTerminal: string | false =
  process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
    ? false
    : '`script` of util-linux is not there to give a terminal';

/** The program in a terminal of its own, as a person has it, with all that is written to it. */
export class InTerminal {
  readonly #child: ChildProcess;
  /** All that it wrote has been read, which can be a while after its exit. */
  #isClosed = false;
  #output = '';

  constructor(
    args: readonly string[],
    options: { columns?: number; rows?: number; env?: Record<string, string> } = {},
  ) {
    const { columns = 80, rows = 24, env = {} } = options;
    const words = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
    const command = `stty cols ${columns} rows ${rows}; exec ${words}`;
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm', LANG: 'C.UTF-8', ...env },
    });
    this.#child.once('close', () => {
      this.#isClosed = true;
    });
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString('utf8');
    });
  }

  /** All of it, with every escape sequence. */
  get output(): string {
    return this.#output;
  }

  /**
   * What came between two returns of the cursor, without escape sequences and the echo of Ctrl-C: none may be longer than
   * the terminal is wide.
   */
  get segments(): string[] {
    const returned = this.#output.replaceAll('\x1b[H', '\r');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return returned.replace(/\x1b\[[0-9;?]*[a-zA-Z]|\^C/g, '').split(/[\r\n]+/);
  }

  async shows(text: RegExp): Promise<void> {
    await until(`${text} on the terminal`, () => text.test(this.#output)).catch((error: Error) => {
      throw new Error(`${error.message}; there is:\n${JSON.stringify(this.#output.slice(-3000))}`);
    });
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Its exit code. */
  async ended(): Promise<number | null> {
    await until('the program in the terminal ends', () => this.#isClosed);
    return this.#child.exitCode;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.type('\x03');
    await this.ended().catch(() => this.#child.kill('SIGKILL'));
  }
}
