import { breathe, inSlices } from '../bytes/breathe.ts';
import type { Coin } from '../consensus/coin.ts';
import {
  type BlockConnection,
  beginConnecting,
  connectTransactions,
  disconnectingBlock,
  finishConnecting,
  isConnected,
  nextOutpoints,
} from '../consensus/connectBlock.ts';
import { ancestorAt, medianTime } from '../consensus/headerNode.ts';
import type { Rejection } from '../consensus/rejection.ts';
import type { VerifyPool } from '../crypto/verifyPool.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { type Block, decodingBlock } from '../primitives/block.ts';
import type { Outpoint, Transaction } from '../primitives/transaction.ts';
import type { BlockStore } from '../store/blockStore.ts';
import type { ChainStore } from '../store/chainStore.ts';
import { decodeUndo, encodeUndo } from '../store/coinCodec.ts';
import type { DiskSpace } from '../store/diskSpace.ts';
import type { BlockNode } from './blockNode.ts';
import type { BlockTree } from './blockTree.ts';
import type { ChainChange } from './chainChange.ts';
import { HeaderRecords } from './headerRecords.ts';
import { PendingCommit } from './pendingCommit.ts';
import { SignatureDesk } from './signatureDesk.ts';

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
/** A block that cannot stand where it was put. */
export type FailedBlock = Readonly<{ node: BlockNode; rejection: Rejection }>;

type Sealed = Readonly<{
  pending: PendingCommit;
  tip: BlockNode;
  headers: HeaderRecords;
  outcome: Promise<FailedBlock | undefined>;
}>;

/**
 * The coins and the tip as they are while blocks are connected: the database, on top of it what is being committed, and on
 * top of that what came since. A block is connected as soon as its coins are there, on trust, while its signatures and
 * those of the blocks before are still being verified; none is committed before they are. When one fails, all that is not
 * committed is dropped, as after a kill. Only the single writer (blockIntake.ts) calls it, one call at a time.
 */
