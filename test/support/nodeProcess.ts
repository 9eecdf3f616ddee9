import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The program as its users start it. */
export const MAIN = fileURLToPath(new URL('../../bundle/program/main.js', import.meta.url));

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 60_000;
const RPC_TIMEOUT_MS = 120_000;
const KEPT_OUTPUT = 20_000;

export type NodeOptions = Readonly<{
  dataDir: string;
  /** `host:port` of seeds; none if empty. */
  seeds?: readonly string[];
  network?: string;
  /** Where it listens for peers: loopback when left out. */
  listenHost?: string;
  /** A Unix socket that leads to its RPC, for one whose loopback is not ours. */
  rpcSocket?: string;
  command?: 'node' | 'seed';
  /** The program, where it is not the one that was built here. */
  main?: string;
  args?: readonly string[];
  /** Words before the program: what runs it under a limit. */
  under?: readonly string[];
  /** A module that is loaded before the program, and what is added to its environment. */
  preload?: string;
  env?: Readonly<Record<string, string>>;
}>;

/** An error answer of the RPC. */
export class RpcFailure extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A node as its user starts it: the program in a process of its own, on loopback, with a free port for everything. */
export class NodeProcess {
  readonly dataDir: string;
  readonly #options: NodeOptions;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(options: NodeOptions, child: ChildProcess) {
    this.dataDir = options.dataDir;
    this.#options = options;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
      });
    }
  }

  /** Starts a node and waits until its RPC answers. */
  static async start(options: NodeOptions): Promise<NodeProcess> {
    const node = NodeProcess.launch(options);
    await node.#waitForRpc();
    return node;
  }

  /** Starts a node, and does not wait for anything. */
  static launch(options: NodeOptions): NodeProcess {
    const seeds = (options.seeds ?? []).flatMap((seed) => ['--dns-seed', seed]);
    const { command = 'node', network = 'regtest', dataDir } = options;
    const args = [command, '--network', network, '--data-dir', dataDir];
    args.push(
      '--listen-host',
      options.listenHost ?? '127.0.0.1',
      '--rpc-port',
      '0',
      '--dns-seed',
      'none',
      ...seeds,
    );
    const preload = options.preload === undefined ? [] : ['--import', options.preload];
    const main = options.main ?? MAIN;
    const [program, ...words] = [...(options.under ?? []), process.execPath, ...preload, main, ...args];
    const child = spawn(program!, [...words, ...(options.args ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: options.dataDir, ...options.env },
    });
    return new NodeProcess(options, child);
  }

  /** What it printed, the last of it. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Calls a method as `bitcoin-cli` would. @throws RpcFailure */
  async rpc<Result = unknown>(method: string, ...params: unknown[]): Promise<Result> {
    const address = readFileSync(join(this.dataDir, '.rpc-address'), 'utf8').trim();
    const login = readFileSync(join(this.dataDir, '.cookie'), 'utf8').trim();
    const [host, port] = address.split(':');
    const { rpcSocket } = this.#options;
    const answer = await post(JSON.stringify({ jsonrpc: '1.0', id: 1, method, params }), {
      ...(rpcSocket === undefined ? { host, port } : { socketPath: rpcSocket, headers: { host: address } }),
      auth: login,
    });
    const body = JSON.parse(answer) as {
      result: Result;
      error: { code: number; message: string } | null;
    };
    if (body.error) throw new RpcFailure(body.error.code, `${method}: ${body.error.message}`);
    return body.result;
  }

  async height(): Promise<number> {
    return this.rpc<number>('getblockcount');
  }

  /** `127.0.0.1:port` where other nodes reach it. */
  async listenAddress(): Promise<string> {
    const { addresses } = await this.rpc<{ addresses: string[] }>('status');
    const port = /\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1];
    if (!port) throw new Error(`no port in ${addresses}`);
    return `127.0.0.1:${port}`;
  }

  /** Ends it as Ctrl-C does, and waits. Returns its exit code. */
  async stop(): Promise<number | null> {
    if (!this.hasExited) {
      this.#child.kill('SIGINT');
      await this.#exited(STOP_TIMEOUT_MS);
    }
    return this.#child.exitCode;
  }

  /** Waits until it ends by itself. Returns its exit code. */
  async ended(): Promise<number | null> {
    await this.#exited(END_TIMEOUT_MS);
    return this.#child.exitCode;
  }

  /** Ends it as a power cut would, but for the disk. */
  async kill(): Promise<void> {
    if (this.hasExited) return;
    this.#child.kill('SIGKILL');
    await this.#exited(STOP_TIMEOUT_MS);
  }

  /** The same node again, after it was stopped or killed. */
  restart(changes: Partial<NodeOptions> = {}): Promise<NodeProcess> {
    return NodeProcess.start({ ...this.#options, ...changes });
  }

  /** The same without waiting for it. */
  relaunch(): NodeProcess {
    return NodeProcess.launch(this.#options);
  }

  async #exited(timeoutMs: number): Promise<void> {
    if (this.hasExited) return;
    try {
      await once(this.#child, 'exit', { signal: AbortSignal.timeout(timeoutMs) });
    } catch {
      this.#child.kill('SIGKILL');
      throw new Error(`the node did not end in time; it said:\n${this.#output}`);
    }
  }

  async #waitForRpc(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline) {
      if (this.hasExited)
        throw new Error(`the node ended with ${this.#child.exitCode}; it said:\n${this.#output}`);
      try {
        await this.rpc('getblockcount');
        return;
      } catch {
        await sleep(10);
      }
    }
    await this.kill();
    throw new Error(`the node did not answer in time; it said:\n${this.#output}`);
  }
}

/** Posts JSON and returns what is answered, whatever its status. */
async function post(body: string, options: RequestOptions): Promise<string> {
  const headers = { ...options.headers, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(RPC_TIMEOUT_MS);
  const asking = request({ ...options, method: 'POST', path: '/', headers, signal });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return text(response);
}

/** Waits until the probe gives something true, asking every so often. @throws Error naming what was waited for */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 150_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found) {
      if (process.env.INDIECOIN_TEST_TIMES) console.error(`${what}: ${Date.now() - deadline + timeoutMs} ms`);
      return found;
    }
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await sleep(100);
  }
}

/** The output and exit code of one run of the program that ends by itself, or is ended when its output is as wanted. */
export async function runCli(
  args: readonly string[],
  options: {
    env?: Record<string, string>;
    input?: string;
    timeoutMs?: number;
    under?: readonly string[];
    /** Asked at each line. */
    isEnough?: (stdout: string) => boolean;
    main?: string;
  } = {},
) {
  const main = options.main ?? MAIN;
  const [program, ...words] = [...(options.under ?? []), process.execPath, main, ...args];
  const child = spawn(program!, words, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
    if (stdout.endsWith('\n') && options.isEnough?.(stdout)) child.kill('SIGKILL');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  await once(child, 'close');
  clearTimeout(timer);
  return { code: child.exitCode, stdout, stderr };
}

/** What `--json` printed. */
export async function runJson<T = Record<string, unknown>>(args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runCli([...args, '--json']);
  if (code !== 0) throw new Error(`indiecoin ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as T;
}
