import { ancestorAt } from '../consensus/headerNode.ts';
import type { BlockNode } from './blockNode.ts';

/** The way from one tip to another. */
export type Reorganization = Readonly<{
  /** Blocks to undo, the old tip first. */
  disconnect: readonly BlockNode[];
  /** Blocks to connect, the lowest first; at most as many as were asked for. */
  connect: readonly BlockNode[];
}>;

/** Plans how to get from one tip to another: back to where the two chains part, then forward by up to `maxConnect`. */
export function planReorganization(from: BlockNode, to: BlockNode, maxConnect: number): Reorganization {
  const disconnect: BlockNode[] = [];
  let at = from;
  while (ancestorOrNone(to, at.height) !== at) {
    disconnect.push(at);
    at = at.parent!;
  }
  const connect: BlockNode[] = [];
  let next = ancestorAt(to, Math.min(to.height, at.height + maxConnect));
  for (; next !== at; next = next.parent!) connect.push(next);
  return { disconnect, connect: connect.reverse() };
}

function ancestorOrNone(node: BlockNode, height: number): BlockNode | undefined {
  return height <= node.height ? ancestorAt(node, height) : undefined;
}
