import { breathe } from '../bytes/breathe.ts';
import type { Coin } from '../consensus/coin.ts';
import {
  beginConnecting,
  connectTransactions,
  disconnectBlock,
  finishConnecting,
  isConnected,
  nextCoinKeys,
} from '../consensus/connectBlock.ts';
import { ancestorAt, medianTime } from '../consensus/headerNode.ts';
import type { Rejection } from '../consensus/rejection.ts';
import type { VerifyPool } from '../crypto/verifyPool.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import type { Transaction } from '../primitives/transaction.ts';
import type { BlockStore } from '../store/blockStore.ts';
import type { ChainStore } from '../store/chainStore.ts';
import { decodeUndo, encodeUndo } from '../store/coinCodec.ts';
import type { DiskSpace } from '../store/diskSpace.ts';
import type { BlockNode } from './blockNode.ts';
import type { BlockTree } from './blockTree.ts';
import { PendingCommit } from './pendingCommit.ts';

export type ChainStateParts = Readonly<{
  params: NetworkParams;
  store: ChainStore;
  blocks: BlockStore;
  tree: BlockTree;
  verifyPool: VerifyPool;
  hasTransactionIndex: boolean;
  /** Transactions whose signatures were verified on their way into the mempool. */
  isVerified: (transaction: Transaction) => boolean;
  diskSpace: DiskSpace | undefined;
}>;

/** A block that spends what is not there costs its maker work; reading all coins for it, once in so long, is no attack. */
const CHECK_COINS_MS = 3_600_000;

/**
 * The coins and the tip as they are while blocks are connected: the database and, on top of it, what is not committed yet.
 * Only the single writer (chain.ts) calls it, one call at a time.
 */
