import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from './log.ts';

/** Commands that run at once: a burst of payments must not fill the machine with processes. */
const MAX_RUNNING = 4;
/** Payments that wait for their turn. */
const MAX_WAITING = 1000;
/** A command that hangs is ended. */
const COMMAND_LIMIT_MS = 60_000;
/** What a stopping node grants those that run and wait. */
const CLOSE_LIMIT_MS = 5000;
/** What opens the wallet is not for other programs. */
const SECRETS = /^INDIECOIN_.*PASS(PHRASE|WORD)/;

/** A transaction of the wallet, as a command is told of it. */
export type Notice = Readonly<{
  txid: string;
  /** undefined while it is in no block. */
  height: number | undefined;
  blockHash: string | undefined;
}>;

/**
 * Runs a command of the owner for each transaction of the wallet, through the shell, like Bitcoin Core's `-walletnotify`:
 * `%s` is the txid, `%b` the block's hash or `unconfirmed`, `%h` its height or -1, `%w` the wallet's name, which is empty.
 */
export class WalletNotifier {
  readonly #command: string;
  readonly #log: Logger;
  readonly #running = new Set<ChildProcess>();
  readonly #waiting: Notice[] = [];
  #onIdle: () => void = () => undefined;

  constructor(command: string, log: Logger) {
    this.#command = command;
    this.#log = log;
  }

  notify(notice: Notice): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#log.warn(
        `wallet-notify is not run for ${notice.txid}: ${MAX_WAITING} payments wait for it already`,
      );
      return;
    }
    this.#waiting.push(notice);
    this.#startNext();
  }

  /** Waits a few seconds for those that run and wait, then ends what is left. */
  async close(): Promise<void> {
    if (this.#running.size > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        setTimeout(resolve, CLOSE_LIMIT_MS).unref();
      });
      await idle;
    }
    const left = this.#waiting.splice(0).length;
    if (left > 0) this.#log.warn(`wallet-notify was not run for ${left} payments: the node stops`);
    for (const child of this.#running) endWithChildren(child);
  }

  #startNext(): void {
    while (this.#running.size < MAX_RUNNING) {
      const notice = this.#waiting.shift();
      if (notice === undefined) break;
      this.#start(notice);
    }
    if (this.#running.size === 0) this.#onIdle();
  }

  #start(notice: Notice): void {
    const child = spawn(fillIn(this.#command, notice), {
      shell: true,
      stdio: 'ignore',
      windowsHide: true,
      // A process group of its own: it is ended as a whole, and Ctrl-C in our terminal is not meant for it.
      detached: process.platform !== 'win32',
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !SECRETS.test(name))),
    });
    this.#running.add(child);
    const limit = setTimeout(() => endWithChildren(child), COMMAND_LIMIT_MS);
    const ended = (how: string | undefined) => {
      clearTimeout(limit);
      // An error may be followed by an exit.
      if (!this.#running.delete(child)) return;
      if (how !== undefined) this.#log.warn({ txid: notice.txid }, `wallet-notify ${how}`);
      this.#startNext();
    };
    child.once('error', (error) => ended(`cannot be run: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (signal !== null) ended(`was ended by ${signal}`);
      else ended(code === 0 ? undefined : `ended with code ${code}`);
    });
  }
}

/** The shell, and what it has started. */
function endWithChildren(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid);
  } catch {
    child.kill();
  }
}

/** Hexadecimal digits and numbers only come in, so nothing of it can mean something to a shell. */
function fillIn(command: string, { txid, height, blockHash }: Notice): string {
  const values: Record<string, string> = {
    '%s': txid,
    '%b': blockHash ?? 'unconfirmed',
    '%h': String(height ?? -1),
    '%w': '',
  };
  return command.replace(/%[sbhw]/g, (name) => values[name]!);
}
