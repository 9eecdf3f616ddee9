import { hashToHex } from '../bytes/hex.ts';
import { checkBlock, checkBlockContext } from '../consensus/checkBlock.ts';
import { ancestorAt } from '../consensus/headerNode.ts';
import type { Rejection } from '../consensus/rejection.ts';
import { verdictOf } from '../consensus/verdict.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Block } from '../primitives/block.ts';
import type { BlockHeader } from '../primitives/header.ts';
import { activateBestChain } from './activateBestChain.ts';
import { type BlockNode, workOfBits } from './blockNode.ts';
import { BlockOrphans } from './blockOrphans.ts';
import type { BlockOptions, BlockVerdict } from './blockVerdict.ts';
import { type ChainChange, ChangeLog } from './chainChange.ts';
import { checkHeaderAfter } from './headerAcceptance.ts';
import { HeldBlocks } from './heldBlocks.ts';
import type { ChainFiles } from './openChainFiles.ts';
import { WriterQueue } from './writerQueue.ts';

/** How far above the tip a block may be that nobody asked for. */
const MAX_UNASKED_AHEAD = 288;
/** Bytes of changes that one commit gathers while more blocks wait. */
const MAX_COMMIT_BYTES = 16_000_000;
/** Bytes of blocks that one change may bring to those who follow the chain; decoded they take seven times as much. */
const MAX_CHANGE_BYTES = 32_000_000;
/** Bodies whose sender is remembered until they are connected. */
const MAX_SOURCES = 10_000;

export type BlockIntakeOptions = Readonly<{
  params: NetworkParams;
  files: ChainFiles;
  clockSec: () => number;
  onFatal: ((error: Error) => void) | undefined;
  /** The tip moved, and that is committed. */
  onCommitted: (change: ChainChange) => Promise<void>;
  /** A block that was taken in earlier turned out invalid. */
  onInvalid: (node: BlockNode, rejection: Rejection, source: string) => void;
}>;

/** The writing side of the chain: takes blocks in one at a time, and makes the best chain the active one. */
export class BlockIntake {
  readonly #options: BlockIntakeOptions;
  readonly #queue: WriterQueue;
  readonly #orphans = new BlockOrphans();
  readonly #held = new HeldBlocks();
  readonly #log = new ChangeLog();
  readonly #sources = new Map<string, string>();
  #committedTip: BlockNode;

  constructor(options: BlockIntakeOptions) {
    this.#options = options;
    this.#committedTip = options.files.state.tip;
    this.#queue = new WriterQueue((sync) => this.#commit(sync), options.onFatal);
  }

  /** Goes on where the last run ended, perhaps midway through a reorganization. */
  async start(): Promise<void> {
    await this.#queue.push(0, false, () => this.#activate());
  }

  /** See Chain.acceptBlock. */
  async accept(block: Block, options: BlockOptions): Promise<BlockVerdict> {
    const hash = hashToHex(block.header.hash);
    const known = this.#knownVerdict(hash);
    if (known) return known;
    const rejection = checkBlock(block, this.#options.params);
    if (rejection && !verdictOf(rejection.code).condemnsHash) return { status: 'rejected', rejection };
    this.#readmitHeld();
    return this.#queue.push(block.bytes.length, options.durable ?? false, () =>
      this.#take(block, hash, rejection, options),
    );
  }

  /** Forces to disk all that was taken in before, and looks whether held blocks may come in by now. */
  async sync(): Promise<void> {
    this.#readmitHeld();
    await this.#queue.push(0, true, () => this.#options.files.sync());
  }

  /** Runs a job between two blocks. Resolves when what it changed is committed. */
  async inTurn(job: () => Promise<void>): Promise<void> {
    await this.#queue.push(0, false, job);
  }

  /** Takes nothing more, and waits until what was taken is committed. @returns whether all of it is */
  async close(): Promise<boolean> {
    await this.#queue.close();
    return !this.#queue.hasFailed;
  }

