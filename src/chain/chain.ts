import { hashToHex, hexToHash } from '../bytes/hex.ts';
import { sha256d } from '../bytes/sha256.ts';
import { checkBlock, checkBlockContext } from '../consensus/checkBlock.ts';
import type { Coin } from '../consensus/coin.ts';
import { ancestorAt, medianTime } from '../consensus/headerNode.ts';
import type { Rejection } from '../consensus/rejection.ts';
import { verdictOf } from '../consensus/verdict.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Block } from '../primitives/block.ts';
import type { BlockHeader } from '../primitives/header.ts';
import {
  decodeTransaction,
  type Outpoint,
  outpointKey,
  type Transaction,
} from '../primitives/transaction.ts';
import { activateBestChain } from './activateBestChain.ts';
import { ActiveChain, locatorFrom } from './activeChain.ts';
import { type BlockNode, workOfBits } from './blockNode.ts';
import { BlockOrphans } from './blockOrphans.ts';
import { type ChainChange, ChangeLog } from './chainChange.ts';
import { acceptHeaders, checkHeaderAfter, type HeadersResult, previewHeaders } from './headerAcceptance.ts';
import { type ChainFiles, type ChainOptions, openChainFiles } from './openChainFiles.ts';
import { WriterQueue } from './writerQueue.ts';

/** What became of a block. All but `rejected` and `unwanted` say that it was taken, or need not be. */
export type BlockVerdict =
  | Readonly<{ status: 'connected'; node: BlockNode }>
  /** On a side branch, or some of its ancestors' bodies are missing. */
  | Readonly<{ status: 'stored'; node: BlockNode }>
  | Readonly<{ status: 'known'; node: BlockNode }>
  /** Kept in memory for a while; `missing` is the hash of the block to ask for. */
  | Readonly<{ status: 'orphan'; missing: string }>
  /** Its time is too far ahead of our clock: it may be sent again later. */
  | Readonly<{ status: 'held' }>
  /** Nobody asked for it, and its chain has too little work or is too far ahead. */
  | Readonly<{ status: 'unwanted' }>
  | Readonly<{ status: 'rejected'; rejection: Rejection }>;

export type BlockOptions = Readonly<{
  /** Whether we asked for it, or made it: others are kept only when their chain could win. */
  requested: boolean;
  /** Who sent it, for the quotas of the orphan pool and for the blame when it fails later. */
  source: string;
  /** Forced to disk before the verdict is given. */
  durable?: boolean;
}>;

export type InvalidBlockListener = (node: BlockNode, rejection: Rejection, source: string) => void;

/** How far above the tip a block may be that nobody asked for. */
const MAX_UNASKED_AHEAD = 288;
/** Bytes of changes that one commit gathers while more blocks wait. */
const MAX_COMMIT_BYTES = 16_000_000;
/** Bytes of blocks, decoded in memory, that one change may bring to those who follow the chain. */
const MAX_CHANGE_BYTES = 64_000_000;
/** Bodies whose sender is remembered until they are connected. */
const MAX_SOURCES = 10_000;

/**
 * The chain: all headers, the active chain, its coins, and the one door through which blocks come in. Blocks are taken one
 * at a time; while more wait, they share commits. Readers see the last commit.
 */
export class Chain {
  readonly params: NetworkParams;
  readonly #files: ChainFiles;
  readonly #clockSec: () => number;
  readonly #active: ActiveChain;
  readonly #orphans = new BlockOrphans();
  readonly #queue: WriterQueue;
  readonly #log = new ChangeLog();
  readonly #sources = new Map<string, string>();
  readonly #changeListeners: ((change: ChainChange) => Promise<void> | void)[] = [];
  readonly #invalidListeners: InvalidBlockListener[] = [];

  private constructor(options: ChainOptions, files: ChainFiles) {
    this.params = options.params;
    this.#files = files;
    this.#clockSec = options.clockSec ?? (() => Math.floor(Date.now() / 1000));
    this.#active = new ActiveChain(files.state.tip);
    this.#queue = new WriterQueue((sync) => this.#commit(sync), options.onFatal);
  }

