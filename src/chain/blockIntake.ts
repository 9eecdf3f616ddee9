import { inSlices } from '../bytes/breathe.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { hashToHex } from '../bytes/hex.ts';
import { checkBlockContext, checkingBlock } from '../consensus/checkBlock.ts';
import { checkProofOfWork } from '../consensus/checkHeader.ts';
import { ancestorAt } from '../consensus/headerNode.ts';
import type { Rejection } from '../consensus/rejection.ts';
import { verdictOf } from '../consensus/verdict.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { type Block, decodingBlock } from '../primitives/block.ts';
import { type BlockHeader, decodeHeader, HEADER_BYTES } from '../primitives/header.ts';
import {
  type ActivationOptions,
  activateBestChain,
  condemn,
  invalidate,
  reconsider,
} from './activateBestChain.ts';
import { BlockNode, workOfBits } from './blockNode.ts';
import { BlockOrphans } from './blockOrphans.ts';
import type { BlockOptions, BlockVerdict } from './blockVerdict.ts';
import type { ChainChange } from './chainChange.ts';
import type { FailedBlock } from './chainState.ts';
import { checkHeaderAfter, childOfInvalid, knownInvalid } from './headerAcceptance.ts';
import { HeldBlocks } from './heldBlocks.ts';
import type { ChainFiles } from './openChainFiles.ts';
import { type Outcome, WriterQueue } from './writerQueue.ts';

/** How far above the tip a block may be that nobody asked for. */
const MAX_UNASKED_AHEAD = 288;
/** Bytes of changes that one commit gathers while more blocks wait, unless the options say otherwise. */
const MAX_COMMIT_BYTES = 8_000_000;
/** Bytes of blocks that one change may bring to those who follow the chain. */
const MAX_CHANGE_BYTES = 32_000_000;
/** Bodies whose sender is remembered until they are connected. */
const MAX_SOURCES = 10_000;