  #knownVerdict(hash: string): BlockVerdict | undefined {
    const node = this.#options.files.tree.get(hash);
    if (node?.isInvalid) return { status: 'rejected', rejection: { code: 'duplicate-invalid', hash } };
    return node?.hadBody ? { status: 'known', node } : undefined;
  }

  /** Takes one block, in its turn: context, body, and then whatever chain is now the best. */
  async #take(
    block: Block,
    hash: string,
    condemned: Rejection | undefined,
    options: BlockOptions,
  ): Promise<BlockVerdict> {
    // It may have come in by another way while it waited.
    const known = this.#knownVerdict(hash);
    if (known) return known;
    const { params, files } = this.#options;
    const { tree, state } = files;
    const parent = tree.get(hashToHex(block.header.previousHash));
    if (!parent) return condemned ? rejected(condemned) : this.#keepOrphan(block, hash, options);
    const headerRejection = tree.get(hash) ? undefined : this.#checkHeader(block.header, parent);
    if (headerRejection?.code === 'time-too-new' && !condemned) {
      this.#held.add(block, options);
      return { status: 'held' };
    }
    if (headerRejection) return rejected(headerRejection);
    if (!options.requested && !this.#isWelcome(block.header, parent)) {
      return condemned ? rejected(condemned) : { status: 'unwanted' };
    }

    const node = tree.get(hash) ?? tree.add(block.header, parent);
    const rejection = condemned ?? checkBlockContext(block, parent, params);
    if (rejection) {
      tree.markInvalid(node);
      return rejected(rejection);
    }
    this.#rememberSource(hash, options.source);
    state.addBody(node, block);
    const invalid = await this.#activate({ node, block });
    // Not awaited: they stand behind this one in the same queue.
    for (const child of this.#orphans.takeChildren(hash)) {
      this.#readmit(child.block, { requested: false, source: child.source });
    }
    const own = invalid.get(node);
    if (own) return rejected(own);
    return { status: isAncestorOrSelf(node, state.tip) ? 'connected' : 'stored', node };
  }

  #checkHeader(header: BlockHeader, parent: BlockNode) {
    const { params, clockSec } = this.#options;
    return checkHeaderAfter(header, parent, { params, nowSec: clockSec() });
  }

  #keepOrphan(block: Block, hash: string, { source }: BlockOptions): BlockVerdict {
    this.#orphans.add(block, source, this.#options.clockSec());
    return { status: 'orphan', missing: this.#orphans.missingAncestor(hash) };
  }

  #readmitHeld(): void {
    for (const { block, options } of this.#held.takeDue(this.#options.clockSec()))
      this.#readmit(block, options);
  }

  /** Gives a block that waited in memory another try. Its sender has its answer; blame finds it all the same. */
  #readmit(block: Block, options: BlockOptions): void {
    const { files, onInvalid } = this.#options;
    this.accept(block, options).then(
      (verdict) => {
        if (verdict.status !== 'rejected') return;
        const { hash, previousHash } = block.header;
        const node = files.tree.get(hashToHex(hash)) ?? files.tree.get(hashToHex(previousHash));
        if (node) onInvalid(node, verdict.rejection, options.source);
      },
      // A fault of ours has already stopped the queue, and who asked next was told.
      () => undefined,
    );
  }

  /** A block out of the blue is kept only when its chain may become ours soon: filling our disk costs work. */
  #isWelcome(header: BlockHeader, parent: BlockNode): boolean {
    const { tip } = this.#options.files.state;
    const work = parent.chainWork + workOfBits(header.bits);
    return work >= tip.chainWork && parent.height + 1 <= tip.height + MAX_UNASKED_AHEAD;
  }

  async #activate(received?: { node: BlockNode; block: Block }): Promise<Map<BlockNode, Rejection>> {
    const { files, onInvalid } = this.#options;
    const invalid = new Map<BlockNode, Rejection>();
    await activateBestChain({
      state: files.state,
      tree: files.tree,
      log: this.#log,
      ...(received && { received }),
      onInvalid: (node, rejection) => {
        invalid.set(node, rejection);
        if (node !== received?.node) onInvalid(node, rejection, this.#sources.get(node.hash) ?? '');
      },
      commitIfLarge: () => this.#commitIfLarge(),
    });
    return invalid;
  }

  /**
   * Midway through a reorganization the tip has less work than before, which is no state to tell anyone of; but the blocks
   * of a very deep one would not fit into memory, and those are told of it in parts.
   */
  async #commitIfLarge(): Promise<void> {
    const { state } = this.#options.files;
    const isMidway = state.tip.chainWork < this.#committedTip.chainWork;
    const isLarge = !isMidway && state.pendingBytes >= MAX_COMMIT_BYTES;
    if (isLarge || this.#log.bytes >= MAX_CHANGE_BYTES) await this.#commit(false);
  }

  #rememberSource(hash: string, source: string): void {
    this.#sources.set(hash, source);
    if (this.#sources.size > MAX_SOURCES) this.#sources.delete(this.#sources.keys().next().value!);
  }

  /** One atomic commit; then all who follow the chain are told. */
  async #commit(sync: boolean): Promise<void> {
    const { files, onCommitted } = this.#options;
    const { state } = files;
    await state.commit(sync);
    if (state.tip === this.#committedTip) return;
    this.#committedTip = state.tip;
    await onCommitted(this.#log.take(state.tip));
  }
}

function rejected(rejection: Rejection): BlockVerdict {
  return { status: 'rejected', rejection };
}

function isAncestorOrSelf(node: BlockNode, of: BlockNode): boolean {
  return node.height <= of.height && ancestorAt(of, node.height) === node;
}
