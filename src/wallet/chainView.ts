import type { Block } from '../primitives/block.ts';

/** A block of the header tree, as far as the wallet looks at it. */
export type ChainNode = Readonly<{ hash: string; height: number; parent: ChainNode | undefined }>;

/** What the wallet reads of the chain. */
export interface ChainView {
  readonly tip: ChainNode;
  /** The blocks before this height were pruned; 0 when all are there. */
  readonly lowestHeight: number;
  node(hash: string): ChainNode | undefined;
  nodeAt(height: number): ChainNode | undefined;
  isActive(node: ChainNode): boolean;
  readBlock(hash: string): Promise<Uint8Array | undefined>;
}

/** A move of the chain's tip: the old tip first, then the new blocks upwards. */
export type TipChange = Readonly<{
  disconnected: readonly Readonly<{ node: ChainNode; block: Block }>[];
  connected: readonly Readonly<{ node: ChainNode; block: Block }>[];
  tip: ChainNode;
}>;
