import { statfs } from 'node:fs/promises';
import { DiskError } from './storeErrors.ts';

/** Kept free by default. LevelDB moves up to some 50 MB at a time, and what else runs on the machine wants room too. */
export const DEFAULT_MIN_FREE_MB = 300;
/** A warning comes with so many times as much free: at 300 MB that is a day and a half of full blocks before the stop. */
const WARNING_FACTOR = 5;
/** The system is asked again after so long, or when a sixteenth of what is kept free may have been written. */
const LOOK_MS = 5000;
const LOOK_SHARE = 16;
const MB = 1_000_000;

/**
 * Watches how much is free on the disk of the data directory: a warning first, then an end in good order, while there is
 * room for it. Asked before every commit, so that blocks that come by the dozen are not faster than a timer.
 */
export class DiskSpace {
  readonly #folder: string;
  readonly #minFreeMb: number;
  #freeMb = Number.POSITIVE_INFINITY;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #writtenMb = 0;

  /** @param minFreeMb 0: nothing is watched */
  constructor(folder: string, minFreeMb: number) {
    this.#folder = folder;
    this.#minFreeMb = minFreeMb;
  }

  /** As of the last look; undefined when nothing is watched. */
  get freeBytes(): number | undefined {
    return Number.isFinite(this.#freeMb) ? this.#freeMb * MB : undefined;
  }

  /** To be called before so many bytes are written. @throws DiskError when too little is free */
  async expectRoom(bytes: number): Promise<void> {
    this.#writtenMb += bytes / MB;
    const isDue = performance.now() - this.#lookedAtMs >= LOOK_MS;
    if (isDue || this.#writtenMb * LOOK_SHARE >= this.#minFreeMb) await this.look();
    if (this.#freeMb - bytes / MB < this.#minFreeMb) throw this.#error();
  }

  /** Asks the system now. @throws DiskError when too little is free */
  async look(): Promise<void> {
    if (this.#minFreeMb === 0) return;
    this.#writtenMb = 0;
    this.#lookedAtMs = performance.now();
    const { bavail, bsize } = await statfs(this.#folder);
    this.#freeMb = (bavail * bsize) / MB;
    if (this.#freeMb < this.#minFreeMb) throw this.#error();
  }

  /** What the owner should know, while it is not too late. */
  warning(): string | undefined {
    if (this.#freeMb >= this.#minFreeMb * WARNING_FACTOR) return undefined;
    return `Only ${Math.floor(this.#freeMb)} MB are free for ${this.#folder}: the node stops when it is less than ${this.#minFreeMb} MB.`;
  }

  #error(): DiskError {
    return new DiskError(
      `${this.#folder} has ${Math.floor(this.#freeMb)} MB free, and ${this.#minFreeMb} MB are kept free (--min-free-space)`,
    );
  }
}
