import type { Block } from '../primitives/block.ts';
import type { BlockNode } from './blockNode.ts';

export type ChangedBlock = Readonly<{ node: BlockNode; block: Block }>;

/** How the active chain went from one tip to the next: one value for all who follow it. */
export type ChainChange = Readonly<{
  /** The old tip first. */
  disconnected: readonly ChangedBlock[];
  /** The lowest first. */
  connected: readonly ChangedBlock[];
  tip: BlockNode;
}>;

/** Gathers steps into one change, without the detours of a reorganization that failed. */
export class ChangeLog {
  #disconnected: ChangedBlock[] = [];
  #connected: ChangedBlock[] = [];

  disconnected(node: BlockNode, block: Block): void {
    if (this.#connected.length > 0) this.#connected.pop();
    else this.#disconnected.push({ node, block });
  }

  connected(node: BlockNode, block: Block): void {
    const last = this.#disconnected[this.#disconnected.length - 1];
    if (this.#connected.length === 0 && last?.node === node) this.#disconnected.pop();
    else this.#connected.push({ node, block });
  }

  get isEmpty(): boolean {
    return this.#disconnected.length === 0 && this.#connected.length === 0;
  }

  /** The change so far; the log begins anew. */
  take(tip: BlockNode): ChainChange {
    const change = { disconnected: this.#disconnected, connected: this.#connected, tip };
    this.#disconnected = [];
    this.#connected = [];
    return change;
  }
}
