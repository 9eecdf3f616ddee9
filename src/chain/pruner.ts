import { breathe } from '../bytes/breathe.ts';
import type { BlockStore } from '../store/blockStore.ts';
import type { ActiveChain } from './activeChain.ts';
import type { BlockTree } from './blockTree.ts';

/** The newest blocks of the active chain are always kept: a reorganization needs them, and peers ask for them. */
export const MIN_KEPT_BLOCKS = 288;
/** What one pruning deletes at the least, as a share of what is kept and in bytes: it is not worth its while for one block. */
const STEP_SHARE = 20;
const MAX_STEP_BYTES = 32_000_000;
/** Headers looked at before others have their turn. */
const HEADERS_BREATH = 20_000;

export type PruneOptions = Readonly<{
  /** How many bytes of bodies and undo data to keep; undefined: all, until `pruneTo` is called. */
  targetBytes: number | undefined;
  /** Somebody still reads the blocks from this height on. */
  neededFrom?: () => number;
}>;

type PrunerParts = Readonly<{
  options: PruneOptions;
  tree: BlockTree;
  blocks: BlockStore;
  active: ActiveChain;
  /** Runs a job between two blocks, and resolves when what it changed in the tree is committed and on disk. */
  inTurn: (job: () => Promise<void>) => Promise<void>;
  onFatal: (error: Error) => void;
}>;

/** What no commit mentions any more. */
type Discard = Readonly<{
  /** No record below is needed. */
  belowId: number;
  ids: readonly number[];
}>;

/**
 * Deletes the oldest blocks. First a commit says that they are gone, and is forced to disk, as a power cut must not bring
 * back the word of them alone; then they are deleted. What an end in between leaves lying, nobody reads, and the next
 * pruning deletes it with the rest.
 */
export class Pruner {
  readonly #parts: PrunerParts;
  readonly #stop = new AbortController();
  #running: Promise<boolean> | undefined;

  constructor(parts: PrunerParts) {
    this.#parts = parts;
  }

  /** To be called after a commit: deletes, in the background, when there is more than is to be kept. */
  look(): void {
    if (this.#running !== undefined) return;
    const height = this.#stop.signal.aborted ? undefined : this.#dueHeight();
    // Blocks may have come in meanwhile. A writer that takes nothing more would refuse the next job at once, and for ever.
    if (height !== undefined) void this.#start(height).then((isDone) => isDone && this.look());
  }

  /** Deletes the blocks below a height, as far as that may be. @returns the lowest height that is kept */
  async pruneTo(height: number): Promise<number> {
    while (this.#running !== undefined) await this.#running;
    if (Math.min(height, this.#highest()) > lowestKept(this.#parts.active)) await this.#start(height);
    return lowestKept(this.#parts.active);
  }

  /** Begins nothing more, and waits for what is under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #start(height: number): Promise<boolean> {
    this.#running = this.#prune(height).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** The lowest block to keep, if it is time to delete those before it. */
  #dueHeight(): number | undefined {
    const { options, tree, active } = this.#parts;
    const { targetBytes } = options;
    if (targetBytes === undefined || tree.storedBytes <= targetBytes) return undefined;
    const stepBytes = Math.min(targetBytes / STEP_SHARE, MAX_STEP_BYTES);
    const excess = tree.storedBytes - (targetBytes - stepBytes);
    const highest = this.#highest();
    let height = lowestKept(active);
    let freed = 0;
    for (; height < highest && freed < excess; height++) {
      const { bodyBytes, undoBytes } = active.at(height)!;
      freed += bodyBytes + undoBytes;
    }
    return freed >= stepBytes ? height : undefined;
  }

  /** Nothing from here on is deleted. */
  #highest(): number {
    const { active, options } = this.#parts;
    const needed = options.neededFrom?.() ?? Number.POSITIVE_INFINITY;
    return Math.max(0, Math.min(active.tip.height - MIN_KEPT_BLOCKS + 1, needed));
  }

  /** Whether it came to its end. Never rejects for the closed chain: there is another time. */
  async #prune(height: number): Promise<boolean> {
    const { blocks, inTurn, onFatal } = this.#parts;
    let discard: Discard | undefined;
    try {
      await inTurn(async () => {
        discard = await this.#forget(Math.min(height, this.#highest()));
      });
    } catch {
      // The writer has told of its failure, or is closed.
      return false;
    }
    try {
      if (discard) await blocks.discard(discard.belowId, discard.ids, this.#stop.signal);
      return true;
    } catch (error) {
      onFatal(error as Error);
      return false;
    }
  }

  /** Takes what lies below a height out of the tree, on side branches too. */
  async #forget(height: number): Promise<Discard> {
    const { tree } = this.#parts;
    const forgotten: number[] = [];
    let belowId = Number.POSITIVE_INFINITY;
    let looked = 0;
    for (const node of tree.nodes()) {
      const ids = [node.bodyId, node.undoId].filter((id) => id !== 0);
      if (node.height < height && ids.length > 0) {
        forgotten.push(...ids);
        tree.forgetRecords(node);
      } else belowId = Math.min(belowId, ...ids);
      if (++looked % HEADERS_BREATH === 0) await breathe();
    }
    return { belowId, ids: forgotten.filter((id) => id > belowId) };
  }
}

/** The lowest height from which on every block of the active chain is here; the genesis block counts only with its children. */
export function lowestKept(active: ActiveChain): number {
  const { tip } = active;
  const first = active.at(1);
  if (!first || first.hasBody) return 0;
  // Blocks are deleted from the lowest up, so what is here is one run that ends at the tip.
  let gone = 1;
  let here = tip.height + 1;
  while (here - gone > 1) {
    const middle = (gone + here) >> 1;
    if (active.at(middle)!.hasBody) here = middle;
    else gone = middle;
  }
  return here;
}
