import { hashToHex } from '../bytes/hex.ts';
import type { Block } from '../primitives/block.ts';

/** A block whose parent is unknown. */
export type OrphanBlock = Readonly<{
  block: Block;
  source: string;
  /** Its source has brought blocks of our chain before. */
  isProven: boolean;
  hash: string;
  parent: string;
  addedSec: number;
}>;

const MAX_ORPHANS = 64;
const MAX_BYTES = 32_000_000;
/** Of the orphans of one source, so that nobody can fill the pool alone. */
const MAX_PER_SOURCE = 8;
const EXPIRY_SEC = 20 * 60;

/** Blocks that arrived before their parents, kept for a while and only so many of them. */
export class BlockOrphans {
  /** Oldest first. */
  readonly #orphans = new Map<string, OrphanBlock>();
  #bytes = 0;

  get size(): number {
    return this.#orphans.size;
  }

  has(hash: string): boolean {
    return this.#orphans.has(hash);
  }

  /**
   * Keeps a block if its source has room. Where the pool is full, a source that has proven nothing makes room before one that
   * has, then the one with the most orphans, and of these the oldest: a crowd of strangers cannot push out the orphans of a
   * peer that is of use.
   */
  add(block: Block, from: { source: string; isProven: boolean }, nowSec: number): void {
    this.#expire(nowSec);
    const hash = hashToHex(block.header.hash);
    if (this.#orphans.has(hash) || this.#countOf(from.source) >= MAX_PER_SOURCE) return;
    const parent = hashToHex(block.header.previousHash);
    this.#orphans.set(hash, { block, ...from, hash, parent, addedSec: nowSec });
    this.#bytes += block.bytes.length;
    while (this.#orphans.size > MAX_ORPHANS || this.#bytes > MAX_BYTES) this.#remove(this.#leastDeserving());
  }

  #leastDeserving(): OrphanBlock {
    const counts = new Map<string, number>();
    for (const { source } of this.#orphans.values()) counts.set(source, (counts.get(source) ?? 0) + 1);
    const weight = ({ source, isProven }: OrphanBlock) => (isProven ? 0 : MAX_ORPHANS) + counts.get(source)!;
    // The first of equals is the oldest.
    return [...this.#orphans.values()].reduce((worst, orphan) =>
      weight(orphan) > weight(worst) ? orphan : worst,
    );
  }

  /** The first unknown block on the way back from this one: what has to be asked for. */
  missingAncestor(hash: string): string {
    let at = hash;
    for (let orphan = this.#orphans.get(at); orphan; orphan = this.#orphans.get(at)) at = orphan.parent;
    return at;
  }

  /** Takes out the blocks that waited for this one. */
  takeChildren(parent: string): OrphanBlock[] {
    const children = [...this.#orphans.values()].filter((orphan) => orphan.parent === parent);
    for (const child of children) this.#remove(child);
    return children;
  }

  #countOf(source: string): number {
    let count = 0;
    for (const orphan of this.#orphans.values()) if (orphan.source === source) count++;
    return count;
  }

  #expire(nowSec: number): void {
    for (const orphan of this.#orphans.values()) {
      if (orphan.addedSec + EXPIRY_SEC > nowSec) return;
      this.#remove(orphan);
    }
  }

  #remove(orphan: OrphanBlock): void {
    if (this.#orphans.delete(orphan.hash)) this.#bytes -= orphan.block.bytes.length;
  }
}
