import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';
import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import { AddressBuckets, type BucketKind, MAX_ADDRESSES } from './addressBuckets.ts';
import { AddressDraw } from './addressDraw.ts';
import {
  isDue,
  isReached,
  isTerrible,
  type KnownAddress,
  newlyHeard,
  readKnownAddress,
} from './knownAddress.ts';
import { isPrivateHost } from './peerAddress.ts';
import { shuffle } from './shuffle.ts';

const FILE_NAME = 'addresses.json';
const SALT_BYTES = 32;
/** Draws from the buckets before what is left is gone through one by one. */
const DRAWS = 64;
/** Without any peer: those met last come before all others. */
const MET_LAST = 8;
/** Addresses that wait for the place of one that may be dead (Bitcoin Core's number is 10). */
const MAX_CONTESTS = 16;
/** A table of more than so many is written at most every five minutes: it is megabytes then, and changes all the time. */
const SMALL_TABLE = 1000;
const SAVE_LARGE_MS = 300_000;
/** That an address is told of again is noted, and written, no more often. */
const HEARD_AGAIN_SEC = 3600;
export const ANCHORS = 2;
const MAX_KEPT = 64;

/** What is in the file. */
type Stored = {
  salt: string;
  anchors: string[];
  kept: string[];
  new: unknown[];
  tried: unknown[];
};

/**
 * The addresses that outlive the seeds: all that the bootstrap list, DNS and other peers told of, `new` until a dial has
 * ended there, then `tried`. Bounded, salted, and kept on the disk; read by the dial loop and by `peers/1`.
 */
export class AddressTable {
  readonly #path: string;
  readonly #salt: Uint8Array;
  readonly #buckets: AddressBuckets;
  readonly #known = new Map<string, KnownAddress>();
  /** Addresses that were met, and whom of a full bucket they would replace: that one is dialled first. */
  readonly #contests = new Map<string, string>();
  #anchors: readonly string[];
  #kept: readonly string[];
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #hasChanged = false;
  #savedAtMs = 0;
  readonly #draw = new AddressDraw();