export class ChainState {
  readonly #parts: ChainStateParts;
  #tip: BlockNode;
  #committedTip: BlockNode;
  #pending = new PendingCommit();
  #coinsCheckedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ChainStateParts, tip: BlockNode) {
    this.#parts = parts;
    this.#tip = tip;
    this.#committedTip = tip;
  }

  get tip(): BlockNode {
    return this.#tip;
  }

  /** Bytes, about, that wait for the next commit. */
  get pendingBytes(): number {
    return this.#pending.bytes;
  }

  /** Keeps a body until the next commit writes it. */
  addBody(node: BlockNode, block: Block): void {
    const bodyId = this.#parts.blocks.newId();
    this.#pending.addRecord(bodyId, block.bytes);
    const { bytes, transactions } = block;
    this.#parts.tree.setBody(node, {
      bodyId,
      bodyBytes: bytes.length,
      transactionCount: transactions.length,
    });
  }

  /** The bytes of a block whose body is here. */
  async readBody(node: BlockNode): Promise<Uint8Array> {
    const [body] = await this.readBodies([node]);
    return body!;
  }

  /** The bytes of blocks whose bodies are here, in the same order. */
  async readBodies(nodes: readonly BlockNode[]): Promise<Uint8Array[]> {
    const here = nodes.map((node) => this.#bodyInMemory(node));
    const unread = nodes.filter((_, i) => here[i] === undefined);
    const read = await this.#parts.blocks.readMany(
      unread.map(({ bodyId, bodyBytes }) => ({ id: bodyId, bytes: bodyBytes })),
    );
    let at = 0;
    return here.map((body) => body ?? read[at++]!);
  }

  /** A part of a committed body, without the rest of it. */
  async readBodyPart(node: BlockNode, offset: number, length: number): Promise<Uint8Array> {
    return this.#parts.blocks.readPart(node.bodyId, offset, length);
  }

  /** The coins that a connected block spent, in the order of its inputs. */
  async readUndo(node: BlockNode): Promise<Coin[]> {
    return node.undoId === 0 ? [] : decodeUndo(await this.#readRecord(node.undoId));
  }

  /** Puts the block on top of the tip, or says why it cannot be there; then nothing has changed. */
  async connect(node: BlockNode, block: Block): Promise<Rejection | undefined> {
    const { params, tree, verifyPool, isVerified, blocks } = this.#parts;
    const parent = node.parent!;
    const medianTimeAt = (height: number) => medianTime(ancestorAt(parent, height));
    const context = { height: node.height, medianTimeSec: medianTime(parent), medianTimeAt, params };
    const connection = beginConnecting(block, context, isVerified);
    const verdicts: Promise<number | undefined>[] = [];
    let rejection: Rejection | undefined;
    while (!rejection && !isConnected(connection)) {
      const result = connectTransactions(connection, await this.#readCoins(nextCoinKeys(connection)));
      if ('rejection' in result) rejection = result.rejection;
      else if (result.checks.length > 0) verdicts.push(handled(verifyPool.verify(result.checks)));
      await breathe();
    }
    rejection ??= finishConnecting(connection);
    const failing = (await Promise.all(verdicts)).find((input) => input !== undefined);
    if (failing !== undefined) rejection ??= { code: 'bad-signature', input: failing };
    if (rejection) return rejection;

    const undoId = blocks.newId();
    const undo = encodeUndo(connection.spent);
    this.#pending.addRecord(undoId, undo);
    tree.setUndo(node, undoId, undo.length);
    this.#pending.addCoins(connection.changes);
    if (this.#parts.hasTransactionIndex) this.#pending.indexTransactions(block, node.height);
    this.#tip = node;
    return undefined;
  }

  /** Takes the tip off; its parent is the tip then. Returns the block. */
  async disconnect(): Promise<Block> {
    const node = this.#tip;
    const block = decodeBlock(await this.readBody(node));
    const spent = await this.readUndo(node);
    this.#pending.addCoins(disconnectBlock(block, node.height, spent));
    if (this.#parts.hasTransactionIndex) this.#pending.unindexTransactions(block);
    this.#tip = node.parent!;
    return block;
  }

  /**
   * Counts all coins again, unless that was done lately: one that damage made disappear must not make a good block look bad,
   * and its sender a liar. @throws DatabaseDamagedError
   */
  async checkCoins(): Promise<void> {
    if (performance.now() - this.#coinsCheckedAtMs < CHECK_COINS_MS) return;
    this.#coinsCheckedAtMs = performance.now();
    await this.#parts.store.checkCoins();
  }

  /** Writes all that is pending: the bodies first, then one atomic batch that mentions them. */
  async commit(sync: boolean): Promise<void> {
    const { store, blocks, tree, diskSpace } = this.#parts;
    const { records, coins, transactions } = this.#pending;
    const dirty = tree.takeDirty();
    if (records.size === 0 && dirty.size === 0 && this.#tip === this.#committedTip) return;
    await diskSpace?.expectRoom(this.#pending.bytes);
    // Always forced to disk: after a power cut no commit may mention what is not there.
    if (records.size > 0) await blocks.write(records, true);
    const tipBefore = this.#committedTip.hashBytes;
    const headers = [...dirty].map((node) => ({ height: node.height, hash: node.hashBytes, record: node }));
    await store.commit({ tipBefore, tip: this.#tip.hashBytes, coins, headers, transactions }, sync);
    this.#committedTip = this.#tip;
    this.#pending = new PendingCommit();
  }

  async #readCoins(keys: readonly string[]): Promise<Map<string, Coin>> {
    const coins = new Map<string, Coin>();
    const unknown: string[] = [];
    for (const key of keys) {
      const pending = this.#pending.coin(key);
      if (!pending) unknown.push(key);
      else if (pending.coin) coins.set(key, pending.coin);
    }
    if (unknown.length === 0) return coins;
    const stored = await this.#parts.store.readCoins(unknown);
    for (const [key, coin] of coins) stored.set(key, coin);
    return stored;
  }

  #bodyInMemory({ parent, bodyId }: BlockNode): Uint8Array | undefined {
    return parent ? this.#pending.records.get(bodyId) : this.#parts.params.genesis.bytes;
  }

  async #readRecord(id: number): Promise<Uint8Array> {
    return this.#pending.records.get(id) ?? (await this.#parts.blocks.read(id));
  }
}

/** The same promise, which may now reject before anyone waits for it without ending the process. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
