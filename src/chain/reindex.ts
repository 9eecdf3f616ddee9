import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DecodeError } from '../bytes/decodeError.ts';
import { hashToHex } from '../bytes/hex.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import { decodeHeader } from '../primitives/header.ts';
import { BLOCKS_FOLDER, BlockStore } from '../store/blockStore.ts';
import { CHAIN_FOLDER } from '../store/chainStore.ts';
import { Database } from '../store/database.ts';
import { openAnyhow, type SalvagedHeaders, salvageHeaders } from '../store/salvageHeaders.ts';
import { DatabaseDamagedError, DatabaseForeignError } from '../store/storeErrors.ts';
import { Chain } from './chain.ts';
import type { ChainOptions } from './openChainFiles.ts';

/** The blocks as they were, while the databases are made anew from them. It is gone when all is done. */
const OLD_FOLDER = 'blocks.old';
/** Blocks handed to the chain and not committed yet. */
const MAX_WAITING = 64;

export type ReindexResult = Readonly<{
  /** Blocks found, and records that were damaged: the network has them. */
  blocks: number;
  damaged: number;
  /** Blocks that were pruned: they, too, come from the network. */
  pruned: number;
  height: number;
}>;

export type ReindexOptions = ChainOptions & { onProgress?: (done: number, total: number) => void };

type FoundBlock = Readonly<{ id: number; hash: string; parent: string }>;
/** What lies in `blocks/`. */
type Found = Readonly<{ blocks: readonly FoundBlock[]; damaged: number }>;

/** Whether a reindex was begun and did not come to its end. */
export function isReindexUnfinished(dataDir: string): boolean {
  return existsSync(join(dataDir, OLD_FOLDER));
}

/**
 * Makes the chain's database anew from the stored blocks, every rule checked again: the mend for one that is damaged.
 * Blocks that are gone, or damaged themselves, are left for the network to bring. Those behind them are kept where the old
 * database still knows the headers in between. A kill at any moment is made good by another call.
 * @throws DatabaseInUseError, DatabaseForeignError; nothing was touched then
 */
export async function reindex(options: ReindexOptions): Promise<ReindexResult> {
  const { dataDir, params } = options;
  const headers = await salvageHeaders(dataDir, params);
  const source = isReindexUnfinished(dataDir) ? OLD_FOLDER : BLOCKS_FOLDER;
  let { old, found } = await openSource(dataDir, source);
  try {
    expectOwnBlocks(join(dataDir, source), found, headers, options);
    if (source === BLOCKS_FOLDER) {
      await old.close();
      await rename(join(dataDir, BLOCKS_FOLDER), join(dataDir, OLD_FOLDER));
      old = await BlockStore.open(dataDir, OLD_FOLDER);
    } else await rm(join(dataDir, BLOCKS_FOLDER), { recursive: true, force: true });
    await rm(join(dataDir, CHAIN_FOLDER), { recursive: true, force: true });
    const result = await rebuild(options, old, found, headers);
    await old.close();
    await rm(join(dataDir, OLD_FOLDER), { recursive: true, force: true });
    return result;
  } catch (error) {
    await old.close();
    throw error;
  }
}

/** Opens the blocks and reads them all, with a repair in between where LevelDB itself stumbles over them. */
async function openSource(dataDir: string, folder: string): Promise<{ old: BlockStore; found: Found }> {
  await (await openAnyhow(dataDir, folder)).close();
  const old = await BlockStore.open(dataDir, folder);
  try {
    return { old, found: await findBlocks(old) };
  } catch (error) {
    await old.close();
    if (!(error instanceof DatabaseDamagedError)) throw error;
  }
  await Database.repair(dataDir, folder);
  const repaired = await BlockStore.open(dataDir, folder);
  try {
    return { old: repaired, found: await findBlocks(repaired) };
  } catch (error) {
    await repaired.close();
    throw error;
  }
}

/** All blocks, in the order in which they were stored. */
async function findBlocks(old: BlockStore): Promise<Found> {
  const blocks: FoundBlock[] = [];
  let damaged = 0;
  for await (const id of old.ids()) {
    const block = await readBlock(old, id);
    if (block === 'damaged') damaged++;
    if (typeof block === 'string') continue;
    const { hash, previousHash } = block.header;
    blocks.push({ id, hash: hashToHex(hash), parent: hashToHex(previousHash) });
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
  { headers, pruned }: SalvagedHeaders,
): Promise<ReindexResult> {
  const chain = await Chain.open(options);
  try {
    for (const bytes of headers) chain.acceptHeaders([decodeHeader(bytes)]);
    // A kill from here on finds them again.
    if (headers.length > 0) await chain.sync();
    const order = orderOf(found, chain);
    await feed(chain, old, order, options.onProgress);
    return { blocks: order.length, damaged: found.damaged, pruned, height: chain.tip.height };
  } finally {
    await chain.close();
  }
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
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  const waiting: Promise<unknown>[] = [];
  for (const [done, id] of order.entries()) {
    const verdict = chain.acceptBlock(await old.read(id), { requested: true, source: 'reindex' });
    // Awaited in its turn; until then a failure must not count as unhandled.
    verdict.catch(() => undefined);
    waiting.push(verdict);
    if (waiting.length >= MAX_WAITING) await waiting.shift();
    onProgress(done, order.length);
  }
  await Promise.all(waiting);
  onProgress(order.length, order.length);
}
