import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import { ancestorAt } from '../consensus/headerNode.ts';
import type { PeerTable } from './peerTable.ts';

/** Nobody delivers: other peers are asked for their headers, in case they know another chain. */
const SUSPICIOUS_MS = 800;
/** And one of them is tried, if there is one. */
const REPLACED_MS = 1500;
/** There is none, and no request is under way. */
const STARVED_MS = 10_000;
/** There is none, though an answer may still come. */
const PATIENCE_MS = 60_000;
/** It was given up before. */
const AGAIN_MS = 3000;
/** Before a chain that nobody delivers is tried again, and twice as long each time. */
const REST_MS = 5000;
const MAX_REST_MS = 600_000;
/** After so many times nobody waits for it any more. */
const HOPELESS_RESTS = 3;
/** Chains remembered for that. */
const MAX_RESTS = 64;

/**
 * Which header chain to fetch the blocks of: the one with the most work, unless nobody has its blocks. Then the next best
 * is taken, so that headers without blocks, which cost their maker only their own work, cannot hold the node.
 */
export class DownloadTarget {
  readonly #chain: Chain;
  readonly #peers: PeerTable;
  #node: BlockNode | undefined;
  #sinceMs = 0;
  /** Whether blocks of it have come. */
  #hasDelivered = false;
  /** Ends of chains that nobody delivers, and until when they are passed over. */
  readonly #resting = new Map<BlockNode, number>();
  readonly #rests = new Map<BlockNode, number>();
  #isSuspicious = false;

  constructor(chain: Chain, peers: PeerTable) {
    this.#chain = chain;
    this.#peers = peers;
  }

  get node(): BlockNode | undefined {
    return this.#node;
  }

  /** Whether nobody seems to have the blocks of the best chain. */
  get isStarving(): boolean {
    return this.#resting.size > 0 || this.#isSuspicious || this.#isForsaken;
  }

  /** Whoever showed the best headers has gone, and nobody who is there says to have their blocks. */
  get #isForsaken(): boolean {
    const { bestHeader, tip } = this.#chain;
    return bestHeader.chainWork > tip.chainWork && !this.#isClaimed;
  }

  get #isClaimed(): boolean {
    const { bestHeader } = this.#chain;
    return this.#peers.introduced().some(({ chainWork }) => chainWork >= bestHeader.chainWork);
  }

  /** Whether a chain is passed over that may well be had: some peer has sent blocks before, and its line is slow. */
  get isHopeful(): boolean {
    const proven = this.#peers.introduced().filter(({ deliveredBlocks }) => deliveredBlocks > 0);
    for (const node of this.#resting.keys()) {
      const isHopeless = (this.#rests.get(node) ?? 0) >= HOPELESS_RESTS;
      if (!isHopeless && proven.some(({ bestNode }) => bestNode && contains(bestNode, node))) return true;
    }
    return false;
  }

  /** When to look again though nothing happens. */
  get dueMs(): number {
    return Math.min(...this.#resting.values(), this.#node === undefined ? Infinity : this.#nextLookMs());
  }

  /** A block has come. */
  noteDelivered(node: BlockNode, nowMs: number): void {
    const current = this.#node;
    if (current === undefined || !contains(current, node)) return;
    this.#sinceMs = nowMs;
    this.#hasDelivered = true;
    // Whoever delivers is not given up the sooner for having been slow before.
    this.#rests.delete(current);
  }

  /** `isWaiting`: an answer may still bring a block; `isConnecting`: the chain has some in hand. */
  choose(
    nowMs: number,
    { isWaiting, isConnecting }: { isWaiting: boolean; isConnecting: boolean },
  ): BlockNode | undefined {
    for (const [node, untilMs] of this.#resting) if (untilMs <= nowMs) this.#resting.delete(node);
    const current = this.#node;
    // It is our own turn: no reason to suspect anybody.
    if (isConnecting) this.#sinceMs = nowMs;
    const waitedMs = nowMs - this.#sinceMs;
    const isFlowing = waitedMs < SUSPICIOUS_MS;
    this.#isSuspicious = current !== undefined && !isFlowing && this.isWanted(current);
    if (current !== undefined && this.#isSuspicious) {
      const patienceMs = this.#rests.has(current) ? AGAIN_MS : isWaiting ? PATIENCE_MS : STARVED_MS;
      if (waitedMs >= (this.#best(current) === undefined ? patienceMs : REPLACED_MS))
        this.#rest(current, nowMs);
    }
    const best = this.#best();
    if (current !== undefined && best !== undefined && isFlowing && this.#goesOnWith(current, best))
      return current;
    // A chain that only grew by a header is no new chain: it must not begin to be waited for anew.
    if (best !== undefined && (current === undefined || !contains(best, current))) {
      this.#sinceMs = nowMs;
      this.#hasDelivered = false;
    }
    this.#node = best;
    return best;
  }

  /**
   * Headers with more work are no blocks yet. While those of another chain come, they are fetched to its end; those who have
   * shown the better one are asked for that at the same time.
   */
  #goesOnWith(current: BlockNode, best: BlockNode): boolean {
    return this.#hasDelivered && !contains(best, current) && this.isWanted(current);
  }

  #nextLookMs(): number {
    const waits = [SUSPICIOUS_MS, REPLACED_MS, AGAIN_MS, STARVED_MS, PATIENCE_MS];
    const nowMs = Date.now();
    return this.#sinceMs + (waits.find((waitMs) => this.#sinceMs + waitMs > nowMs) ?? Infinity);
  }

  #rest(node: BlockNode, nowMs: number): void {
    const before = this.#rests.get(node) ?? 0;
    this.#rests.delete(node);
    this.#rests.set(node, before + 1);
    if (this.#rests.size > MAX_RESTS) this.#rests.delete(this.#rests.keys().next().value!);
    this.#resting.set(node, nowMs + Math.min(MAX_REST_MS, REST_MS * 2 ** before));
    this.#isSuspicious = false;
  }

  /** The most work, `without` that chain if it is given. */
  #best(without?: BlockNode): BlockNode | undefined {
    const peers = this.#peers.introduced();
    const { bestHeader } = this.#chain;
    const nodes = [...(this.#isClaimed ? [bestHeader] : []), ...peers.map(({ bestNode }) => bestNode)];
    let best: BlockNode | undefined;
    for (const node of nodes) {
      if (node === undefined || !this.isWanted(node)) continue;
      if (without !== undefined && contains(node, without)) continue;
      if (best === undefined || node.chainWork > best.chainWork) best = node;
    }
    return best;
  }

  /** Whether it has more work than our tip, and nothing speaks against it. */
  isWanted(node: BlockNode): boolean {
    if (node.isInvalid || node.chainWork <= this.#chain.tip.chainWork) return false;
    for (const resting of this.#resting.keys()) if (contains(node, resting)) return false;
    return true;
  }
}

/** Whether a block lies on the chain that ends with another. */
export function contains(chainEnd: BlockNode, node: BlockNode): boolean {
  return node.height <= chainEnd.height && ancestorAt(chainEnd, node.height) === node;
}
