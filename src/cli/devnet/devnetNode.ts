import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CliError } from '../cliError.ts';
import { EXIT } from '../exitCodes.ts';
import { type RpcClient, rpcClient } from '../rpcClient.ts';

/** The program that is running. */
const PROGRAM = process.argv[1]!;
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
/** For an orderly end; a node that takes longer is ended without it. */
const STOP_TIMEOUT_MS = 15_000;
const SHOWN_LOG_LINES = 10;

/** A node of the devnet: a process of its own, reached through its RPC like any other. */
export class DevnetNode {
  readonly name: string;
  readonly rpc: RpcClient;
  readonly #process: ChildProcess;
  readonly #logPath: string;
  readonly #exited: Promise<unknown>;

  private constructor(name: string, dataDir: string, child: ChildProcess, logPath: string) {
    this.name = name;
    this.rpc = rpcClient(dataDir);
    this.#process = child;
    this.#logPath = logPath;
    this.#exited = once(child, 'exit');
  }

  /** Starts the process and waits until its RPC answers. @param seeds addresses to join through */
  static async start(
    name: string,
    options: { folder: string; seeds: readonly string[]; signal: AbortSignal },
  ): Promise<DevnetNode> {
    const dataDir = join(options.folder, name);
    mkdirSync(dataDir, { recursive: true });
    const logPath = join(dataDir, 'log');
    const log = openSync(logPath, 'a');
    const words = ['node', '--network', 'regtest', '--data-dir', dataDir, '--listen-host', '127.0.0.1'];
    words.push('--server-port', '0', '--rpc-port', '0', '--dns-seed', 'none');
    for (const seed of options.seeds) words.push('--dns-seed', seed);
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      // A group of its own: Ctrl-C reaches us alone, and we end the nodes in order.
      detached: true,
      stdio: ['ignore', log, log],
      env: withoutSettings(process.env),
    });
    closeSync(log);
    const node = new DevnetNode(name, dataDir, child, logPath);
    await node.#answers(options.signal);
    return node;
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Its last words, for when it ended by itself. */
  lastLog(): string {
    return readFileSync(this.#logPath, 'utf8').trim().split('\n').slice(-SHOWN_LOG_LINES).join('\n');
  }

  async stop(): Promise<void> {
    if (!this.isAlive) return;
    this.#process.kill('SIGTERM');
    const patience = new AbortController();
    const tooLong = wait(STOP_TIMEOUT_MS, 'too long', { signal: patience.signal }).catch(() => undefined);
    const ended = await Promise.race([this.#exited, tooLong]);
    patience.abort();
    if (ended !== 'too long') return;
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  async #answers(signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
    while (this.isAlive && !deadline.aborted) {
      if (
        await this.rpc.call('uptime').then(
          () => true,
          () => false,
        )
      )
        return;
      await wait(POLL_MS, undefined, { signal: deadline }).catch(() => undefined);
    }
    await this.stop();
    if (signal.aborted) throw new CliError(EXIT.ok, 'Interrupted.');
    throw new CliError(EXIT.failure, `${this.name} did not start:\n${this.lastLog()}`);
  }
}

/** What the person has set for a node of their own must not reach these. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('INDIECOIN_')));
}
