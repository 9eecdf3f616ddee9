import { encodeHeaderRecord } from '../store/headerRecord.ts';
import type { BlockNode } from './blockNode.ts';

/**
 * What a commit writes of headers that have changed: as they are when this is made, since they may go on to name records
 * that only the next commit writes.
 */
export class HeaderRecords {
  readonly nodes: ReadonlySet<BlockNode>;
  /** Of those that have, or had, a body; of the others, of which there may be very many, nothing but the body can change. */
  readonly #withBody = new Map<BlockNode, Uint8Array>();

  constructor(nodes: ReadonlySet<BlockNode>) {
    this.nodes = nodes;
    for (const node of nodes) if (node.hadBody) this.#withBody.set(node, encodeHeaderRecord(node));
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

function withoutBody({ headerBytes, isInvalid }: BlockNode) {
  return { headerBytes, isInvalid, transactionCount: 0, bodyBytes: 0, undoBytes: 0, bodyId: 0, undoId: 0 };
}
