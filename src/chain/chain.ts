import { hashToHex, hexToHash } from '../bytes/hex.ts';
import { sha256d } from '../bytes/sha256.ts';
import type { Coin } from '../consensus/coin.ts';
import { ancestorAt, medianTime } from '../consensus/headerNode.ts';
import type { Rejection } from '../consensus/rejection.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Block } from '../primitives/block.ts';
import type { BlockHeader } from '../primitives/header.ts';
import { decodeTransaction, type Outpoint, type Transaction } from '../primitives/transaction.ts';
import { decodeCoin } from '../store/coinCodec.ts';
import type { DatabaseStats } from '../store/databaseStats.ts';
import { DatabaseDamagedError, DiskError } from '../store/storeErrors.ts';
import { ActiveChain, locatorFrom } from './activeChain.ts';
import { BlockIntake } from './blockIntake.ts';
import type { BlockNode } from './blockNode.ts';
import type { BlockOptions, BlockVerdict } from './blockVerdict.ts';
import type { ChainChange } from './chainChange.ts';
import { acceptHeaders, type HeadersResult } from './headerAcceptance.ts';
import type { HeaderPreview, PreviewResult } from './headerPreview.ts';
import { type ChainFiles, type ChainOptions, openChainFiles } from './openChainFiles.ts';
import { lowestKept, type PruneOptions, Pruner } from './pruner.ts';

export type InvalidBlockListener = (node: BlockNode, rejection: Rejection, source: string) => void;

/** The coins as of a block; the hash over them in hex. */
export type CoinScan = Readonly<{ tip: BlockNode; coinCount: number; coinSetHash: string }>;

/**
 * The chain: all headers, the active chain, its coins, and the one door through which blocks come in. Blocks are taken one
 * at a time; while more wait, they share commits. Readers see the last commit.
 */
export class Chain {
  readonly params: NetworkParams;
  readonly #files: ChainFiles;
  readonly #clockSec: () => number;
  readonly #onFatal: ((error: Error) => void) | undefined;
  readonly #active: ActiveChain;
  readonly #intake: BlockIntake;
  readonly #pruning: PruneOptions | undefined;
  readonly #pruner: Pruner | undefined;
  /** The last change, and those who are told of it. */
  #telling: Promise<void> = Promise.resolve();
  readonly #changeListeners: ((change: ChainChange) => Promise<void> | void)[] = [];
  readonly #invalidListeners: InvalidBlockListener[] = [];

