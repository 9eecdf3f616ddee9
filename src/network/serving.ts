import type { Protocol } from '../../protocols/protocol.ts';
import type { Peer } from './peer.ts';
import { Places } from './places.ts';
import { TokenBucket } from './tokenBucket.ts';

/** Bytes that one peer may take: more than the 16 MB/s that it is entitled to. */
export const SERVED_BYTES = { burst: 64_000_000, perSec: 32_000_000 };
/** What all peers together may take, so that serving leaves time for everything else. */
export const ALL_SERVED_BYTES = { burst: 256_000_000, perSec: 128_000_000 };
/** When others take all of it, who takes no more than this is served all the same; and so many requests of each protocol. */
export const FAIR_BYTES = { burst: 16_000_000, perSec: 2_000_000 };
export const FAIR_REQUESTS = { burst: 10, perSec: 1 };
/** Requests above a peer's own limits that are answered with RATE_LIMITED and nothing else; each one more costs a point. */
export const REFUSALS = { burst: 400, perSec: 10 };
/** Why a request is not answered. `isExcess`: the peer has gone on for too long after it was told so. */
export type Refusal = Readonly<{ message: string; isExcess: boolean }>;

/** What one peer has taken. */
class Share {
  readonly bytes: TokenBucket;
  readonly fairBytes: TokenBucket;
  readonly refusals: TokenBucket;
  readonly requests = new Map<string, { own: TokenBucket; fair: TokenBucket; open: number }>();

  constructor(nowMs: number) {
    this.bytes = new TokenBucket(SERVED_BYTES, nowMs);
    this.fairBytes = new TokenBucket(FAIR_BYTES, nowMs);
    this.refusals = new TokenBucket(REFUSALS, nowMs);
  }
}

/** Who is served how much: limits for each peer, limits for all together, and a fair share of these for everybody. */
export class Serving {
  readonly #bytes = new TokenBucket(ALL_SERVED_BYTES, Date.now());
  readonly #shares = new WeakMap<Peer, Share>();
  readonly #requests = new Map<string, TokenBucket>();
  readonly #places = new Map<string, Places>();

  /** Undefined to let the request in; then `leave` is called once with the same `end`. */
  enter(peer: Peer, protocol: Protocol<never, never>, end: () => void, nowMs: number): Refusal | undefined {
    const share = this.#shareOf(peer, nowMs);
    const used = this.#usedOf(share, protocol, nowMs);
    const own = this.#ownRefusal(share, used, protocol, nowMs);
    if (own !== undefined) return { message: own, isExcess: !share.refusals.take(nowMs) };
    const isFair = used.fair.take(nowMs);
    const all = this.#allOf(protocol, nowMs);
    if (!all.isOpen(nowMs) && !isFair) return { message: 'too many ask at once', isExcess: false };
    if (!this.#placesOf(protocol).enter(peer, end, nowMs))
      return { message: 'too many are being answered', isExcess: false };
    all.charge(nowMs, 1);
    used.open++;
    return undefined;
  }

  leave(peer: Peer | undefined, protocol: Protocol<never, never>, end: () => void, nowMs: number): void {
    this.#placesOf(protocol).leave(end, nowMs);
    const used = peer && this.#shares.get(peer)?.requests.get(protocol.name);
    if (used) used.open = Math.max(0, used.open - 1);
  }

  /** So many bytes of an answer have been taken. */
  taken(protocol: Protocol<never, never>, end: () => void, bytes: number): void {
    this.#placesOf(protocol).taken(end, bytes);
  }

  /** So many bytes are to go to a peer. False: it has had its share for now. */
  charge(peer: Peer, bytes: number, nowMs: number): boolean {
    const share = this.#shareOf(peer, nowMs);
    if (!this.#mayTake(share, nowMs)) return false;
    share.bytes.charge(nowMs, bytes);
    share.fairBytes.charge(nowMs, bytes);
    this.#bytes.charge(nowMs, bytes);
    return true;
  }

  #ownRefusal(
    share: Share,
    used: { own: TokenBucket; open: number },
    { limits }: Protocol<never, never>,
    nowMs: number,
  ): string | undefined {
    if (!this.#mayTake(share, nowMs)) return 'enough bytes for now: ask again in a second';
    if (used.open >= limits.streamsPerPeer) return `${limits.streamsPerPeer} requests at a time`;
    if (used.own.take(nowMs)) return undefined;
    return limits.requestsPerSec < 1 ? 'once a minute' : `${limits.requestsPerSec} requests a second`;
  }

  #mayTake(share: Share, nowMs: number): boolean {
    return share.bytes.isOpen(nowMs) && (this.#bytes.isOpen(nowMs) || share.fairBytes.isOpen(nowMs));
  }

  #shareOf(peer: Peer, nowMs: number): Share {
    const known = this.#shares.get(peer);
    if (known !== undefined) return known;
    const share = new Share(nowMs);
    this.#shares.set(peer, share);
    return share;
  }

  #usedOf(share: Share, { name, limits }: Protocol<never, never>, nowMs: number) {
    const known = share.requests.get(name);
    if (known !== undefined) return known;
    const own = new TokenBucket({ burst: limits.requestBurst, perSec: limits.requestsPerSec }, nowMs);
    const used = { own, fair: new TokenBucket(FAIR_REQUESTS, nowMs), open: 0 };
    share.requests.set(name, used);
    return used;
  }

  #allOf({ name, limits }: Protocol<never, never>, nowMs: number): TokenBucket {
    const known = this.#requests.get(name);
    if (known !== undefined) return known;
    const perSec = limits.requestsPerSecInAll;
    const bucket = new TokenBucket({ burst: Math.max(perSec, MAX_PEERS), perSec }, nowMs);
    this.#requests.set(name, bucket);
    return bucket;
  }

  #placesOf({ name, limits }: Protocol<never, never>): Places {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const places = new Places(limits.streamsInAll);
    this.#places.set(name, places);
    return places;
  }
}

/** As many peers as a node may have: all of them may ask at once, say when it has come back. */
const MAX_PEERS = 300;
