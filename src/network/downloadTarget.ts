import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import { ancestorAt } from '../consensus/headerNode.ts';
import type { PeerTable } from './peerTable.ts';

/** Nobody delivers, and no request is under way: after that another chain is tried. */
const STARVED_MS = 10_000;
/** Nobody delivers, though an answer may still come. */
const PATIENCE_MS = 60_000;
/** Before a chain that nobody delivers is tried again. */
const REST_MS = 30_000;

/**
 * Which header chain to fetch the blocks of: the one with the most work, unless nobody has its blocks. Then the next best
 * is taken, so that headers without blocks, which cost their maker only their own work, cannot hold the node.
 */
export class DownloadTarget {
  readonly #chain: Chain;
  readonly #peers: PeerTable;
  #node: BlockNode | undefined;
  #sinceMs = 0;
  /** Ends of chains that nobody delivers, and until when they are passed over. */
  readonly #resting = new Map<BlockNode, number>();

  constructor(chain: Chain, peers: PeerTable) {
    this.#chain = chain;
    this.#peers = peers;
  }

  get node(): BlockNode | undefined {
    return this.#node;
  }

  /** Whether a chain is passed over because nobody has its blocks. */
  get isStarving(): boolean {
    return this.#resting.size > 0;
  }

  /** When to look again though nothing happens. */
  get dueMs(): number {
    return Math.min(
      ...this.#resting.values(),
      this.#node === undefined ? Infinity : this.#sinceMs + STARVED_MS,
    );
  }

  /** `deliveredAtMs` is when the last block came; `isWaiting` whether an answer may still bring one. */
  choose(nowMs: number, deliveredAtMs: number, isWaiting: boolean): BlockNode | undefined {
    for (const [node, untilMs] of this.#resting) if (untilMs <= nowMs) this.#resting.delete(node);
    this.#sinceMs = Math.max(this.#sinceMs, deliveredAtMs);
    const current = this.#node;
    const patienceMs = isWaiting ? PATIENCE_MS : STARVED_MS;
    if (current !== undefined && nowMs - this.#sinceMs >= patienceMs && this.#isWanted(current)) {
      this.#resting.set(current, nowMs + REST_MS);
    }
    const next = this.#best();
    // A chain that only grew by a header is no new chain: it must not begin to be waited for anew.
    if (next !== undefined && (current === undefined || !contains(next, current))) this.#sinceMs = nowMs;
    this.#node = next;
    return next;
  }

  #best(): BlockNode | undefined {
    const nodes = [this.#chain.bestHeader, ...this.#peers.introduced().map(({ bestNode }) => bestNode)];
    let best: BlockNode | undefined;
    for (const node of nodes) {
      if (node === undefined || !this.#isWanted(node)) continue;
      if (best === undefined || node.chainWork > best.chainWork) best = node;
    }
    return best;
  }

  #isWanted(node: BlockNode): boolean {
    if (node.isInvalid || node.chainWork <= this.#chain.tip.chainWork) return false;
    for (const resting of this.#resting.keys()) if (contains(node, resting)) return false;
    return true;
  }
}

/** Whether a block lies on the chain that ends with another. */
export function contains(chainEnd: BlockNode, node: BlockNode): boolean {
  return node.height <= chainEnd.height && ancestorAt(chainEnd, node.height) === node;
}