export type BlockIntakeOptions = Readonly<{
  params: NetworkParams;
  files: ChainFiles;
  commitBytes: number | undefined;
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
  readonly #sources = new Map<string, string>();
  /** Blocks that have no verdict yet: theirs will say it if they turn out invalid. */
  readonly #unjudged = new Set<BlockNode>();
  readonly #rejections = new WeakMap<BlockNode, Rejection>();

  constructor(options: BlockIntakeOptions) {
    this.#options = options;
    this.#queue = new WriterQueue({
      seal: async () => {
        const failed = await this.#seal();
        if (failed) await this.#recover(failed);
      },
      flush: () => this.#flush(),
      onFatal: options.onFatal,
    });
  }

  /** Goes on where the last run ended, perhaps midway through a reorganization. */
  async start(): Promise<void> {
    await this.#queue.push(0, false, async () => {
      await activateBestChain(this.#activation());
      return () => undefined;
    });
  }

  /** See Chain.acceptBlock. */
  async accept(block: Block | Uint8Array, options: BlockOptions): Promise<BlockVerdict> {
    const isRaw = block instanceof Uint8Array;
    const header = isRaw ? decodeHeader(block.subarray(0, HEADER_BYTES)) : block.header;
    const hash = hashToHex(header.hash);
    const known = this.#knownVerdict(hash);
    if (known) return known;
    // First of all, so that whatever follows has cost the sender something.
    const lacksWork = checkProofOfWork(header, this.#options.params);
    if (lacksWork) return rejected(lacksWork);
    const early = this.#verdictOnHeader(header, hash, options);
    if (early) return early;
    this.#readmitHeld();
    const bytes = isRaw ? block.length : block.bytes.length;
    return this.#queue.push(bytes, options.durable ?? false, () => this.#judge(block, hash, options));
  }

  /** Forces to disk all that was taken in before, and looks whether held blocks may come in by now. */
  async sync(): Promise<void> {
    this.#readmitHeld();
    await this.#queue.push(0, true, async () => {
      await this.#options.files.sync();
      return () => undefined;
    });
  }

  /** Runs a job between two blocks. Resolves when what it changed is committed and forced to disk. */
  async inTurn(job: () => Promise<void>): Promise<void> {
    await this.#queue.push(0, true, async () => {
      await job();
      return () => undefined;
    });
  }

  /** See Chain.invalidate. */
  async invalidate(node: BlockNode): Promise<void> {
    const obstacle = await this.#queue.push(0, true, async () => {
      const found = await invalidate(node, this.#activation());
      return () => found;
    });
    if (obstacle) throw obstacle;
  }

  /** See Chain.reconsider. */
  async reconsider(node: BlockNode): Promise<void> {
    const obstacle = await this.#queue.push(0, true, async () => {
      const found = await reconsider(node, this.#activation());
      return () => found;
    });
    if (obstacle) throw obstacle;
  }

  /** Takes nothing more, and waits until what was taken is committed. @returns whether all of it is */
  async close(): Promise<boolean> {
    await this.#queue.close();
    // Where a block could not be connected, a commit of those before it may still be under way.
    await this.#options.files.state.settle().catch(() => undefined);
    return !this.#queue.hasFailed;
  }

  /** What the header alone decides, as far as its parent is known by now: the body need not be looked at, nor wait. */
  #verdictOnHeader(header: BlockHeader, hash: string, { requested }: BlockOptions): BlockVerdict | undefined {
    const { tree } = this.#options.files;
    const parent = tree.get(hashToHex(header.previousHash));
    if (!parent) return undefined;
    const rejection = tree.get(hash) ? undefined : this.#checkHeader(header, parent);
    if (rejection) return rejection.code === 'time-too-new' ? undefined : rejected(rejection);
    return requested || this.#isWelcome(header, parent) ? undefined : { status: 'unwanted' };
  }

  /** The rules that need no context, and then those that do. */
  async #judge(
    block: Block | Uint8Array,
    hash: string,
    options: BlockOptions,
  ): Promise<Outcome<BlockVerdict>> {
    // It may have come in by another way while it waited: then it need not be decoded and hashed once more.
    const known = this.#knownVerdict(hash);
    if (known) return this.#outcome(known);
    const decoded = block instanceof Uint8Array ? await decoding(block) : block;
    if ('status' in decoded) return { now: decoded };
    const rejection = await inSlices(checkingBlock(decoded, this.#options.params));
    // At once: the block itself may still come from others, and all that follows waits for it.
    if (rejection && !verdictOf(rejection.code).condemnsHash) return { now: rejected(rejection) };
    return this.#outcome(await this.#take(decoded, hash, rejection, options));
  }

  /** A function of its own: a closure made where the decoded block is at hand would keep it until the commit. */
  #outcome(verdict: BlockVerdict | BlockNode): Outcome<BlockVerdict> {
    if (verdict instanceof BlockNode) return () => this.#verdictOn(verdict);
    return verdict.status === 'known' ? () => verdict : { now: verdict };
  }

  #knownVerdict(hash: string): BlockVerdict | undefined {
    const node = this.#options.files.tree.get(hash);
    if (node?.isInvalid) return rejected(knownInvalid(node));
    return node?.hadBody ? { status: 'known', node } : undefined;
  }

  /**
   * Takes one block, in its turn: context, body, and then whatever chain is now the best. Returns its node where the verdict
   * is still to come.
   */
  async #take(
    block: Block,
    hash: string,
    condemned: Rejection | undefined,
    options: BlockOptions,
  ): Promise<BlockVerdict | BlockNode> {
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
      tree.markInvalid(node, 'rule', state.tip);
      return rejected(rejection);
    }
    this.#rememberSource(hash, options.source);
    state.addBody(node, block);
    this.#unjudged.add(node);
    await activateBestChain(this.#activation({ node, block }));
    // Not awaited: they stand behind this one in the same queue.
    for (const child of this.#orphans.takeChildren(hash)) {
      this.#readmit(child.block, { requested: false, source: child.source });
    }
    return node;
  }

  #verdictOn(node: BlockNode): BlockVerdict {
    this.#unjudged.delete(node);
    const rejection = this.#rejections.get(node);
    if (rejection) return rejected(rejection);
    if (node.isInvalid) return rejected(childOfInvalid(node.parent!));
    const isActive = isAncestorOrSelf(node, this.#options.files.state.committedTip);
    return { status: isActive ? 'connected' : 'stored', node };
  }

  #checkHeader(header: BlockHeader, parent: BlockNode) {
    const { params, clockSec } = this.#options;
    return checkHeaderAfter(header, parent, { params, nowSec: clockSec() });
  }

  #keepOrphan(block: Block, hash: string, { source, isProven }: BlockOptions): BlockVerdict {
    this.#orphans.add(block, { source, isProven: isProven ?? false }, this.#options.clockSec());
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

  #activation(received?: { node: BlockNode; block: Block }): ActivationOptions {
    const { state, tree } = this.#options.files;
    return {
      state,
      tree,
      ...(received && { received }),
      onFailed: (failed) => this.#noteFailure(failed),
      sealIfLarge: () => this.#sealIfLarge(),
      settle: async () => (await this.#seal()) ?? state.settle(),
    };
  }

  #noteFailure({ node, rejection }: FailedBlock): void {
    this.#rejections.set(node, rejection);
    if (this.#unjudged.has(node)) return;
    this.#options.onInvalid(node, rejection, this.#sources.get(node.hash) ?? '');
  }

  /**
   * Midway through a reorganization the tip has less work than before, which is no state to tell anyone of; but the blocks
   * of a very deep one would not fit into memory, and those are told of it in parts.
   */
  async #sealIfLarge(): Promise<FailedBlock | undefined> {
    const { files, commitBytes = MAX_COMMIT_BYTES } = this.#options;
    const { state } = files;
    const isMidway = state.tip.chainWork < state.sealedTip.chainWork;
    const isLarge = !isMidway && state.pendingBytes >= commitBytes;
    return isLarge || state.changeBytes >= MAX_CHANGE_BYTES ? this.#seal() : undefined;
  }

  /** Begins to commit what has happened so far; then all who follow the chain are told, and those who wait for verdicts. */
  async #seal(): Promise<FailedBlock | undefined> {
    const { ran, wantsSync } = this.#queue;
    return this.#options.files.state.seal(wantsSync, async (change) => {
      if (change) await this.#options.onCommitted(change);
      this.#queue.settle(ran);
    });
  }

  async #flush(): Promise<void> {
    for (;;) {
      const failed = await this.#activation().settle();
      if (!failed) return;
      await this.#recover(failed);
    }
  }

  async #recover(failed: FailedBlock): Promise<void> {
    const activation = this.#activation();
    condemn(failed, activation);
    await activateBestChain(activation);
  }

  #rememberSource(hash: string, source: string): void {
    this.#sources.set(hash, source);
    if (this.#sources.size > MAX_SOURCES) this.#sources.delete(this.#sources.keys().next().value!);
  }
}

async function decoding(bytes: Uint8Array): Promise<Block | BlockVerdict> {
  try {
    return await inSlices(decodingBlock(bytes));
  } catch (error) {
    if (error instanceof DecodeError) return { status: 'undecodable', reason: error.message };
    throw error;
  }
}

function rejected(rejection: Rejection): BlockVerdict {
  return { status: 'rejected', rejection };
}

function isAncestorOrSelf(node: BlockNode, of: BlockNode): boolean {
  return node.height <= of.height && ancestorAt(of, node.height) === node;
}
