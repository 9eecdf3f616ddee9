import { z } from 'zod';
import type { BlockNode } from '../chain/blockNode.ts';
import { decodeBlock } from '../primitives/block.ts';
import { type BlockStats, blockStats } from './blockStats.ts';
import { difficultyOf } from './describeHeader.ts';
import type { NodeServices } from './nodeServices.ts';
import { findNode, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Blockchain';
const MONTH_SEC = 30 * 24 * 3600;

/** Numbers about the chain that a person or an explorer looks at, and no rule asks for. */
export const chainStatsMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'getblockstats',
    theme,
    summary: 'Fees, sizes and counts of a block of the active chain, all or those named.',
    example: 'indiecoin rpc getblockstats 1000 \'["avgfee","txs"]\'',
    parameters: { hash_or_height: z.union([whole, text]), stats: z.array(text).default([]) },
    run: (services, { hash_or_height, stats }) => describeStats(services, hash_or_height, stats),
  }),
  rpcMethod({
    name: 'getchaintxstats',
    theme,
    summary:
      'How many transactions the chain has, and how fast they came in the last month or so many blocks.',
    example: 'indiecoin rpc getchaintxstats 2016',
    parameters: { nblocks: whole.optional(), blockhash: text.optional() },
    run: describeRate,
  }),
  rpcMethod({
    name: 'getdifficulty',
    theme,
    summary: "How many times harder a block is to find than at Bitcoin's easiest target.",
    example: 'indiecoin rpc getdifficulty',
    parameters: {},
    run: ({ chain }) => difficultyOf(chain.tip.bits),
  }),
  rpcMethod({
    name: 'getindexinfo',
    theme: 'Util',
    summary: 'Which optional indexes there are.',
    example: 'indiecoin rpc getindexinfo',
    parameters: { index_name: text.default('') },
    run: ({ chain }, { index_name }) => {
      if (!chain.hasTransactionIndex || !['', 'txindex'].includes(index_name)) return {};
      return { txindex: { synced: true, best_block_height: chain.tip.height } };
    },
  }),
];

async function describeStats(
  services: NodeServices,
  hashOrHeight: string | number,
  names: readonly string[],
): Promise<BlockStats> {
  const { chain, params } = services;
  const node =
    typeof hashOrHeight === 'number'
      ? nodeAtHeight(chain, hashOrHeight)
      : findNode(services, hashOrHeight, 'hash');
  if (!chain.isActive(node)) {
    throw new RpcError(RPC_ERROR.invalidParameter, `Block is not in chain ${params.name}`);
  }
  const bytes = await chain.readBlock(node.hash);
  const spent = await chain.readSpentCoins(node);
  if (bytes === undefined || spent === undefined) {
    throw new RpcError(RPC_ERROR.misc, 'Block not available (pruned data)');
  }
  const medianTimeSec = chain.medianTime(node);
  const stats = blockStats(node, decodeBlock(bytes), spent, { params, medianTimeSec });
  const unknown = names.find((name) => !Object.hasOwn(stats, name));
  if (unknown !== undefined) {
    throw new RpcError(RPC_ERROR.invalidParameter, `Invalid selected statistic '${unknown}'`);
  }
  return names.length === 0 ? stats : Object.fromEntries(names.map((name) => [name, stats[name]]));
}

function nodeAtHeight(chain: NodeServices['chain'], height: number): BlockNode {
  if (height < 0) {
    throw new RpcError(RPC_ERROR.invalidParameter, `Target block height ${height} is negative`);
  }
  const node = chain.nodeAt(height);
  if (node !== undefined) return node;
  const message = `Target block height ${height} after current tip ${chain.tip.height}`;
  throw new RpcError(RPC_ERROR.invalidParameter, message);
}

function describeRate(
  services: NodeServices,
  given: { nblocks?: number | undefined; blockhash?: string | undefined },
): Record<string, unknown> {
  const { chain, params } = services;
  const last = given.blockhash === undefined ? chain.tip : findNode(services, given.blockhash, 'blockhash');
  if (!chain.isActive(last)) throw new RpcError(RPC_ERROR.invalidParameter, 'Block is not in main chain');
  const most = Math.max(0, last.height - 1);
  const blocks = given.nblocks ?? Math.min(most, Math.floor(MONTH_SEC / params.spacingSec));
  if (blocks < 0 || (blocks > 0 && blocks >= last.height)) {
    const message = "Invalid block count: should be between 0 and the block's height - 1";
    throw new RpcError(RPC_ERROR.invalidParameter, message);
  }
  let total = 0;
  let inWindow = 0;
  for (let at: BlockNode | undefined = last; at !== undefined; at = at.parent) {
    total += at.transactionCount;
    if (at.height > last.height - blocks) inWindow += at.transactionCount;
  }
  const seconds = chain.medianTime(last) - chain.medianTime(chain.nodeAt(last.height - blocks)!);
  return {
    time: last.timeSec,
    txcount: total,
    window_final_block_hash: last.hash,
    window_final_block_height: last.height,
    window_block_count: blocks,
    ...(blocks > 0 && { window_interval: seconds, window_tx_count: inWindow }),
    ...(blocks > 0 && seconds > 0 && { txrate: inWindow / seconds }),
  };
}
