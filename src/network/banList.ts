import { join } from 'node:path';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';
import { subscriberOf } from './peerAddress.ts';

/** Who is kept out, and until when. */
export type Ban = Readonly<{
  /** A peer id, an IP address, or the /64 of IPv6 addresses that one subscriber has. */
  who: string;
  createdSec: number;
  untilSec: number;
  reason: string;
}>;

const FILE_NAME = 'bans.json';
/** The list is bounded: a new ban pushes out the one that ends first. */
const MAX_BANS = 10_000;

/** The bans of this node, kept across restarts. */
export class BanList {
  readonly #path: string;
  readonly #bans: Map<string, Ban>;
  #writing: Promise<void> = Promise.resolve();
  /** A write waits for the one that is under way, and will hold what has changed until it begins. */
  #isWriteDue = false;

  private constructor(path: string, bans: Map<string, Ban>) {
    this.#path = path;
    this.#bans = bans;
  }

  /** A file that cannot be read counts as empty: bans are a convenience, not a reason not to start. `onDamaged` is told. */
  static async open(dataDir: string, onDamaged?: (path: string) => void): Promise<BanList> {
    const path = join(dataDir, FILE_NAME);
    const bans = parseBans(await readFileIfAny(path));
    if (bans === undefined) onDamaged?.(path);
    return new BanList(path, new Map((bans ?? []).map((ban) => [ban.who, ban])));
  }

  /** By itself, or with all addresses of its subscriber. */
  isBanned(who: string): boolean {
    return this.#isListed(who) || this.#isListed(subscriberOf(who));
  }

  #isListed(who: string): boolean {
    const ban = this.#bans.get(who);
    if (ban === undefined) return false;
    if (ban.untilSec > Date.now() / 1000) return true;
    this.#bans.delete(who);
    return false;
  }

  add(who: string, seconds: number, reason: string): void {
    const createdSec = Math.floor(Date.now() / 1000);
    this.#bans.set(who, { who, createdSec, untilSec: createdSec + seconds, reason });
    if (this.#bans.size > MAX_BANS) {
      let first: Ban | undefined;
      for (const ban of this.#bans.values())
        if (first === undefined || ban.untilSec < first.untilSec) first = ban;
      this.#bans.delete(first!.who);
    }
    this.#save();
  }

  /** Whether there was one. */
  remove(who: string): boolean {
    const had = this.#bans.delete(who);
    if (had) this.#save();
    return had;
  }

  list(): Ban[] {
    return [...this.#bans.values()].filter(({ who }) => this.#isListed(who));
  }

  /** Resolves when the last change is on the disk, or could not be written. */
  close(): Promise<void> {
    return this.#writing;
  }

  /** The whole list each time: strangers who have themselves banned by the thousand must not have it written as often. */
  #save(): void {
    if (this.#isWriteDue) return;
    this.#isWriteDue = true;
    this.#writing = this.#writing
      .then(() => {
        this.#isWriteDue = false;
        return writeFileAtomic(this.#path, JSON.stringify(this.list(), null, 1));
      })
      .catch(() => undefined);
  }
}

/** Undefined when the file is not what was written. */
function parseBans(bytes: Uint8Array | undefined): Ban[] | undefined {
  if (bytes === undefined) return [];
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return Array.isArray(value) ? value.filter(isBan).map(withCreation) : undefined;
  } catch {
    return undefined;
  }
}

/** Older files do not say when a ban began. */
function withCreation(ban: Ban): Ban {
  return { ...ban, createdSec: typeof ban.createdSec === 'number' ? ban.createdSec : 0 };
}

function isBan(value: unknown): value is Ban {
  const ban = value as Partial<Ban> | null;
  return typeof ban?.who === 'string' && typeof ban.untilSec === 'number' && typeof ban.reason === 'string';
}
