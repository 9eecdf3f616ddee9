import { join } from 'node:path';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';
import { addressGroup, hostOf, isPrivateHost, PeerAddressError, parsePeerAddress } from './peerAddress.ts';

/** In memory the host is kept beside the text: reading a multiaddr is dear, and strangers may ask for many. */
type Entry = KnownPeer & Readonly<{ host: string }>;

/** A node that we know of, whether or not we are connected to it. */
export type KnownPeer = Readonly<{
  peerId: string;
  /** Text of the multiaddr, with the peer id. */
  address: string;
  /** When we last spoke to it, or 0: somebody told us of it. Seconds since 1970. */
  lastSeenSec: number;
  /** When we last dialled it, or 0. */
  lastTriedSec: number;
  /** Dials that failed since one succeeded. */
  failures: number;
}>;

const FILE_NAME = 'peers.json';
const MAX_PEERS = 2000;
/** Of peers that nobody of us has spoken to, so that one liar cannot fill the book from one network. */
const MAX_HEARD_OF_A_GROUP = 64;
/** After so many failures in a row a peer that never answered is forgotten; one that did is kept longer. */
const MAX_FAILURES = 5;
const MAX_FAILURES_OF_SEEN = 20;
/** Not spoken of to others when we have not met it for so long. */
const FRESH_SEC = 3 * 24 * 3600;
const MAX_RETRY_SEC = 600;
const LONELY_RETRY_SEC = 10;

/** The addresses that outlive the seeds: bounded, kept on the disk, asked by the dial loop and by `peers/1`. */
export class AddressBook {
  readonly #path: string;
  readonly #peers = new Map<string, Entry>();
  #writing: Promise<void> = Promise.resolve();
  #changed = false;

  private constructor(path: string, peers: readonly KnownPeer[]) {
    this.#path = path;
    for (const peer of peers) this.#peers.set(peer.peerId, { ...peer, host: hostOfText(peer.address) });
  }

  /** A file that cannot be read counts as empty: the seeds will help. `onDamaged` is told. */
  static async open(dataDir: string, onDamaged?: (path: string) => void): Promise<AddressBook> {
    const path = join(dataDir, FILE_NAME);
    const peers = parsePeers(await readFileIfAny(path));
    if (peers === undefined) onDamaged?.(path);
    return new AddressBook(path, peers ?? []);
  }

  get size(): number {
    return this.#peers.size;
  }

  get(peerId: string): KnownPeer | undefined {
    return this.#peers.get(peerId);
  }

  /** Somebody told us of it. What we found out ourselves is worth more and stays. */
  hear(peerId: string, address: string): void {
    if (this.#peers.has(peerId)) return;
    const host = hostOfText(address);
    const group = addressGroup(host);
    if (!isPrivateHost(host)) {
      const same = [...this.#peers.values()].filter(
        (peer) => peer.lastSeenSec === 0 && addressGroup(peer.host) === group,
      );
      if (same.length >= MAX_HEARD_OF_A_GROUP) return;
    }
    this.#put({ peerId, address, host, lastSeenSec: 0, lastTriedSec: 0, failures: 0 });
  }

  /** We spoke to it at this address. */
  see(peerId: string, address: string, nowSec: number): void {
    const lastTriedSec = this.#peers.get(peerId)?.lastTriedSec ?? 0;
    this.#put({ peerId, address, host: hostOfText(address), lastSeenSec: nowSec, lastTriedSec, failures: 0 });
  }

  /** A dial failed. */
  fail(peerId: string, nowSec: number): void {
    const known = this.#peers.get(peerId);
    if (known === undefined) return;
    const failures = known.failures + 1;
    const isHopeless = failures >= (known.lastSeenSec === 0 ? MAX_FAILURES : MAX_FAILURES_OF_SEEN);
    if (isHopeless) this.remove(peerId);
    else this.#put({ ...known, failures, lastTriedSec: nowSec });
  }

  /** It was dialled while nobody answered: a failure says more about our own line, so none is counted. */
  tried(peerId: string, nowSec: number): void {
    const known = this.#peers.get(peerId);
    if (known !== undefined) this.#put({ ...known, lastTriedSec: nowSec });
  }

  remove(peerId: string): void {
    if (this.#peers.delete(peerId)) this.#changed = true;
  }

  /** Peers that may be dialled now, the best first: met lately, few failures. Without any peer none rests for long. */
  candidates(nowSec: number, isLonely = false): KnownPeer[] {
    const restSec = (failures: number) => (isLonely ? LONELY_RETRY_SEC : retryAfterSec(failures));
    return [...this.#peers.values()]
      .filter(({ failures, lastTriedSec }) => nowSec - lastTriedSec >= restSec(failures))
      .sort((a, b) => a.failures - b.failures || b.lastSeenSec - a.lastSeenSec);
  }

  /**
   * Addresses for another node: only of peers that we have spoken to, and private ones only for those that are private
   * themselves. A random choice, so that nobody learns who our neighbours are by asking twice.
   */
  share(max: number, options: { toPrivate: boolean; except: string; nowSec: number }): KnownPeer[] {
    const known = [...this.#peers.values()].filter(
      ({ peerId, host, lastSeenSec }) =>
        peerId !== options.except &&
        options.nowSec - lastSeenSec < FRESH_SEC &&
        (options.toPrivate || !isPrivateHost(host)),
    );
    return shuffle(known).slice(0, max);
  }

  /** Writes the book when it has changed. */
  save(): Promise<void> {
    if (!this.#changed) return this.#writing;
    this.#changed = false;
    const text = JSON.stringify(
      [...this.#peers.values()].map(({ host: _, ...peer }) => peer),
      null,
      1,
    );
    this.#writing = this.#writing.then(() => writeFileAtomic(this.#path, text)).catch(() => undefined);
    return this.#writing;
  }

  #put(peer: Entry): void {
    this.#changed = true;
    this.#peers.set(peer.peerId, peer);
    if (this.#peers.size <= MAX_PEERS) return;
    let worst = peer;
    for (const other of this.#peers.values()) {
      const isWorse = other.failures - worst.failures || worst.lastSeenSec - other.lastSeenSec;
      if (isWorse > 0) worst = other;
    }
    this.#peers.delete(worst.peerId);
  }
}

/** 15 s after the first failure, then twice as long each time. */
function retryAfterSec(failures: number): number {
  return failures === 0 ? 0 : Math.min(MAX_RETRY_SEC, 15 * 2 ** (failures - 1));
}

function hostOfText(address: string): string {
  const parsed = parsePeerAddress(address);
  return parsed.kind === 'dnsaddr' ? parsed.host : hostOf(parsed.multiaddr);
}

export function shuffle<T>(items: readonly T[]): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

/** Undefined when the file is not what was written. */
function parsePeers(bytes: Uint8Array | undefined): KnownPeer[] | undefined {
  if (bytes === undefined) return [];
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return Array.isArray(value) ? value.filter(isKnownPeer).slice(0, MAX_PEERS) : undefined;
  } catch {
    return undefined;
  }
}

function isKnownPeer(value: unknown): value is KnownPeer {
  const peer = value as Partial<KnownPeer> | null;
  const numbers = [peer?.lastSeenSec, peer?.lastTriedSec, peer?.failures];
  if (typeof peer?.peerId !== 'string' || typeof peer.address !== 'string') return false;
  if (!numbers.every(Number.isFinite)) return false;
  try {
    return parsePeerAddress(peer.address).peerId === peer.peerId;
  } catch (error) {
    if (error instanceof PeerAddressError) return false;
    throw error;
  }
}
