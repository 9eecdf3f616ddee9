import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { temporaryFolder } from './chains.ts';

/** How long a file may get, for a program behind these words: a limit that every system has, and a write that really fails. */
export function withFileLimit(kibibytes: number): readonly string[] {
  return ['bash', '-c', `ulimit -f ${kibibytes}; exec "$@"`, 'bash'];
}

/**
 * A file system of some megabytes, in memory and in a mount namespace of its own, so that it is gone with the process that
 * holds it. Everybody reaches it through /proc.
 */
export class SmallDisk {
  /** A path that leads to it. */
  readonly folder: string;
  readonly #holder: ChildProcess;
  readonly #mountPoint: string;

  private constructor(holder: ChildProcess, mountPoint: string) {
    this.#holder = holder;
    this.#mountPoint = mountPoint;
    this.folder = join(`/proc/${holder.pid}/root`, mountPoint);
  }

  /** Undefined where the system does not let us mount anything: containers, other systems than Linux. */
  static async open(megabytes: number): Promise<SmallDisk | undefined> {
    const mountPoint = await temporaryFolder();
    const mount = `mount -t tmpfs -o size=${megabytes}m none "$1" && echo mounted && exec sleep 600`;
    const holder = spawn('unshare', ['--map-root-user', '--mount', 'sh', '-c', mount, 'sh', mountPoint], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    holder.on('error', () => undefined);
    const disk = new SmallDisk(holder, mountPoint);
    for await (const line of createInterface({ input: holder.stdout! })) if (line === 'mounted') return disk;
    await disk.close();
    return undefined;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Puts a file on it that leaves so much free. */
  fill(leaveBytes: number): void {
    this.relieve();
    writeFileSync(this.#ballast, Buffer.alloc(Math.max(0, this.freeBytes - leaveBytes)));
  }

  /** Takes that file away. */
  relieve(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** A new empty folder on it. */
  makeFolder(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path);
    return path;
  }

  async close(): Promise<void> {
    if (
      this.#holder.pid !== undefined &&
      this.#holder.exitCode === null &&
      this.#holder.signalCode === null
    ) {
      this.#holder.kill('SIGKILL');
      await once(this.#holder, 'exit');
    }
    rmSync(this.#mountPoint, { recursive: true, force: true });
  }

  get #ballast(): string {
    return join(this.folder, 'ballast');
  }
}
