import { encodeHeaderRecord, type HeaderRecord } from '../store/headerRecord.ts';
import type { BlockNode } from './blockNode.ts';

/**
 * What a commit writes of headers that have changed: as they are when this is made, since they may go on to name records
 * that only the next commit writes.
 */
export class HeaderRecords {
  readonly nodes: ReadonlySet<BlockNode>;
  /** Of those that have, or had, a body; of the others, of which there may be very many, nothing but the body can change. */
  readonly #withBody = new Map<BlockNode, Uint8Array>();

  /** @param connected blocks that the commit connects */
  constructor(nodes: ReadonlySet<BlockNode>, connected: ReadonlySet<BlockNode>) {
    this.nodes = nodes;
    for (const node of nodes) {
      if (!node.hadBody) continue;
      const record = connected.has(node) ? asConnected(node) : node;
      this.#withBody.set(node, encodeHeaderRecord(record));
    }
  }

  get size(): number {
    return this.nodes.size;
  }

  *records(): Generator<{ height: number; hash: Uint8Array; record: Uint8Array }> {
    for (const node of this.nodes) {
      const record = this.#withBody.get(node) ?? encodeHeaderRecord(withoutBody(node));
      yield { height: node.height, hash: node.hashBytes, record };
    }
  }
}

function asConnected(node: BlockNode): HeaderRecord {
  const { headerBytes, invalidBy, transactionCount, bodyBytes, undoBytes, bodyId, undoId } = node;
  const wasConnected = true;
  return { headerBytes, invalidBy, wasConnected, transactionCount, bodyBytes, undoBytes, bodyId, undoId };
}

function withoutBody({ headerBytes, invalidBy }: BlockNode): HeaderRecord {
  const nothing = { transactionCount: 0, bodyBytes: 0, undoBytes: 0, bodyId: 0, undoId: 0 };
  return { headerBytes, invalidBy, wasConnected: false, ...nothing };
}
