import type { BlockNode } from '../chain/blockNode.ts';
import type { Peer } from './peer.ts';

/** A block that a peer sent, not decoded yet: only its header is known to be the one that was asked for. */
export type ReceivedBlock = Readonly<{ node: BlockNode; bytes: Uint8Array; peer: Peer }>;

/**
 * Blocks that came before their parents. Several answers are on their way at a time; a block that the chain gets before its
 * parent goes to disk and has to be read and decoded again later, so they wait here for a while.
 */
export class EarlyBlocks {
  readonly #byParent = new Map<BlockNode, ReceivedBlock[]>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(block: ReceivedBlock): void {
    const parent = block.node.parent!;
    const siblings = this.#byParent.get(parent);
    if (siblings === undefined) this.#byParent.set(parent, [block]);
    else siblings.push(block);
    this.#bytes += block.bytes.length;
  }

  takeChildren(parent: BlockNode): readonly ReceivedBlock[] {
    const children = this.#byParent.get(parent) ?? [];
    this.#byParent.delete(parent);
    for (const { bytes } of children) this.#bytes -= bytes.length;
    return children;
  }

  /** All of them, the lowest first. */
  takeAll(): readonly ReceivedBlock[] {
    const blocks = [...this.#byParent.values()].flat().sort((a, b) => a.node.height - b.node.height);
    this.#byParent.clear();
    this.#bytes = 0;
    return blocks;
  }
}
