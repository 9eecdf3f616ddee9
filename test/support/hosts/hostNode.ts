import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeAddress } from '../../../src/crypto/address.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { makeKeys } from '../blocks.ts';
import { NodeProcess } from '../nodeProcess.ts';
import type { Host } from './hostNetwork.ts';

const DOOR = fileURLToPath(new URL('./door.js', import.meta.url));
/** Every host has a loopback and an address of its own: one port does for all. */
export const PORT = 28_888;

/** What `indiecoin status` knows, as far as it is looked at here. */
export type HostStatus = Readonly<{
  state: string;
  height: number;
  tip: string;
  peers: number;
  inbound: number;
  outbound: number;
  peerId: string;
  warnings: string[];
}>;

export type HostNodeOptions = Readonly<{
  seeds: readonly string[];
  args?: readonly string[];
  preload?: string;
  env?: Readonly<Record<string, string>>;
  /** It dials others, and nobody can dial it, as behind most routers. */
  isBehindRouter?: boolean;
}>;

/** A node on a host of its own, through its stops and restarts. */
export class HostNode {
  readonly host: Host;
  readonly dataDir: string;
  readonly #options: HostNodeOptions;
  /** Of its own, so that two sides of a cut never make the same block. */
  readonly #coinAddress = encodeAddress(makeKeys().publicKey, regtest.addressPrefix);
  #process: NodeProcess | undefined;
  #door: ChildProcess | undefined;

  /** @param folder in which its data directory is, by the number of the host */
  constructor(host: Host, folder: string, options: HostNodeOptions) {
    this.host = host;
    this.dataDir = join(folder, `host${host.index}`);
    this.#options = options;
    mkdirSync(this.dataDir, { recursive: true });
  }

  /** Where others dial it. */
  get address(): string {
    return `${this.host.address}:${PORT}`;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && !this.#process.hasExited;
  }

  get pid(): number {
    return this.#running().pid;
  }

  get output(): string {
    return this.#process?.output ?? '';
  }

  /** Starts it, the first time or again, and waits until its RPC answers. */
  async start(): Promise<void> {
    const rpcSocket = join(this.dataDir, 'door');
    this.#door ??= await openDoor(this.host, rpcSocket, join(this.dataDir, '.rpc-address'));
    const logLevel =
      process.env.INDIECOIN_TEST_LOGS === undefined ? [] : ['--log-level', 'info,network=debug'];
    const { seeds, args = [], preload, env, isBehindRouter = false } = this.#options;
    this.#process = await NodeProcess.start({
      dataDir: this.dataDir,
      seeds,
      under: this.host.under,
      rpcSocket,
      listenHost: isBehindRouter ? '127.0.0.1' : '0.0.0.0',
      args: ['--server-port', String(PORT), ...logLevel, ...args],
      ...(preload !== undefined && { preload }),
      ...(env !== undefined && { env }),
    });
  }

  rpc<Result = unknown>(method: string, ...params: unknown[]): Promise<Result> {
    return this.#running().rpc<Result>(method, ...params);
  }

  status(): Promise<HostStatus> {
    return this.rpc<HostStatus>('status');
  }

  async mine(count: number): Promise<void> {
    await this.rpc('generatetoaddress', count, this.#coinAddress);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** As a laptop that falls asleep, or wakes up: its programs stand still. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.#running().pid, name);
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    await this.kill();
    this.#door?.kill('SIGKILL');
  }

  #running(): NodeProcess {
    if (this.#process === undefined) throw new Error(`no node was started on ${this.host.address}`);
    return this.#process;
  }
}

async function openDoor(host: Host, socketPath: string, addressFile: string): Promise<ChildProcess> {
  const [program, ...words] = [...host.under, process.execPath, DOOR, socketPath, addressFile];
  const door = spawn(program!, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(door.stdout, 'data', { signal: AbortSignal.timeout(30_000) });
  return door;
}
