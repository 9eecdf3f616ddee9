import { ancestorAt } from '../consensus/headerNode.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { BlockHeader } from '../primitives/header.ts';
import type { HeaderRecord, InvalidBy } from '../store/headerRecord.ts';
import { BlockNode, type NodeHeader, nodeHeaderOf } from './blockNode.ts';

/** Where a block's body went. */
export type StoredBody = Readonly<{ bodyId: number; bodyBytes: number; transactionCount: number }>;

const FIRST_LINKED = 1;

/** All headers known, as a tree that grows from the genesis block, and which of its chains is the best. */
export class BlockTree {
  readonly genesis: BlockNode;
  /** The header with the most work that is not known to be invalid, whether or not its block is here. */
  bestHeader: BlockNode;
  readonly #nodes = new Map<string, BlockNode>();
  /** Nodes that have a body but whose parent is not linked yet, by parent. */
  readonly #waiting = new Map<BlockNode, BlockNode[]>();
  /** Linked, valid nodes that may be the end of the best chain. */
  readonly #candidates = new Set<BlockNode>();
  /** Changed since they were last written. */
  #dirty = new Set<BlockNode>();
  #linkedCount = FIRST_LINKED;
  #storedBytes = 0;
  #withBody = 1;

  constructor({ genesis }: NetworkParams) {
    this.genesis = new BlockNode(nodeHeaderOf(genesis.header), undefined);
    this.genesis.transactionCount = genesis.transactions.length;
    this.genesis.bodyBytes = genesis.bytes.length;
    this.bestHeader = this.genesis;
    this.#nodes.set(this.genesis.hash, this.genesis);
    this.#link(this.genesis);
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Headers whose blocks were never here: of them a stranger can have many for little. */
  get blocklessCount(): number {
    return this.#nodes.size - this.#withBody;
  }

  /** Of all bodies and undo data in the block store. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  get(hash: string): BlockNode | undefined {
    return this.#nodes.get(hash);
  }

  nodes(): Iterable<BlockNode> {
    return this.#nodes.values();
  }

  /** Adds a header that has passed all its rules. */
  add(header: BlockHeader, parent: BlockNode): BlockNode {
    const node = new BlockNode(nodeHeaderOf(header), parent);
    node.invalidBy = parent.invalidBy;
    this.#nodes.set(node.hash, node);
    this.#dirty.add(node);
    if (!node.isInvalid && node.chainWork > this.bestHeader.chainWork) this.bestHeader = node;
    return node;
  }

  /** Notes that the body is there; it and all that waited for it may now be the end of the best chain. */
  setBody(node: BlockNode, body: StoredBody): void {
    if (!node.hadBody) this.#withBody++;
    Object.assign(node, body);
    this.#storedBytes += body.bodyBytes;
    this.#dirty.add(node);
    this.#linkBody(node);
  }

  /** Adds a header of an earlier run with what that knew of its block, parents first; settleLoaded is to follow. */
  load(header: NodeHeader, parent: BlockNode, known: Omit<HeaderRecord, 'headerBytes'>): BlockNode {
    const node = new BlockNode(header, parent);
    node.transactionCount = known.transactionCount;
    node.bodyBytes = known.bodyBytes;
    node.undoBytes = known.undoBytes;
    node.bodyId = known.bodyId;
    node.undoId = known.undoId;
    node.invalidBy = known.invalidBy;
    node.wasConnected = known.wasConnected;
    this.#nodes.set(node.hash, node);
    this.#storedBytes += storedBytesOf(node);
    if (!node.hadBody) return node;
    this.#withBody++;
    if (parent.linkedOrder > 0) node.linkedOrder = ++this.#linkedCount;
    else this.#linkBody(node);
    return node;
  }

  /** Notes that what is known of the block has changed. */
  touch(node: BlockNode): void {
    this.#dirty.add(node);
  }

  setUndo(node: BlockNode, undoId: number, undoBytes: number): void {
    // A block that is connected once more gets new undo data; the old is left lying.
    this.#storedBytes -= node.undoId === 0 ? 0 : node.undoBytes;
    this.#storedBytes += undoBytes;
    Object.assign(node, { undoId, undoBytes });
    this.#dirty.add(node);
  }

  /** Notes that body and undo data are to be deleted: with the next commit nothing mentions them any more. */
  forgetRecords(node: BlockNode): void {
    this.#storedBytes -= storedBytesOf(node);
    Object.assign(node, { bodyId: 0, undoId: 0 });
    this.#dirty.add(node);
  }

  /** The linked chain with the most work; among equals the one that was linked first. */
  bestCandidate(tip: BlockNode): BlockNode {
    let best = tip;
    for (const node of this.#candidates) if (isBetter(node, best)) best = node;
    return best;
  }

  /** Forgets the candidates that can no longer win. The tip stays one, for the case that its rival turns out invalid. */
  dropWeakCandidates(tip: BlockNode): void {
    for (const node of this.#candidates)
      if (node !== tip && node.chainWork < tip.chainWork) this.#candidates.delete(node);
    this.#candidates.add(tip);
  }

  /**
   * Condemns a block and all that descends from it. Others that may now be the best are candidates again: those that have
   * as much work as `tip`, behind which nobody wants to go.
   */
  markInvalid(node: BlockNode, by: InvalidBy, tip: BlockNode): void {
    node.invalidBy ??= by;
    this.#dirty.add(node);
    // Parents were added before their children, so one pass in order of addition reaches all descendants.
    for (const other of this.#nodes.values()) {
      if (!other.isInvalid && other.parent?.isInvalid) {
        other.invalidBy = other.parent.invalidBy;
        this.#dirty.add(other);
      }
      if (other.isInvalid) this.#candidates.delete(other);
      else if (other.linkedOrder > 0 && other.chainWork >= tip.chainWork) this.#candidates.add(other);
    }
    if (this.bestHeader.isInvalid) this.bestHeader = this.#findBestHeader();
  }

  /**
   * Takes back the verdict on a block, on all that descends from it and on those that it descends from: their rules are
   * asked anew when they are connected. Returns what was said of them.
   */
  clearInvalid(node: BlockNode, tip: BlockNode): Map<BlockNode, InvalidBy> {
    const verdicts = new Map<BlockNode, InvalidBy>();
    const cleared = new Set<BlockNode>();
    for (let at: BlockNode | undefined = node; at?.isInvalid; at = at.parent) cleared.add(at);
    const descendants = new Set([node]);
    for (const other of this.#nodes.values()) {
      if (other.parent && descendants.has(other.parent)) descendants.add(other);
      const { invalidBy } = other;
      if (invalidBy === undefined || !(cleared.has(other) || descendants.has(other))) continue;
      verdicts.set(other, invalidBy);
      other.invalidBy = undefined;
      this.#dirty.add(other);
      if (other.linkedOrder > 0 && other.chainWork >= tip.chainWork) this.#candidates.add(other);
    }
    this.bestHeader = this.#findBestHeader();
    return verdicts;
  }

  /** Gives back the verdicts that clearInvalid took. */
  restoreInvalid(verdicts: ReadonlyMap<BlockNode, InvalidBy>): void {
    for (const [node, by] of verdicts) {
      node.invalidBy = by;
      this.#candidates.delete(node);
    }
    this.bestHeader = this.#findBestHeader();
  }

  /** What bestCandidate would be with that tip, were it not for a block and all that descends from it. */
  bestWithout(condemned: BlockNode, tip: BlockNode): BlockNode {
    let best = tip;
    for (const node of this.#nodes.values()) {
      const isOpen = node.linkedOrder > 0 && !node.isInvalid && isBetter(node, best);
      if (isOpen && !descendsFrom(node, condemned)) best = node;
    }
    return best;
  }

  /** To be called once after the headers of an earlier run were loaded. */
  settleLoaded(tip: BlockNode): void {
    // The order of arrival is not kept; what was active stays so among its equals.
    tip.linkedOrder = FIRST_LINKED;
    for (const node of this.#nodes.values()) {
      const isLinked = node.linkedOrder > 0 && !node.isInvalid;
      if (isLinked && node.chainWork >= tip.chainWork) this.#candidates.add(node);
    }
    this.bestHeader = this.#findBestHeader();
  }

  /** Whether anything has changed since the last call of takeDirty. */
  get hasChanges(): boolean {
    return this.#dirty.size > 0;
  }

  /** What has changed since the last call. */
  takeDirty(): Set<BlockNode> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    return dirty;
  }

  /** These are to be written after all. */
  giveBackDirty(nodes: Iterable<BlockNode>): void {
    for (const node of nodes) this.#dirty.add(node);
  }

  #linkBody(node: BlockNode): void {
    const parent = node.parent!;
    if (parent.linkedOrder > 0) this.#link(node);
    else {
      const siblings = this.#waiting.get(parent);
      if (siblings) siblings.push(node);
      else this.#waiting.set(parent, [node]);
    }
  }

  #link(node: BlockNode): void {
    const linked = [node];
    for (const next of linked) {
      next.linkedOrder = ++this.#linkedCount;
      if (!next.isInvalid) this.#candidates.add(next);
      // Not push(...): a chain may have waited as a whole.
      for (const child of this.#waiting.get(next) ?? []) linked.push(child);
      this.#waiting.delete(next);
    }
  }

  #findBestHeader(): BlockNode {
    let best = this.genesis;
    for (const node of this.#nodes.values()) {
      if (!node.isInvalid && node.chainWork > best.chainWork) best = node;
    }
    return best;
  }
}

function descendsFrom(node: BlockNode, ancestor: BlockNode): boolean {
  return node.height >= ancestor.height && ancestorAt(node, ancestor.height) === ancestor;
}

function isBetter(a: BlockNode, b: BlockNode): boolean {
  return a.chainWork === b.chainWork ? a.linkedOrder < b.linkedOrder : a.chainWork > b.chainWork;
}

function storedBytesOf({ bodyId, bodyBytes, undoId, undoBytes }: BlockNode): number {
  return (bodyId === 0 ? 0 : bodyBytes) + (undoId === 0 ? 0 : undoBytes);
}
