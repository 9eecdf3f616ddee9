import type { GossipFrame } from './gossipFrame.ts';
import { TokenBucket } from './tokenBucket.ts';

/** Transactions that a peer may send: an honest one relays 2,000 a second, and 20,000 at once. */
export const GOSSIPED_TRANSACTIONS = { burst: 25_000, perSec: 2500 };
/** Bytes of gossip of a peer: blocks of 3 MB in a row, and transactions. */
export const GOSSIPED_BYTES = { burst: 64_000_000, perSec: 8_000_000 };
/** Before a peer has said who it is. */
export const NAMELESS_BYTES = 4_000_000;
/** Transactions of all peers together: most are the same ones, relayed by a dozen. */
export const ALL_TRANSACTIONS = { burst: 200_000, perSec: 25_000 };
/** When all together send more, a peer that sends no more than this is still heard. */
export const FAIR_TRANSACTIONS = { burst: 500, perSec: 50 };
/** An honest node subscribes to two topics, once. */
export const SUBSCRIPTIONS = { burst: 32, perSec: 1 };
/** Frames without a message, and IHAVE, IWANT, GRAFT, PRUNE: a few with each heartbeat. The burst is a minute of our own stall. */
export const CONTROLS = { burst: 300, perSec: 10 };
/** One for each large message that a peer has got from others. */
export const DONT_WANTS = { burst: 5000, perSec: 500 };
/** The same message of one peer so often: by the mesh, on request, and by a retransmission. */
export const MAX_REPEATS = 4;
/** Messages whose repetition is noticed, and for how long. */
const REMEMBERED = 1024;
const REMEMBERED_MS = 120_000;

/** Held against a peer: for each frame above what an honest node ever sends, and for each message that comes once more. */
export const FLOOD_POINTS = 5;
export const REPEAT_POINTS = 1;
const MAX_REPEAT_POINTS = 20;

/**
 * - `take`: decode it.
 * - `ignore`: more transactions or bytes than we look at, which is no fault: many may be honest.
 * - `flood`: what no honest node sends.
 */
export type Admission = Readonly<{ action: 'take' | 'ignore' | 'flood'; points: number; reason: string }>;

const TAKE: Admission = { action: 'take', points: 0, reason: '' };
const ignored = (reason: string): Admission => ({ action: 'ignore', points: 0, reason });
const flood = (reason: string): Admission => ({ action: 'flood', points: FLOOD_POINTS, reason });

/** How much of one peer's gossip is looked at. */
export class GossipAllowance {
  readonly #all: TokenBucket;
  readonly #transactions: TokenBucket;
  readonly #fair: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #subscriptions: TokenBucket;
  readonly #controls: TokenBucket;
  readonly #dontWants: TokenBucket;
  readonly #seen = new Map<number, number>();
  #seenSinceMs: number;
  #namelessBytes = 0;
  #ignoredAtMs = -Infinity;

  /** `all`: what all peers together may send. */
  constructor(all: TokenBucket, nowMs: number) {
    this.#all = all;
    this.#seenSinceMs = nowMs;
    this.#transactions = new TokenBucket(GOSSIPED_TRANSACTIONS, nowMs);
    this.#fair = new TokenBucket(FAIR_TRANSACTIONS, nowMs);
    this.#bytes = new TokenBucket(GOSSIPED_BYTES, nowMs);
    this.#subscriptions = new TokenBucket(SUBSCRIPTIONS, nowMs);
    this.#controls = new TokenBucket(CONTROLS, nowMs);
    this.#dontWants = new TokenBucket(DONT_WANTS, nowMs);
  }

  /** When something of its was ignored last: what it promised may have been in it. */
  get ignoredAtMs(): number {
    return this.#ignoredAtMs;
  }

  admit(frame: GossipFrame, bytes: number, isNameless: boolean, nowMs: number): Admission {
    const admission = this.#floodIn(frame, nowMs) ?? this.#excessIn(frame, bytes, isNameless, nowMs) ?? TAKE;
    if (admission.action === 'ignore') this.#ignoredAtMs = nowMs;
    return admission;
  }

  #floodIn(frame: GossipFrame, nowMs: number): Admission | undefined {
    const { subscriptions, controls, dontWants, fingerprints, strange } = frame;
    if (subscriptions > 0 && !this.#subscriptions.take(nowMs, subscriptions)) return flood('subscriptions');
    if (dontWants > 0 && !this.#dontWants.take(nowMs, dontWants)) return flood('IDONTWANT');
    const isEmpty = fingerprints.length + subscriptions + dontWants + controls === 0;
    const counted = controls + strange + (isEmpty ? 1 : 0);
    if (counted > 0 && !this.#controls.take(nowMs, counted)) {
      return flood('control messages, empty frames or unknown topics');
    }
    const repeats = this.#countRepeats(fingerprints, nowMs);
    if (repeats === 0 || repeats < fingerprints.length) return undefined;
    const points = Math.min(MAX_REPEAT_POINTS, repeats * REPEAT_POINTS);
    return { action: 'flood', points, reason: 'the same message again and again' };
  }

  #excessIn(
    { transactions, blocks }: GossipFrame,
    bytes: number,
    isNameless: boolean,
    nowMs: number,
  ): Admission | undefined {
    if (isNameless) {
      this.#namelessBytes += bytes;
      if (this.#namelessBytes > NAMELESS_BYTES) return ignored('bytes before its status');
    }
    if (!this.#bytes.isOpen(nowMs)) return ignored('bytes');
    this.#bytes.charge(nowMs, bytes);
    // A block must not be lost among transactions that come in the same frame.
    if (transactions === 0 || (blocks > 0 && transactions <= MAX_BESIDE_BLOCK)) return undefined;
    if (!this.#transactions.isOpen(nowMs)) return ignored('transactions');
    this.#transactions.charge(nowMs, transactions);
    const isFair = this.#fair.take(nowMs, transactions);
    if (!this.#all.isOpen(nowMs) && !isFair) return ignored('transactions of all peers together');
    this.#all.charge(nowMs, transactions);
    return undefined;
  }

  /** How many of these this peer has sent too often. */
  #countRepeats(fingerprints: readonly number[], nowMs: number): number {
    if (nowMs - this.#seenSinceMs > REMEMBERED_MS || nowMs < this.#seenSinceMs) {
      this.#seenSinceMs = nowMs;
      this.#seen.clear();
    }
    let repeats = 0;
    for (const fingerprint of fingerprints) {
      const times = (this.#seen.get(fingerprint) ?? 0) + 1;
      // Set anew, so that what is repeated stays and the rest makes room.
      this.#seen.delete(fingerprint);
      this.#seen.set(fingerprint, times);
      if (times > MAX_REPEATS) repeats++;
    }
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= REMEMBERED) break;
      this.#seen.delete(oldest);
    }
    return repeats;
  }
}

/** Transactions that may come in one frame with a block and not be counted. */
const MAX_BESIDE_BLOCK = 16;