export class ChainState {
  readonly #parts: ChainStateParts;
  readonly #signatures: SignatureDesk;
  #tip: BlockNode;
  #committedTip: BlockNode;
  #open = new PendingCommit();
  #sealed: Sealed | undefined;
  /** The last one sealed. When it is committed, it remembers what the database holds. */
  #below: PendingCommit | undefined;
  /** Whether the last commit is on disk for good. */
  #isForced = true;
  #coinsCheckedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ChainStateParts, tip: BlockNode) {
    this.#parts = parts;
    this.#signatures = new SignatureDesk(parts.verifyPool, parts.isVerified);
    this.#tip = tip;
    this.#committedTip = tip;
  }

  get tip(): BlockNode {
    return this.#tip;
  }

  /** The tip of the last commit that was begun. */
  get sealedTip(): BlockNode {
    return this.#sealed?.tip ?? this.#committedTip;
  }

  get committedTip(): BlockNode {
    return this.#committedTip;
  }

  /** Bytes, about, that wait for the next commit. */
  get pendingBytes(): number {
    return this.#open.bytes;
  }

  /** Bytes of blocks that the next commit brings to those who follow the chain. */
  get changeBytes(): number {
    return this.#open.log.bytes;
  }

  /** Keeps a body until the next commit writes it. */
  addBody(node: BlockNode, { bytes, transactions }: Block): void {
    const bodyId = this.#parts.blocks.newId();
    this.#open.addRecord(bodyId, bytes);
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
  async readUndo({ undoId }: BlockNode): Promise<Coin[]> {
    if (undoId === 0) return [];
    return decodeUndo(this.#recordInMemory(undoId) ?? (await this.#parts.blocks.read(undoId)));
  }

  /**
   * Puts the block on top of the tip. When a rule forbids that, or a signature of a block before it turns out bad, the tip
   * is the committed one again, and the block that failed is returned.
   */
  async connect(node: BlockNode, block: Block): Promise<FailedBlock | undefined> {
    const parent = node.parent!;
    const medianTimeAt = (height: number) => medianTime(ancestorAt(parent, height));
    const { params } = this.#parts;
    const isVerified = (transaction: Transaction) => this.#signatures.isVerified(transaction);
    const context = { height: node.height, medianTimeSec: medianTime(parent), medianTimeAt, params };
    const connection = beginConnecting(block, context, this.#open.coins, isVerified);
    const answers: Promise<number | undefined>[] = [];
    while (!isConnected(connection)) {
      await this.#loadCoins(nextOutpoints(connection));
      const result = connectTransactions(connection);
      if ('rejection' in result) return this.#fail({ node, rejection: result.rejection });
      if (result.checks.length > 0) answers.push((await this.#signatures.handOut(result.checks)).answer);
      await breathe();
    }
    const rejection = finishConnecting(connection);
    if (rejection) return this.#fail({ node, rejection });
    this.#finish(node, connection, answers);
    return undefined;
  }

  /** Takes the tip off; its parent is the tip then. */
  async disconnect(): Promise<void> {
    const node = this.#tip;
    const block = await inSlices(decodingBlock(await this.readBody(node)));
    await inSlices(disconnectingBlock(block, node.height, await this.readUndo(node), this.#open.coins));
    this.#signatures.noteUndone(block);
    if (this.#parts.hasTransactionIndex) this.#open.unindexTransactions(block);
    this.#open.log.disconnected(node, block);
    this.#tip = node.parent!;
  }

  /**
   * Counts all coins again, unless that was done lately: one that damage made disappear must not make a good block look bad,
   * and its sender a liar. @throws DatabaseDamagedError
   */
  async #checkCoins(): Promise<void> {
    if (performance.now() - this.#coinsCheckedAtMs < CHECK_COINS_MS) return;
    this.#coinsCheckedAtMs = performance.now();
    await this.#parts.store.scanCoins(() => undefined);
  }

  /**
   * Begins to commit all that has happened, once the commit before is done; what comes next goes on top of it.
   * `onCommitted` is called when it is on disk, with the change if the tip moved, and awaited.
   * Returns the block that failed, if one did: then nothing of this is committed, and the tip is the committed one.
   */
  async seal(
    sync: boolean,
    onCommitted: (change: ChainChange | undefined) => Promise<void>,
  ): Promise<FailedBlock | undefined> {
    const failed = await this.settle();
    if (failed) return failed;
    const pending = this.#open;
    const tip = this.#tip;
    const headers = new HeaderRecords(this.#parts.tree.takeDirty(), pending.connected);
    this.#open = new PendingCommit();
    this.#below = pending;
    const outcome = this.#commit(pending, tip, headers, sync, onCommitted);
    // It may fail before anyone waits for it.
    outcome.catch(() => undefined);
    this.#sealed = { pending, tip, headers, outcome };
    return undefined;
  }

  /** Waits for the commit that is under way. Returns the block that failed, like seal. */
  async settle(): Promise<FailedBlock | undefined> {
    if (!this.#sealed) return undefined;
    const { pending, headers, outcome } = this.#sealed;
    const failed = await outcome;
    this.#sealed = undefined;
    if (!failed) return undefined;
    this.#parts.tree.giveBackDirty(headers.nodes);
    this.#dropOpen(pending.records);
    this.#below = undefined;
    return failed;
  }

  async #fail(failed: FailedBlock): Promise<FailedBlock> {
    const earlier = await this.settle();
    if (earlier) return earlier;
    this.#dropOpen(new Map());
    // Perhaps it is our own coins that are not what they were.
    if (failed.rejection.code === 'bad-txns-inputs-missingorspent') await this.#checkCoins();
    return failed;
  }

  /** The bodies stay: they are in the tree. */
  #dropOpen(records: ReadonlyMap<number, Uint8Array>): void {
    this.#open = new PendingCommit(new Map([...records, ...this.#open.records]));
    this.#tip = this.#committedTip;
  }

  #finish(node: BlockNode, connection: BlockConnection, answers: Promise<number | undefined>[]): void {
    const { block, spent } = connection;
    if (spent.length > 0) {
      const undoId = this.#parts.blocks.newId();
      const undo = encodeUndo(spent);
      this.#open.addRecord(undoId, undo);
      this.#parts.tree.setUndo(node, undoId, undo.length);
    }
    this.#parts.tree.touch(node);
    this.#open.connected.add(node);
    if (this.#parts.hasTransactionIndex) this.#open.indexTransactions(block, node.height);
    if (answers.length > 0) {
      const failingInput = firstFailing(answers);
      // Where a worker dies nobody may be waiting for this one yet, or ever.
      failingInput.catch(() => undefined);
      this.#open.unverified.push({ node, failingInput });
    }
    this.#open.log.connected(node, block);
    this.#tip = node;
  }

  async #loadCoins(outpoints: readonly Outpoint[]): Promise<void> {
    const { coins } = this.#open;
    const below = this.#below?.coins;
    const unknown = outpoints.filter(
      (outpoint) => !coins.has(outpoint) && !(below && coins.loadFrom(below, outpoint)),
    );
    const values = await this.#parts.store.readCoins(unknown);
    for (const [i, value] of values.entries()) if (value) coins.load(unknown[i]!, value);
  }

  /** Writes the bodies first, then one atomic batch that mentions them. */
  async #commit(
    pending: PendingCommit,
    tip: BlockNode,
    headers: HeaderRecords,
    sync: boolean,
    onCommitted: (change: ChainChange | undefined) => Promise<void>,
  ): Promise<FailedBlock | undefined> {
    const { unverified, records, coins, transactions, log } = pending;
    for (const { node, failingInput } of unverified) {
      const input = await failingInput;
      if (input !== undefined) return { node, rejection: { code: 'bad-signature', input } };
    }
    const { store, blocks, diskSpace } = this.#parts;
    const tipBefore = this.#committedTip;
    if (records.size > 0 || headers.size > 0 || tip !== tipBefore) {
      await diskSpace?.expectRoom(pending.bytes);
      // Always forced to disk: after a power cut no commit may mention what is not there.
      if (records.size > 0) await blocks.write(records, true);
      await store.commit(
        {
          tipBefore: tipBefore.hashBytes,
          tip: tip.hashBytes,
          coins,
          headers: headers.records(),
          transactions,
        },
        sync,
      );
      this.#isForced = sync;
      records.clear();
    } else if (sync && !this.#isForced) {
      // What is to be forced may have gone with a commit that was begun before anyone asked for that.
      await store.sync();
      this.#isForced = true;
    }
    for (const node of pending.connected) node.wasConnected = true;
    this.#committedTip = tip;
    await onCommitted(tip === tipBefore ? undefined : log.take(tip));
    return undefined;
  }

  #bodyInMemory({ parent, bodyId }: BlockNode): Uint8Array | undefined {
    return parent ? this.#recordInMemory(bodyId) : this.#parts.params.genesis.bytes;
  }

  #recordInMemory(id: number): Uint8Array | undefined {
    return this.#open.records.get(id) ?? this.#below?.records.get(id);
  }
}

/** The lowest failing index of all the answers. */
async function firstFailing(answers: readonly Promise<number | undefined>[]): Promise<number | undefined> {
  return (await Promise.all(answers)).find((input) => input !== undefined);
}