  private constructor(path: string, stored: Stored) {
    this.#path = path;
    this.#salt = hexToBytes(stored.salt);
    this.#buckets = new AddressBuckets(this.#salt);
    this.#anchors = stored.anchors.slice(0, ANCHORS);
    this.#kept = stored.kept.slice(0, MAX_KEPT);
    for (const kind of ['new', 'tried'] as const) {
      for (const value of stored[kind].slice(0, MAX_ADDRESSES)) {
        const known = readKnownAddress(value);
        if (known !== undefined && this.#buckets.place(known, kind)) this.#known.set(known.address, known);
      }
    }
  }

  /** A file that cannot be read counts as empty: the seeds will help. `onDamaged` is told. */
  static async open(dataDir: string, onDamaged?: (path: string) => void): Promise<AddressTable> {
    const path = join(dataDir, FILE_NAME);
    const bytes = await readFileIfAny(path);
    const stored = bytes && parseStored(bytes);
    if (bytes !== undefined && stored === undefined) onDamaged?.(path);
    const empty = { salt: bytesToHex(randomBytes(SALT_BYTES)), anchors: [], kept: [], new: [], tried: [] };
    return new AddressTable(path, stored ?? empty);
  }

  get size(): number {
    return this.#known.size;
  }

  /** How many were told of, and how many of those met. */
  counts(): Record<BucketKind, number> {
    let tried = 0;
    for (const address of this.#known.keys()) if (this.#buckets.kindOf(address) === 'tried') tried++;
    return { new: this.#known.size - tried, tried };
  }

  get(address: string): KnownAddress | undefined {
    return this.#known.get(address);
  }

  kindOf(address: string): BucketKind | undefined {
    return this.#buckets.kindOf(address);
  }

  /** Somebody at the host `source` told of it. Whether it was news that we had room for. @throws PeerAddressError */
  hear(address: string, source: string, nowSec: number): boolean {
    const before = this.#known.get(address);
    if (before !== undefined) {
      if (nowSec - before.heardSec >= HEARD_AGAIN_SEC) this.#put({ ...before, heardSec: nowSec });
      return false;
    }
    const known = newlyHeard(address, source, nowSec);
    if (!this.#makeRoom(known, 'new', nowSec)) return false;
    this.#buckets.place(known, 'new');
    this.#put(known);
    return true;
  }

  /** A dial ended at this peer, at this address. @throws PeerAddressError */
  succeed(address: string, nowSec: number): void {
    const before = this.#known.get(address) ?? newlyHeard(address, '', nowSec);
    const isUp = before.failures === 0 && before.upSinceSec > 0;
    const known = {
      ...before,
      triedSec: nowSec,
      succeededSec: nowSec,
      upSinceSec: isUp ? before.upSinceSec : nowSec,
      failures: 0,
    };
    for (const [newcomer, occupant] of this.#contests) {
      if (newcomer === address || occupant === address) this.#contests.delete(newcomer);
    }
    if (this.#buckets.kindOf(address) === 'tried' || this.#makeRoom(known, 'tried', nowSec)) {
      this.#buckets.place(known, 'tried');
      this.#put(known);
      return;
    }
    if (this.#buckets.kindOf(address) === undefined && !this.#makeRoom(known, 'new', nowSec)) return;
    this.#buckets.place(known, 'new');
    this.#put(known);
    this.#contest(known);
  }

  /** A dial failed. */
  fail(address: string, nowSec: number): void {
    const known = this.#known.get(address);
    if (known === undefined) return;
    this.#put({ ...known, triedSec: nowSec, failures: known.failures + 1 });
    for (const [newcomer, occupant] of this.#contests) {
      if (occupant !== address) continue;
      this.#contests.delete(newcomer);
      this.remove(occupant);
      const next = this.#known.get(newcomer);
      if (next !== undefined) this.#buckets.place(next, 'tried');
    }
  }

  /** It was dialled while nobody answered: a failure says more about our own line, so none is counted. */
  tried(address: string, nowSec: number): void {
    const known = this.#known.get(address);
    if (known !== undefined) this.#put({ ...known, triedSec: nowSec });
  }

  /** It is not what it seemed to be. */
  remove(address: string): void {
    this.#buckets.remove(address);
    for (const [newcomer, occupant] of this.#contests) {
      if (newcomer === address || occupant === address) this.#contests.delete(newcomer);
    }
    if (!this.#known.delete(address)) return;
    this.#hasChanged = true;
    this.#draw.renew();
  }

  /**
   * Addresses that may be dialled now, in the order to try them: drawn half from those met and half from the others, every
   * bucket alike. Without any peer, the last ones that we met come first.
   */
  *candidates(nowSec: number, isLonely: boolean): Generator<KnownAddress> {
    const given = new Set<string>();
    const take = (address: string | undefined): KnownAddress | undefined => {
      const known = address === undefined ? undefined : this.#known.get(address);
      if (known === undefined || given.has(known.address) || !isDue(known, nowSec, isLonely))
        return undefined;
      given.add(known.address);
      return known;
    };
    const first = isLonely ? [...this.#anchors, ...this.#metLast()] : [];
    const draws = Array.from({ length: DRAWS }, () => this.#drawAny());
    for (const address of [...first, ...draws]) {
      const known = take(address);
      if (known !== undefined) yield known;
    }
    for (const address of shuffle([...this.#known.keys()])) {
      const known = take(address);
      if (known !== undefined) yield known;
    }
  }

  /**
   * Addresses to be dialled only to see whether they are true: by turns one whose answer another one's place depends on, and
   * one that nobody has reached lately. So whoever shows ever more of his own is not all that we look at.
   */
  toVerify(
    nowSec: number,
    max: number,
    staleSec: number,
    isExcluded: (known: KnownAddress) => boolean = () => false,
  ): KnownAddress[] {
    const fits = (known: KnownAddress | undefined): known is KnownAddress =>
      known !== undefined && isDue(known, nowSec, false) && !isExcluded(known);
    const contested = [...new Set(this.#contests.values())].map((address) => this.#known.get(address));
    const drawn: (KnownAddress | undefined)[] = [];
    for (let draw = 0; draw < DRAWS; draw++) {
      for (const kind of ['new', 'tried'] as const) {
        const known = this.#known.get(this.#buckets.draw(kind) ?? '');
        if (known !== undefined && Math.abs(nowSec - known.succeededSec) >= staleSec) drawn.push(known);
      }
    }
    const [first, second] = shuffle([contested.filter(fits), drawn.filter(fits)]) as [
      KnownAddress[],
      KnownAddress[],
    ];
    const turns = Array.from({ length: max }, (_, turn) => [
      ...first.slice(turn, turn + 1),
      ...second.slice(turn, turn + 1),
    ]);
    return [...new Set(turns.flat())].slice(0, max);
  }

  /**
   * Addresses for another node: only such as we have reached ourselves, and private ones only for those that are private
   * too; no names, which may lead to such. Who has been up for long has more tickets in the draw. All who ask within a minute are told the same, so that
   * nobody learns the whole table, or who our neighbours are, by asking again and again.
   */
  share(max: number, options: { toPrivate: boolean; except: string; nowSec: number }): KnownAddress[] {
    const { toPrivate, except, nowSec } = options;
    return this.#draw
      .drawn(this.#known, nowSec)
      .filter(
        ({ peerId, host }) => peerId !== except && isIP(host) !== 0 && (toPrivate || !isPrivateHost(host)),
      )
      .slice(0, max);
  }

  /** Outbound peers of the last run that had been with us for long: dialled first, lest a restart be a way to isolate us. */
  get anchors(): readonly string[] {
    return this.#anchors;
  }

  setAnchors(addresses: readonly string[]): void {
    const anchors = addresses.slice(0, ANCHORS);
    if (anchors.join() === this.#anchors.join()) return;
    this.#anchors = anchors;
    this.#hasChanged = true;
  }

  /** Peers that a person added, as typed: kept connected for ever. */
  get kept(): readonly string[] {
    return this.#kept;
  }

  setKept(addresses: readonly string[]): void {
    this.#kept = addresses.slice(0, MAX_KEPT);
    this.#hasChanged = true;
  }

  /**
   * Writes the table when it has changed; a large one not each time, unless it is the last. One write at a time: strangers
   * make it change faster than a disk may take it. A disk that takes nothing costs only what is remembered.
   */
  save(isLast = false): Promise<void> {
    const waitMs = isLast || this.size <= SMALL_TABLE ? 0 : SAVE_LARGE_MS;
    // A clock set back must not keep it from being written for years.
    if (!this.#hasChanged || Math.abs(Date.now() - this.#savedAtMs) < waitMs) return this.#writing;
    if (this.#isWriting && !isLast) return this.#writing;
    this.#isWriting = true;
    this.#hasChanged = false;
    this.#savedAtMs = Date.now();
    const of = (kind: BucketKind) =>
      [...this.#known.values()]
        .filter(({ address }) => this.#buckets.kindOf(address) === kind)
        .map(({ host: _host, peerId: _peerId, ...stored }) => stored);
    const stored: Stored = {
      salt: bytesToHex(this.#salt),
      anchors: [...this.#anchors],
      kept: [...this.#kept],
      new: of('new'),
      tried: of('tried'),
    };
    const text = JSON.stringify(stored, null, 1);
    this.#writing = this.#writing
      .then(() => writeFileAtomic(this.#path, text))
      .catch(() => undefined)
      .finally(() => {
        this.#isWriting = false;
      });
    return this.#writing;
  }

  #metLast(): string[] {
    return [...this.#known.values()]
      .filter(({ succeededSec }) => succeededSec > 0)
      .sort((a, b) => b.succeededSec - a.succeededSec)
      .slice(0, MET_LAST)
      .map(({ address }) => address);
  }

  #drawAny(): string | undefined {
    const kind = Math.random() < 0.5 ? 'new' : 'tried';
    return this.#buckets.draw(kind) ?? this.#buckets.draw(kind === 'new' ? 'tried' : 'new');
  }

  /** Whether its bucket has room, after one that is of no use any more has left. */
  #makeRoom(known: KnownAddress, kind: BucketKind, nowSec: number): boolean {
    const crowd = this.#buckets.crowd(known, kind);
    if (crowd.length === 0) return true;
    const terrible = crowd.find((address) => isTerrible(this.#known.get(address)!, nowSec));
    if (terrible === undefined) return false;
    this.remove(terrible);
    return true;
  }

  #put(known: KnownAddress): void {
    this.#hasChanged = true;
    const before = this.#known.get(known.address);
    if (isReached(known) !== (before !== undefined && isReached(before))) this.#draw.renew();
    this.#known.set(known.address, known);
  }

  /**
   * Its bucket of those met is full of others. The one that has not been met for the longest is dialled before it has to go,
   * so that nobody drives living addresses out by showing us many of his own.
   */
  #contest(known: KnownAddress): void {
    if (this.#contests.size >= MAX_CONTESTS) return;
    const crowd = this.#buckets.crowd(known, 'tried').map((address) => this.#known.get(address)!);
    const [oldest] = crowd.sort((a, b) => a.succeededSec - b.succeededSec);
    if (oldest !== undefined) this.#contests.set(known.address, oldest.address);
  }
}

/** Undefined when the file is not what was written. */
function parseStored(bytes: Uint8Array): Stored | undefined {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<Stored> | null;
    const { salt, anchors, kept } = value ?? {};
    const areTexts = [anchors, kept].every(
      (list) => Array.isArray(list) && list.every((text) => typeof text === 'string'),
    );
    const areLists = Array.isArray(value?.new) && Array.isArray(value.tried);
    if (typeof salt !== 'string' || hexToBytes(salt).length !== SALT_BYTES || !areTexts || !areLists)
      return undefined;
    return value as Stored;
  } catch {
    return undefined;
  }
}
