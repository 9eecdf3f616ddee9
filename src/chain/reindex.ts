import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../bytes/atomicFile.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { hashToHex } from '../bytes/hex.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import { type BlockHeader, decodeHeader } from '../primitives/header.ts';
import { BLOCKS_FOLDER, BlockStore } from '../store/blockStore.ts';
import { CHAIN_FOLDER } from '../store/chainStore.ts';
import { Database } from '../store/database.ts';
import { openAnyhow, type SalvagedHeaders, salvageHeaders } from '../store/salvageHeaders.ts';
import { DatabaseDamagedError, DatabaseForeignError } from '../store/storeErrors.ts';
import type { BlockVerdict } from './blockVerdict.ts';
import { Chain } from './chain.ts';
import type { ChainOptions } from './openChainFiles.ts';

/** The blocks as they were, while the databases are made anew from them. It is gone when all is done. */
const OLD_FOLDER = 'blocks.old';
/** The database as it was: it alone knows the headers of blocks that were pruned, and which ones the owner will not have. */
const OLD_CHAIN_FOLDER = 'chain.old';
/** The same when they are needed no more: emptied in place, what is left of them would pass for all of them after a kill. */
const DONE_FOLDER = 'blocks.done';
/** Blocks handed to the chain and not committed yet. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 8_000_000;

export type ReindexResult = Readonly<{
  /** Blocks found, and records that were damaged: the network has them. */
  blocks: number;
  damaged: number;
  /** Blocks that were pruned: they, too, come from the network. */
  pruned: number;
  height: number;
}>;

export type ReindexOptions = ChainOptions & {
  onProgress?: (done: number, total: number) => void;
  /** Ends it with the signal's reason, as a kill would. */
  signal?: AbortSignal;
};

type FoundBlock = Readonly<{ id: number; hash: string; parent: string; timeSec: number }>;
/** What lies in `blocks/`. */
type Found = Readonly<{ blocks: readonly FoundBlock[]; damaged: number }>;

/** Whether a reindex was begun and did not come to its end. */
export function isReindexUnfinished(dataDir: string): boolean {
  return existsSync(join(dataDir, OLD_FOLDER));
}

/** Takes away what a reindex that was cut short in its last step has left. */
export async function removeReindexed(dataDir: string): Promise<void> {
  await remove(dataDir, DONE_FOLDER);
  if (!isReindexUnfinished(dataDir)) await remove(dataDir, OLD_CHAIN_FOLDER);
}

async function remove(dataDir: string, folder: string): Promise<void> {
  await rm(join(dataDir, folder), { recursive: true, force: true });
}

/**
 * Makes the chain's database anew from the stored blocks, every rule checked again: the mend for one that is damaged.
 * Blocks that are gone, or damaged themselves, are left for the network to bring. Those behind them are kept where the old
 * database still knows the headers in between. A kill at any moment is made good by another call.
 * @throws DatabaseInUseError, DatabaseForeignError; nothing was touched then
 */
export async function reindex(options: ReindexOptions): Promise<ReindexResult> {
  const { dataDir, params } = options;
  await removeReindexed(dataDir);
  const isSecond = existsSync(join(dataDir, OLD_CHAIN_FOLDER));
  const headers = await salvageHeaders(dataDir, isSecond ? OLD_CHAIN_FOLDER : CHAIN_FOLDER, params);
  const source = isReindexUnfinished(dataDir) ? OLD_FOLDER : BLOCKS_FOLDER;
  let { old, found } = await openSource(dataDir, source, options.signal);
  try {
    expectOwnBlocks(join(dataDir, source), found, headers, options);
    if (source === BLOCKS_FOLDER) {
      await old.close();
      await rename(join(dataDir, BLOCKS_FOLDER), join(dataDir, OLD_FOLDER));
      old = await BlockStore.open(dataDir, OLD_FOLDER);
    } else await remove(dataDir, BLOCKS_FOLDER);
    if (isSecond) await remove(dataDir, CHAIN_FOLDER);
    else if (existsSync(join(dataDir, CHAIN_FOLDER)))
      await rename(join(dataDir, CHAIN_FOLDER), join(dataDir, OLD_CHAIN_FOLDER));
    const result = await rebuild(options, old, found, headers);
    await old.close();
    await rename(join(dataDir, OLD_FOLDER), join(dataDir, DONE_FOLDER));
    await syncFolder(dataDir);
    await removeReindexed(dataDir);
    return result;
  } catch (error) {
    await old.close();
    throw error;
  }
}

/** Opens the blocks and reads them all, with a repair in between where LevelDB itself stumbles over them. */
async function openSource(
  dataDir: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ old: BlockStore; found: Found }> {
  await (await openAnyhow(dataDir, folder)).close();
  const old = await BlockStore.open(dataDir, folder);
  try {
    return { old, found: await findBlocks(old, signal) };
  } catch (error) {
    await old.close();
    if (!(error instanceof DatabaseDamagedError)) throw error;
  }
  await Database.repair(dataDir, folder);
  const repaired = await BlockStore.open(dataDir, folder);
  try {
    return { old: repaired, found: await findBlocks(repaired, signal) };
  } catch (error) {
    await repaired.close();
    throw error;
  }
}

