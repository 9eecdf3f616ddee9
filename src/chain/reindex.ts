import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DecodeError } from '../bytes/decodeError.ts';
import { hashToHex } from '../bytes/hex.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import { BLOCKS_FOLDER, BlockStore } from '../store/blockStore.ts';
import { CHAIN_FOLDER } from '../store/chainStore.ts';
import { DatabaseDamagedError } from '../store/storeErrors.ts';
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
  height: number;
}>;

/** Whether a reindex was begun and did not come to its end. */
export function isReindexUnfinished(dataDir: string): boolean {
  return existsSync(join(dataDir, OLD_FOLDER));
}

/**
 * Makes the chain's database anew from the stored blocks, every rule checked again: the mend for one that is damaged.
 * Blocks that are damaged themselves are left out, with all that builds on them; a node fetches them from the network.
 * A kill at any moment is made good by another call. @throws DatabaseInUseError
 */
export async function reindex(
  options: ChainOptions & { onProgress?: (done: number, total: number) => void },
): Promise<ReindexResult> {
  const { dataDir } = options;
  await setAside(dataDir);
  const old = await BlockStore.open(dataDir, OLD_FOLDER);
  let result: ReindexResult;
  try {
    const { order, damaged } = await findBlocks(old, options.params.genesisHash);
    const chain = await Chain.open(options);
    try {
      await feed(chain, old, order, options.onProgress);
      result = { blocks: order.length, damaged, height: chain.tip.height };
    } finally {
      await chain.close();
    }
  } finally {
    await old.close();
  }
  await rm(join(dataDir, OLD_FOLDER), { recursive: true, force: true });
  return result;
}

async function setAside(dataDir: string): Promise<void> {
  // Opened once, so that nothing is moved away under a running node.
  await (await BlockStore.open(dataDir)).close();
  const blocks = join(dataDir, BLOCKS_FOLDER);
  if (isReindexUnfinished(dataDir)) await rm(blocks, { recursive: true, force: true });
  else await rename(blocks, join(dataDir, OLD_FOLDER));
  await rm(join(dataDir, CHAIN_FOLDER), { recursive: true, force: true });
}

/** The ids of all blocks that hang together from the genesis block on, parents before their children. */
async function findBlocks(
  old: BlockStore,
  genesisHash: string,
): Promise<{ order: number[]; damaged: number }> {
  const children = new Map<string, { id: number; hash: string }[]>();
  let damaged = 0;
  for await (const id of old.ids()) {
    const block = await readBlock(old, id);
    if (block === 'damaged') damaged++;
    if (typeof block === 'string') continue;
    const parent = hashToHex(block.header.previousHash);
    const siblings = children.get(parent) ?? [];
    siblings.push({ id, hash: hashToHex(block.header.hash) });
    children.set(parent, siblings);
  }
  const order: number[] = [];
  const reached = [genesisHash];
  for (const hash of reached) {
    for (const child of children.get(hash) ?? []) {
      order.push(child.id);
      reached.push(child.hash);
    }
    // A body that was stored twice, before and after a kill, is followed once.
    children.delete(hash);
  }
  return { order, damaged };
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

async function feed(
  chain: Chain,
  old: BlockStore,
  order: readonly number[],
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  const waiting: Promise<unknown>[] = [];
  for (const [done, id] of order.entries()) {
    const block = decodeBlock(await old.read(id));
    waiting.push(chain.acceptBlock(block, { requested: true, source: 'reindex' }));
    if (waiting.length >= MAX_WAITING) await waiting.shift();
    onProgress(done, order.length);
  }
  await Promise.all(waiting);
  onProgress(order.length, order.length);
}
