import { ancestorAt } from '../consensus/headerNode.ts';
import type { BlockNode } from './blockNode.ts';

/** How many hashes a locator lists one by one before its steps begin to double. */
const LOCATOR_DENSE = 10;
const MAX_LOCATOR = 101;

/** The chain from the genesis block to the tip, by height. */
export class ActiveChain {
  readonly #nodes: BlockNode[];

  constructor(tip: BlockNode) {
    this.#nodes = [];
    this.setTip(tip);
  }

  get tip(): BlockNode {
    return this.#nodes[this.#nodes.length - 1]!;
  }

  at(height: number): BlockNode | undefined {
    return this.#nodes[height];
  }

  contains(node: BlockNode): boolean {
    return this.#nodes[node.height] === node;
  }

  /** Moves to another tip; costs as much as the two chains differ. */
  setTip(tip: BlockNode): void {
    const added: BlockNode[] = [];
    let at: BlockNode | undefined = tip;
    for (; at && !this.contains(at); at = at.parent) added.push(at);
    this.#nodes.length = at ? at.height + 1 : 0;
    while (added.length > 0) this.#nodes.push(added.pop()!);
  }

  /** The last block that a chain has in common with this one. */
  forkPoint(node: BlockNode): BlockNode {
    let at = ancestorAt(node, Math.min(node.height, this.tip.height));
    while (!this.contains(at)) at = at.parent!;
    return at;
  }
}

/**
 * Hashes from a block back to the genesis block, dense at first and then in steps that double, in wire order: whoever reads
 * it finds the last block that both have without knowing how far apart the two are (Bitcoin's CBlockLocator).
 */
export function locatorFrom(node: BlockNode): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  let step = 1;
  let at = node;
  while (at.height > 0 && hashes.length < MAX_LOCATOR - 1) {
    hashes.push(at.hashBytes);
    if (hashes.length >= LOCATOR_DENSE) step *= 2;
    at = ancestorAt(at, Math.max(0, at.height - step));
  }
  hashes.push(at.hashBytes);
  return hashes;
}