  /**
   * Opens or creates the databases in `dataDir` and makes the best chain that they hold the active one.
   * @throws DatabaseInUseError, DatabaseForeignError, DatabaseDamagedError
   */
  static async open(options: ChainOptions): Promise<Chain> {
    const files = await openChainFiles(options);
    const chain = new Chain(options, files);
    try {
      await chain.#queue.push(0, false, () => chain.#activate());
    } catch (error) {
      await files.close();
      throw error;
    }
    return chain;
  }

  /** The end of the active chain: all of it validated and committed. */
  get tip(): BlockNode {
    return this.#active.tip;
  }

  /** The valid header with the most work; its block may not be here yet. */
  get bestHeader(): BlockNode {
    return this.#files.tree.bestHeader;
  }

  /** How many coins there are, and their running hash in hex. */
  get coinSet(): { coinCount: number; coinSetHash: string } {
    const { coinCount, coinSetHash } = this.#files.store;
    return { coinCount, coinSetHash };
  }

  node(hash: string): BlockNode | undefined {
    return this.#files.tree.get(hash);
  }

  /** Every header known, parents before their children. */
  nodes(): Iterable<BlockNode> {
    return this.#files.tree.nodes();
  }

  /** The block of the active chain at this height. */
  nodeAt(height: number): BlockNode | undefined {
    return this.#active.at(height);
  }

  isActive(node: BlockNode): boolean {
    return this.#active.contains(node);
  }

  hasBody(node: BlockNode): boolean {
    return node.hasBody;
  }

  /** The clock of rules about time: the median of the last eleven blocks' (BIP113). */
  medianTime(node: BlockNode): number {
    return medianTime(node);
  }

  /** Hashes in wire order by which a peer finds the last block that it has in common with `from`; at most 101. */
  locator(from: BlockNode): Uint8Array[] {
    return locatorFrom(from);
  }

  /** Up to `max` blocks of the active chain that follow the first known hash of the locator, up to and with `stopHash`. */
  headersAfter(locator: readonly Uint8Array[], stopHash: Uint8Array | undefined, max: number): BlockNode[] {
    const stop = stopHash && hashToHex(stopHash);
    const known = locator
      .map((hash) => this.node(hashToHex(hash)))
      .find((node) => node && this.isActive(node));
    const nodes: BlockNode[] = [];
    for (let height = (known?.height ?? 0) + 1; nodes.length < max; height++) {
      const node = this.nodeAt(height);
      if (!node) break;
      nodes.push(node);
      if (node.hash === stop) break;
    }
    return nodes;
  }

