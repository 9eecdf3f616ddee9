import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import { contains } from './downloadTarget.ts';
import type { Peer } from './peer.ts';

/** How far ahead of what is here blocks are fetched: of the chain that all are asked for, and of any other. */
const MAX_AHEAD = 4096;
const MAX_AHEAD_OF_OTHERS = 256;
/** More than there can be peers. */
const MAX_LISTS = 400;

/**
 * What is still to be asked for of the chains that peers have. Peers may be on different chains: one whose blocks nobody has
 * must not keep those of another from coming (as in Bitcoin Core, where each peer is asked for its own).
 */
export class MissingBlocks {
  readonly #chain: Chain;
  readonly #isTaken: (node: BlockNode) => boolean;
  /** By the end of the chain: lowest first. */
  readonly #lists = new Map<BlockNode, BlockNode[]>();

  /** `isTaken`: asked for, or here. */
  constructor(chain: Chain, isTaken: (node: BlockNode) => boolean) {
    this.#chain = chain;
    this.#isTaken = isTaken;
  }

  /** Takes the next blocks of the target, at most so many, as far as the peer can have them. */
  take(target: BlockNode, peer: Peer, max: number): BlockNode[] {
    return this.#take(this.#listOf(target, MAX_AHEAD), peer, max);
  }

  /** The same of a chain that only some have: little, as there may be one for every peer. */
  takeOther(end: BlockNode, peer: Peer, max: number): BlockNode[] {
    return this.#take(this.#listOf(end, MAX_AHEAD_OF_OTHERS), peer, max);
  }

  /** What is missing has changed: looked up anew when it is next asked for. */
  forget(): void {
    this.#lists.clear();
  }

  /** Chains may have grown, or been left by all: those of which everything was asked for are looked up anew. */
  refresh(): void {
    for (const [end, list] of this.#lists) if (list.every(this.#isTaken)) this.#lists.delete(end);
  }

  #take(list: BlockNode[], peer: Peer, max: number): BlockNode[] {
    const start = list.findIndex((node) => node.height >= peer.lowestHeight && !this.#isTaken(node));
    const taken: BlockNode[] = [];
    // Blocks of one chain: where a peer does not have one, it has none of those that follow.
    for (let at = start; start !== -1 && taken.length < max; at++) {
      const node = list[at];
      if (node === undefined || this.#isTaken(node) || !mayHave(peer, node)) break;
      taken.push(node);
    }
    list.splice(start, taken.length);
    return taken;
  }

  #listOf(end: BlockNode, maxAhead: number): BlockNode[] {
    const known = this.#lists.get(end);
    if (known !== undefined) return known;
    const list = this.#chain.missingBodies(end, maxAhead).filter((node) => !this.#isTaken(node));
    if (this.#lists.size >= MAX_LISTS) this.forget();
    this.#lists.set(end, list);
    return list;
  }
}

/** The end of the peer's chain, if it has shown all that it claims. */
export function shownChain({ bestNode, chainWork }: Peer): BlockNode | undefined {
  return bestNode !== undefined && bestNode.chainWork >= chainWork ? bestNode : undefined;
}

/** Whether the peer has the block, as far as its claims and its headers say. */
export function mayHave(peer: Peer, node: BlockNode): boolean {
  if (node.height < peer.lowestHeight || node.chainWork > peer.chainWork) return false;
  const shown = shownChain(peer);
  return shown === undefined || contains(shown, node);
}
