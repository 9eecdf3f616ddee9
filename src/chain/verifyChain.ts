import { hashToHex } from '../bytes/hex.ts';
import { checkBlock } from '../consensus/checkBlock.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import { DatabaseDamagedError } from '../store/storeErrors.ts';
import type { Chain } from './chain.ts';

/** Transactions that the index led to, and the first that it did not. */
type IndexFound = { found: number; missing: string | undefined };

/**
 * Reads all of the active chain again, as far as it is kept: every block against the rules that need no context, its undo data, its entries in
 * the transaction index, and in the end every coin against what the commits kept count of.
 * @returns how many coins there are
 * @throws DatabaseDamagedError naming the first that is not what it was
 */
export async function verifyChain(
  chain: Chain,
  options: { signal?: AbortSignal; onProgress?: (height: number) => void } = {},
): Promise<number> {
  const index: IndexFound = { found: 0, missing: undefined };
  for (let height = Math.max(1, chain.lowestHeight); height <= chain.tip.height; height++) {
    options.signal?.throwIfAborted();
    const block = await verifyBlock(chain, height);
    if (chain.hasTransactionIndex) await lookUp(chain, block, index);
    options.onProgress?.(height);
  }
  // A chain that was begun without an index has nothing of it.
  if (index.found > 0 && index.missing !== undefined) {
    throw new DatabaseDamagedError(`chain: the index of transactions lacks ${index.missing}`);
  }
  const kept = chain.coinSet;
  const counted = await chain.recountCoins();
  if (kept.coinCount !== counted.coinCount || kept.coinSetHash !== counted.coinSetHash) {
    throw new DatabaseDamagedError(
      `chain: ${counted.coinCount} coins were found, which are not the ${kept.coinCount} that were written`,
    );
  }
  return counted.coinCount;
}

async function verifyBlock(chain: Chain, height: number): Promise<Block> {
  const node = chain.nodeAt(height)!;
  const bytes = await chain.readBlock(node.hash);
  if (bytes === undefined) throw new DatabaseDamagedError(`the block at height ${height} is missing`);
  const block = decodeBlock(bytes);
  const rejection = checkBlock(block, chain.params);
  if (rejection !== undefined || hashToHex(block.header.hash) !== node.hash) {
    throw new DatabaseDamagedError(
      `the block at height ${height} is not what it was (${rejection?.code ?? 'hash'})`,
    );
  }
  const spends = block.transactions.slice(1).reduce((sum, { inputs }) => sum + inputs.length, 0);
  const spent = await chain.readSpentCoins(node);
  if (spent?.length !== spends)
    throw new DatabaseDamagedError(`the undo data of height ${height} is not whole`);
  return block;
}

async function lookUp(chain: Chain, { transactions }: Block, index: IndexFound): Promise<void> {
  for (const { hash } of transactions) {
    const txid = hashToHex(hash);
    if ((await chain.findTransaction(txid)) !== undefined) index.found++;
    else index.missing ??= txid;
  }
}