/** All blocks, in the order in which they were stored. */
async function findBlocks(old: BlockStore, signal: AbortSignal | undefined): Promise<Found> {
  const blocks: FoundBlock[] = [];
  let damaged = 0;
  for await (const id of old.ids()) {
    signal?.throwIfAborted();
    const block = await readBlock(old, id);
    if (block === 'damaged') damaged++;
    if (typeof block === 'string') continue;
    const { hash, previousHash, timeSec } = block.header;
    blocks.push({ id, hash: hashToHex(hash), parent: hashToHex(previousHash), timeSec });
  }
  return { blocks, damaged };
}

/** Undo data lies among the blocks, and is none. */
async function readBlock(old: BlockStore, id: number): Promise<Block | 'undo' | 'damaged'> {
  try {
    return decodeBlock(await old.read(id));
  } catch (error) {
    if (error instanceof DecodeError) return 'undo';
    if (error instanceof DatabaseDamagedError) return 'damaged';
    throw error;
  }
}

/** What is made anew is thrown away first: it must not be somebody else's. @throws DatabaseForeignError */
function expectOwnBlocks(
  folder: string,
  { blocks }: Found,
  { isOwnNetwork }: SalvagedHeaders,
  { params }: ChainOptions,
): void {
  if (isOwnNetwork || blocks.length === 0) return;
  if (blocks.some(({ parent }) => parent === params.genesisHash)) return;
  throw new DatabaseForeignError(
    `${folder}: none of its ${blocks.length} blocks follows the genesis block of ${params.name}. ` +
      'If they are not those of another network, remove the folder: the network has them all',
  );
}

async function rebuild(
  options: ReindexOptions,
  old: BlockStore,
  found: Found,
  salvaged: SalvagedHeaders,
): Promise<ReindexResult> {
  const { pruned, condemned } = salvaged;
  const headers = salvaged.headers.map(decodeHeader);
  const chain = await Chain.open({ ...options, clockSec: clockFor(options, found, headers) });
  try {
    for (const header of headers) chain.acceptHeaders([header]);
    // A kill from here on finds them again.
    if (headers.length > 0) await chain.sync();
    const order = orderOf(found, chain);
    await feed(chain, old, order, options);
    for (const hash of condemned) {
      const node = chain.node(hash);
      if (node !== undefined && !node.isInvalid) await chain.invalidate(node);
    }
    return { blocks: order.length, damaged: found.damaged, pruned, height: chain.tip.height };
  } finally {
    await chain.close();
  }
}

/** Not behind the newest of what was taken in before: our clock may have been set back since. */
function clockFor(options: ChainOptions, { blocks }: Found, headers: readonly BlockHeader[]): () => number {
  const { clockSec = () => Math.floor(Date.now() / 1000) } = options;
  let newestSec = 0;
  for (const { timeSec } of blocks) newestSec = Math.max(newestSec, timeSec);
  for (const { timeSec } of headers) newestSec = Math.max(newestSec, timeSec);
  return () => Math.max(clockSec(), newestSec);
}

/** The ids of all blocks whose ancestors are known by their headers, parents before their children. */
function orderOf({ blocks }: Found, chain: Chain): number[] {
  const children = new Map<string, FoundBlock[]>();
  for (const block of blocks) {
    const siblings = children.get(block.parent);
    if (siblings) siblings.push(block);
    else children.set(block.parent, [block]);
  }
  const order: number[] = [];
  const reached = Array.from(chain.nodes(), ({ hash }) => hash);
  for (const hash of reached) {
    for (const child of children.get(hash) ?? []) {
      order.push(child.id);
      if (!chain.node(child.hash)) reached.push(child.hash);
    }
    // A body that was stored twice, before and after a kill, is followed once.
    children.delete(hash);
  }
  return order;
}

async function feed(
  chain: Chain,
  old: BlockStore,
  order: readonly number[],
  { onProgress = () => undefined, signal }: ReindexOptions,
): Promise<void> {
  const waiting: { bytes: number; verdict: Promise<BlockVerdict> }[] = [];
  let waitingBytes = 0;
  const settleFirst = async () => {
    const { bytes, verdict } = waiting.shift()!;
    expectTaken(await verdict);
    waitingBytes -= bytes;
  };
  for (const [done, id] of order.entries()) {
    signal?.throwIfAborted();
    const block = await old.read(id);
    const verdict = chain.acceptBlock(block, { requested: true, source: 'reindex' });
    // Awaited in its turn; until then a failure must not count as unhandled.
    verdict.catch(() => undefined);
    waiting.push({ bytes: block.length, verdict });
    waitingBytes += block.length;
    while (waiting.length >= MAX_WAITING || waitingBytes > MAX_WAITING_BYTES) await settleFirst();
    onProgress(done, order.length);
  }
  while (waiting.length > 0) await settleFirst();
  onProgress(order.length, order.length);
}

/** The stored blocks are deleted after this: one that is left out without having broken a rule would be lost. */
function expectTaken({ status }: BlockVerdict): void {
  if (status === 'connected' || status === 'stored' || status === 'known' || status === 'rejected') return;
  throw new Error(`a stored block could not be taken in again (${status}); the blocks are in ${OLD_FOLDER}`);
}