  /** Checks headers in their context without keeping them; `from` is the last node of an earlier preview. */
  previewHeaders(headers: readonly BlockHeader[], from?: BlockNode): HeadersResult {
    return previewHeaders(headers, from, this.#headerOptions());
  }

  /** Checks headers and adds them to the tree; on disk with the next commit. */
  acceptHeaders(headers: readonly BlockHeader[]): HeadersResult {
    return acceptHeaders(headers, this.#headerOptions());
  }

  /** The lowest blocks, at most `max`, that are missing on the way from the active chain to this header. */
  missingBodies(towards: BlockNode, max: number): BlockNode[] {
    const missing: BlockNode[] = [];
    let from = this.#active.forkPoint(towards).height;
    while (missing.length < max && from < towards.height) {
      const to = Math.min(towards.height, from + max);
      const span: BlockNode[] = [];
      for (let at = ancestorAt(towards, to); at.height > from; at = at.parent!)
        if (!at.hasBody) span.push(at);
      missing.push(...span.reverse());
      from = to;
    }
    return missing.slice(0, max);
  }

  /**
   * The one door for blocks, whoever brings them. Resolves when the verdict stands and is committed.
   * Rejects with an Error only for our own faults: nobody is to be punished for one.
   */
  async acceptBlock(block: Block, options: BlockOptions): Promise<BlockVerdict> {
    const hash = hashToHex(block.header.hash);
    const known = this.#knownVerdict(hash);
    if (known) return known;
    const rejection = checkBlock(block, this.params);
    if (rejection && !verdictOf(rejection.code).condemnsHash) return { status: 'rejected', rejection };
    return this.#queue.push(block.bytes.length, options.durable ?? false, () =>
      this.#take(block, hash, rejection, options),
    );
  }

  /** The bytes of a block, if its body is here. @throws DatabaseDamagedError */
  async readBlock(hash: string): Promise<Uint8Array | undefined> {
    const node = this.node(hash);
    return node?.hasBody ? this.#files.state.readBody(node) : undefined;
  }

  /** The coins that a block of the active chain spent, in the order of its inputs. */
  async readSpentCoins(node: BlockNode): Promise<Coin[]> {
    return this.#files.state.readUndo(node);
  }

  async readCoin(outpoint: Outpoint): Promise<Coin | undefined> {
    const [coin] = await this.readCoins([outpoint]);
    return coin;
  }

  /** The coins of these outpoints as of the tip, in order; undefined for one that does not exist or is spent. */
  async readCoins(outpoints: readonly Outpoint[]): Promise<(Coin | undefined)[]> {
    const keys = outpoints.map(({ txHash, index }) => outpointKey(txHash, index));
    const coins = await this.#files.store.readCoins(keys);
    return keys.map((key) => coins.get(key));
  }

  /** Every coin as of the last commit at the time of the call. */
  async *coins(): AsyncGenerator<{ outpoint: Outpoint; coin: Coin }> {
    for await (const { txHash, index, coin } of this.#files.store.coins())
      yield { outpoint: { txHash, index }, coin };
  }

  /** Counts the coins anew and compares them with what the commits kept count of. */
  async recountCoins(): Promise<{ coinCount: number; coinSetHash: string }> {
    return this.#files.store.recountCoins();
  }

  get hasTransactionIndex(): boolean {
    return this.#files.hasTransactionIndex;
  }

  /** A transaction of the active chain, through the index. */
  async findTransaction(txid: string): Promise<{ transaction: Transaction; node: BlockNode } | undefined> {
    const location = await this.#files.store.findTransaction(hexToHash(txid));
    const node = location && this.nodeAt(location.height);
    if (!node) return undefined;
    const body = await this.#files.state.readBody(node);
    const bytes = Uint8Array.from(body.subarray(location.offset, location.offset + location.length));
    // The index is of the last commit, and a commit may have come between: then it is another block's.
    return hashToHex(sha256d(bytes)) === txid ? { transaction: decodeTransaction(bytes), node } : undefined;
  }

  /**
   * Called after every commit that moved the tip, in the order of registration, each awaited before the next.
   * A listener must not wait for acceptBlock: the writer waits for the listener.
   */
  onChange(listener: (change: ChainChange) => Promise<void> | void): void {
    this.#changeListeners.push(listener);
  }

  /** Called when a block that was stored earlier turns out invalid on the way into the chain. */
  onInvalidBlock(listener: InvalidBlockListener): void {
    this.#invalidListeners.push(listener);
  }

  /** Forces to disk all that is committed. */
  async sync(): Promise<void> {
    await this.#queue.push(0, true, () => this.#files.sync());
  }

  /** Finishes the blocks that wait, writes everything, and lets go of the files. */
  async close(): Promise<void> {
    await this.#queue.close();
    await this.#files.close();
  }

  #headerOptions() {
    return { tree: this.#files.tree, params: this.params, nowSec: this.#clockSec() };
  }

  #knownVerdict(hash: string): BlockVerdict | undefined {
    const node = this.node(hash);
    if (node?.isInvalid) return { status: 'rejected', rejection: { code: 'duplicate-invalid', hash } };
    return node?.hasBody ? { status: 'known', node } : undefined;
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
    const parent = this.node(hashToHex(block.header.previousHash));
    if (!parent)
      return condemned
        ? { status: 'rejected', rejection: condemned }
        : this.#keepOrphan(block, hash, options);
    const headerRejection = this.node(hash)
      ? undefined
      : checkHeaderAfter(block.header, parent, this.#headerOptions());
    if (headerRejection?.code === 'time-too-new') return { status: 'held' };
    if (headerRejection) return { status: 'rejected', rejection: headerRejection };
    if (!options.requested && !this.#isWelcome(block.header, parent)) {
      return condemned ? { status: 'rejected', rejection: condemned } : { status: 'unwanted' };
    }

    const node = this.node(hash) ?? this.#files.tree.add(block.header, parent);
    const rejection = condemned ?? checkBlockContext(block, node.height, medianTime(parent));
    if (rejection) {
      this.#files.tree.markInvalid(node);
      return { status: 'rejected', rejection };
    }
    this.#rememberSource(hash, options.source);
    this.#files.state.addBody(node, block);
    const invalid = await this.#activate({ node, block });
    // Not awaited: they stand behind this one in the same queue.
    for (const child of this.#orphans.takeChildren(hash)) this.#readmit(child.block, child.source);
    const own = invalid.get(node);
    if (own) return { status: 'rejected', rejection: own };
    return { status: isAncestorOrSelf(node, this.#files.state.tip) ? 'connected' : 'stored', node };
  }

  #keepOrphan(block: Block, hash: string, { source }: BlockOptions): BlockVerdict {
    this.#orphans.add(block, source, this.#clockSec());
    return { status: 'orphan', missing: this.#orphans.missingAncestor(hash) };
  }

  #readmit(block: Block, source: string): void {
    this.acceptBlock(block, { requested: false, source }).then(
      (verdict) => {
        if (verdict.status !== 'rejected') return;
        const parent = this.node(hashToHex(block.header.previousHash));
        const node = this.node(hashToHex(block.header.hash)) ?? parent;
        if (node) for (const listener of this.#invalidListeners) listener(node, verdict.rejection, source);
      },
      // A fault of ours has already stopped the queue, and who asked next was told.
      () => undefined,
    );
  }

  /** A block out of the blue is kept only when its chain may become ours soon: filling our disk costs work. */
  #isWelcome(header: BlockHeader, parent: BlockNode): boolean {
    const { tip } = this.#files.state;
    const work = parent.chainWork + workOfBits(header.bits);
    return work >= tip.chainWork && parent.height + 1 <= tip.height + MAX_UNASKED_AHEAD;
  }

  async #activate(received?: { node: BlockNode; block: Block }): Promise<Map<BlockNode, Rejection>> {
    const invalid = new Map<BlockNode, Rejection>();
    await activateBestChain({
      state: this.#files.state,
      tree: this.#files.tree,
      log: this.#log,
      ...(received && { received }),
      onInvalid: (node, rejection) => {
        invalid.set(node, rejection);
        if (node === received?.node) return;
        const source = this.#sources.get(node.hash);
        for (const listener of this.#invalidListeners) listener(node, rejection, source ?? '');
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
    const { state } = this.#files;
    const isMidway = state.tip.chainWork < this.#active.tip.chainWork;
    const isLarge = !isMidway && state.pendingBytes >= MAX_COMMIT_BYTES;
    if (isLarge || this.#log.bytes >= MAX_CHANGE_BYTES) await this.#commit(false);
  }

  #rememberSource(hash: string, source: string): void {
    this.#sources.set(hash, source);
    if (this.#sources.size > MAX_SOURCES) this.#sources.delete(this.#sources.keys().next().value!);
  }

  /** One atomic commit; then all who follow the chain are told, in order. */
  async #commit(sync: boolean): Promise<void> {
    const { state } = this.#files;
    await state.commit(sync);
    if (state.tip === this.#active.tip) return;
    this.#active.setTip(state.tip);
    const change = this.#log.take(state.tip);
    for (const listener of this.#changeListeners) await listener(change);
  }
}

function isAncestorOrSelf(node: BlockNode, of: BlockNode): boolean {
  return node.height <= of.height && ancestorAt(of, node.height) === node;
}
