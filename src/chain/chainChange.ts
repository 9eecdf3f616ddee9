import { type Block, decodeBlock } from '../primitives/block.ts';
import type { BlockNode } from './blockNode.ts';

export type ChangedBlock = Readonly<{
  node: BlockNode;
  /** While many blocks come in, decoded anew each time it is asked for: decoded they weigh six times as much. */
  block: Block;
}>;

/** Bytes of blocks that one change keeps decoded: at the tip that is the block, while syncing as good as none. */
const MAX_DECODED_BYTES = 500_000;

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
  #disconnected: LoggedBlock[] = [];
  #connected: LoggedBlock[] = [];
  #bytes = 0;
  #decoded: LoggedBlock[] = [];

  /** Of the blocks that it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  disconnected(node: BlockNode, block: Block): void {
    if (this.#connected.length > 0) this.#drop(this.#connected);
    else this.#add(this.#disconnected, node, block);
  }

  connected(node: BlockNode, block: Block): void {
    const last = this.#disconnected[this.#disconnected.length - 1];
    if (this.#connected.length === 0 && last?.node === node) this.#drop(this.#disconnected);
    else this.#add(this.#connected, node, block);
  }

  /** The change so far; the log begins anew. */
  take(tip: BlockNode): ChainChange {
    const change = { disconnected: this.#disconnected, connected: this.#connected, tip };
    this.#disconnected = [];
    this.#connected = [];
    this.#bytes = 0;
    this.#decoded = [];
    return change;
  }

  #add(list: LoggedBlock[], node: BlockNode, block: Block): void {
    this.#bytes += block.bytes.length;
    const logged = new LoggedBlock(node, block);
    list.push(logged);
    this.#decoded.push(logged);
    // One alone stays decoded, however large: at the tip it is read at once.
    if (this.#decoded.length > 1 && this.#bytes > MAX_DECODED_BYTES) {
      for (const earlier of this.#decoded.splice(0)) earlier.dropDecoded();
    }
  }

  #drop(list: LoggedBlock[]): void {
    this.#bytes -= list.pop()!.bytes.length;
  }
}

class LoggedBlock implements ChangedBlock {
  readonly node: BlockNode;
  readonly bytes: Uint8Array;
  #decoded: Block | undefined;

  constructor(node: BlockNode, block: Block) {
    this.node = node;
    this.bytes = block.bytes;
    this.#decoded = block;
  }

  get block(): Block {
    return this.#decoded ?? decodeBlock(this.bytes);
  }

  dropDecoded(): void {
    this.#decoded = undefined;
  }
}
