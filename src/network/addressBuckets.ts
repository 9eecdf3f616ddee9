import { sha256 } from '../bytes/sha256.ts';
import type { KnownAddress } from './knownAddress.ts';
import { addressGroup } from './peerAddress.ts';

const BUCKET_SIZE = 64;
const NEW_BUCKETS = 256;
const TRIED_BUCKETS = 64;
/** Buckets that all that one address group tells may fill. */
const NEW_BUCKETS_A_SOURCE = 16;
/** Buckets that the addresses of one group may fill, once met. */
const TRIED_BUCKETS_A_GROUP = 4;

export type BucketKind = 'new' | 'tried';

/** The most addresses that a table holds. */
export const MAX_ADDRESSES = (NEW_BUCKETS + TRIED_BUCKETS) * BUCKET_SIZE;

/**
 * The places for addresses, as in Bitcoin's addrman (`src/addrman.h`): which bucket an address belongs to follows from its
 * group, from who told of it, and from a secret of this node. So whoever owns one network, or tells lies from there, fills
 * a few buckets and never all, and cannot know which. Unlike there, a bucket is a set and not a row of fixed places: a
 * network of ten nodes would lose some of them to chance.
 */
export class AddressBuckets {
  readonly #salt: Uint8Array;
  readonly #buckets: Record<BucketKind, Map<number, Set<string>>> = { new: new Map(), tried: new Map() };
  readonly #places = new Map<string, { kind: BucketKind; bucket: Set<string> }>();

  /** `salt`: 32 random bytes, the same for as long as the table lives. */
  constructor(salt: Uint8Array) {
    this.#salt = salt;
  }

  kindOf(address: string): BucketKind | undefined {
    return this.#places.get(address)?.kind;
  }

  /** Who is in the bucket that it belongs to, when that is full: one of them has to go first. Empty: there is room. */
  crowd(known: KnownAddress, kind: BucketKind): string[] {
    const bucket = this.#buckets[kind].get(this.#bucketOf(known, kind));
    return bucket !== undefined && bucket.size >= BUCKET_SIZE ? [...bucket] : [];
  }

  /** Puts it there, or moves it, when there is room. Whether there was. */
  place(known: KnownAddress, kind: BucketKind): boolean {
    const number = this.#bucketOf(known, kind);
    const bucket = this.#buckets[kind].get(number) ?? new Set();
    if (bucket.has(known.address)) return true;
    if (bucket.size >= BUCKET_SIZE) return false;
    this.remove(known.address);
    this.#buckets[kind].set(number, bucket.add(known.address));
    this.#places.set(known.address, { kind, bucket });
    return true;
  }

  remove(address: string): void {
    const place = this.#places.get(address);
    place?.bucket.delete(address);
    this.#places.delete(address);
  }

  /** One of an arbitrary bucket: that an attacker fills one of them to the brim makes its share no larger. */
  draw(kind: BucketKind): string | undefined {
    const filled = [...this.#buckets[kind].values()].filter(({ size }) => size > 0);
    const bucket = filled[Math.floor(Math.random() * filled.length)];
    return bucket && [...bucket][Math.floor(Math.random() * bucket.size)];
  }

  #bucketOf(known: KnownAddress, kind: BucketKind): number {
    const group = addressGroup(known.host);
    if (kind === 'tried') {
      const shard = this.#number('tried', known.address) % TRIED_BUCKETS_A_GROUP;
      return this.#number('tried group', group, String(shard)) % TRIED_BUCKETS;
    }
    const source = addressGroup(known.source);
    const shard = this.#number('new', source, group) % NEW_BUCKETS_A_SOURCE;
    return this.#number('new source', source, String(shard)) % NEW_BUCKETS;
  }

  #number(...words: readonly string[]): number {
    const digest = sha256(Buffer.concat([this.#salt, Buffer.from(words.join('\n'), 'utf8')]));
    return new DataView(digest.buffer, digest.byteOffset).getUint32(0, true);
  }
}
