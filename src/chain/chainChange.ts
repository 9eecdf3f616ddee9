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
  #bytes = 0;

  /** Of the blocks that it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  disconnected(node: BlockNode, block: Block): void {
    if (this.#connected.length > 0) this.#drop(this.#connected);
    else this.#add(this.#disconnected, { node, block });
  }

  connected(node: BlockNode, block: Block): void {
    const last = this.#disconnected[this.#disconnected.length - 1];
    if (this.#connected.length === 0 && last?.node === node) this.#drop(this.#disconnected);
    else this.#add(this.#connected, { node, block });
  }

  /** The change so far; the log begins anew. */
  take(tip: BlockNode): ChainChange {
    const change = { disconnected: this.#disconnected, connected: this.#connected, tip };
    this.#disconnected = [];
    this.#connected = [];
    this.#bytes = 0;
    return change;
  }

  #add(list: ChangedBlock[], changed: ChangedBlock): void {
    list.push(changed);
    this.#bytes += changed.block.bytes.length;
  }

  #drop(list: ChangedBlock[]): void {
    this.#bytes -= list.pop()!.block.bytes.length;
  }
}