  private constructor(options: ChainOptions, files: ChainFiles) {
    this.params = options.params;
    this.#files = files;
    this.#clockSec = options.clockSec ?? (() => Math.floor(Date.now() / 1000));
    this.#onFatal = options.onFatal;
    this.#active = new ActiveChain(files.state.tip);
    this.#intake = new BlockIntake({
      params: options.params,
      files,
      commitBytes: options.commitBytes,
      clockSec: this.#clockSec,
      onFatal: options.onFatal,
      onCommitted: (change) => this.#tell(change),
      onInvalid: (...report) => {
        for (const listener of this.#invalidListeners) listener(...report);
      },
    });
    this.#pruning = options.prune;
    this.#pruner =
      options.prune &&
      new Pruner({
        options: options.prune,
        tree: files.tree,
        blocks: files.blocks,
        active: this.#active,
        inTurn: (job) => this.#intake.inTurn(job),
        onFatal: (error) => this.#onFatal?.(error),
      });
  }

  /**
   * Opens or creates the databases in `dataDir` and makes the best chain that they hold the active one.
   * @throws DatabaseInUseError, DatabaseForeignError, DatabaseDamagedError
   */
  static async open(options: ChainOptions): Promise<Chain> {
    const files = await openChainFiles(options);
    const chain = new Chain(options, files);
    try {
      await chain.#intake.start();
      chain.prune();
    } catch (error) {
      await chain.close();
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

  /** How many headers are known. */
  get headerCount(): number {
    return this.#files.tree.size;
  }

  /** How many of them are of blocks that were never here. */
  get blocklessCount(): number {
    return this.#files.tree.blocklessCount;
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

  /** From this height on every block of the active chain can be read; those before it were pruned. 0 when all can. */
  get lowestHeight(): number {
    return lowestKept(this.#active);
  }

  /** Bytes of all blocks and undo data that are stored. */
  get storedBytes(): number {
    return this.#files.tree.storedBytes;
  }

  /** Whether blocks are deleted, and how many bytes are kept if that happens by itself. */
  get pruning(): PruneOptions | undefined {
    return this.#pruning;
  }

  /** Whoever needed old blocks has read them: deletes those that are too many, in the background. */
  prune(): void {
    this.#pruner?.look();
  }

  /** Deletes the blocks below a height, but none of the newest 288. Returns the lowest height that is kept. */
  async pruneTo(height: number): Promise<number> {
    return this.#pruner === undefined ? this.lowestHeight : this.#pruner.pruneTo(height);
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

  /** Checks headers in their context and adds them to a preview instead of the tree. */
  previewHeaders(headers: readonly BlockHeader[], preview: HeaderPreview): PreviewResult {
    return preview.extend(headers, this.#headerOptions());
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
        if (!at.hadBody) span.push(at);
      missing.push(...span.reverse());
      from = to;
    }
    return missing.slice(0, max);
  }

  /**
   * The one door for blocks, whoever brings them. Resolves when the verdict stands and is committed.
   * Rejects with an Error only for our own faults: nobody is to be punished for one.
   * Bytes are decoded when it is their turn, which takes a sixth of the memory. @throws DecodeError when they hold no header
   */
  acceptBlock(block: Block | Uint8Array, options: BlockOptions): Promise<BlockVerdict> {
    return this.#intake.accept(block, options);
  }

  /**
   * Condemns a block, by its owner's will and until `reconsider`: its chain is left for the best of the others, also after
   * restarts. Not the genesis block. @throws PrunedError when the way back is no longer there
   */
  async invalidate(node: BlockNode): Promise<void> {
    if (node.parent === undefined) throw new RangeError('the genesis block cannot be invalidated');
    await this.#intake.invalidate(node);
  }

  /** Takes back a verdict on a block, its ancestors and its descendants: their rules are asked anew. @throws PrunedError like invalidate */
  async reconsider(node: BlockNode): Promise<void> {
    await this.#intake.reconsider(node);
  }

  /** The bytes of a block, if its body is here. @throws DatabaseDamagedError */
  async readBlock(hash: string): Promise<Uint8Array | undefined> {
    const node = this.node(hash);
    return node?.hasBody ? this.#watched(this.#files.state.readBody(node)) : undefined;
  }

  /**
   * The bytes of blocks, in the same order; undefined for one whose body is not here. The fewer calls, the cheaper.
   * @throws DatabaseDamagedError
   */
  async readBlocks(nodes: readonly BlockNode[]): Promise<(Uint8Array | undefined)[]> {
    const here = nodes.filter(({ hasBody }) => hasBody);
    const bodies = await this.#watched(this.#files.state.readBodies(here));
    const byNode = new Map(here.map((node, i) => [node, bodies[i]!]));
    return nodes.map((node) => byNode.get(node));
  }

  /** The coins that a block of the active chain spent, in the order of its inputs; undefined when it was pruned. */
  async readSpentCoins(node: BlockNode): Promise<Coin[] | undefined> {
    return node.isPruned ? undefined : this.#watched(this.#files.state.readUndo(node));
  }

  async readCoin(outpoint: Outpoint): Promise<Coin | undefined> {
    const [coin] = await this.readCoins([outpoint]);
    return coin;
  }

  /** The coins of these outpoints as of the tip, in order; undefined for one that does not exist or is spent. */
  async readCoins(outpoints: readonly Outpoint[]): Promise<(Coin | undefined)[]> {
    const values = await this.#watched(this.#files.store.readCoins(outpoints));
    return values.map((value) => value && decodeCoin(value));
  }

  /**
   * Shows every coin as of the last commit, all of one transaction together, and says which tip that is. What was shown
   * counts only when this resolves. @throws DatabaseDamagedError
   */
  async scanCoins(visit: (outpoint: Outpoint, coin: Coin) => void): Promise<CoinScan> {
    const { tip, ...coins } = await this.#watched(this.#files.store.scanCoins(visit));
    return { tip: this.node(hashToHex(tip))!, ...coins };
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
    const location = await this.#watched(this.#files.store.findTransaction(hexToHash(txid)));
    const node = location && this.nodeAt(location.height);
    if (!node) return undefined;
    const { offset, length } = location;
    // The index is of the last commit, and a commit may have come between: then it is another block's.
    if (offset + length > node.bodyBytes || !node.hasBody) return undefined;
    // A copy: a view would keep the chunk that it lies in.
    const bytes = Uint8Array.from(await this.#watched(this.#files.state.readBodyPart(node, offset, length)));
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

  /** What LevelDB tells of the two databases. */
  databaseStats(): Readonly<Record<'blocks' | 'chain', DatabaseStats>> {
    return { blocks: this.#files.blocks.stats(), chain: this.#files.store.stats() };
  }

  /** Forces to disk all that is committed. */
  async sync(): Promise<void> {
    await this.#intake.sync();
    this.prune();
  }

  /** Finishes the blocks that wait, writes everything, and lets go of the files. */
  async close(): Promise<void> {
    const isWhole = await this.#intake.close();
    await this.#pruner?.close();
    await this.#files.close(isWhole);
  }

  /** Damage that a reader meets stops the node, as it does when the writer meets it: more may be wrong. */
  async #watched<T>(read: Promise<T>): Promise<T> {
    try {
      return await read;
    } catch (error) {
      if (error instanceof DatabaseDamagedError || error instanceof DiskError) this.#onFatal?.(error);
      throw error;
    }
  }

  #headerOptions() {
    return { tree: this.#files.tree, params: this.params, nowSec: this.#clockSec() };
  }

  /** Resolves when all who follow the chain have heard of what it shows now. */
  async heard(): Promise<void> {
    await this.#telling.catch(() => undefined);
  }

  #tell(change: ChainChange): Promise<void> {
    this.#telling = this.#tellInOrder(change);
    return this.#telling;
  }

  async #tellInOrder(change: ChainChange): Promise<void> {
    this.#active.setTip(change.tip);
    for (const listener of this.#changeListeners) await listener(change);
    this.prune();
  }
}
