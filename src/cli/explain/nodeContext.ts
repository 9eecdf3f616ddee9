import { equalBytes } from '../../bytes/bytes.ts';
import { hashToHex } from '../../bytes/hex.ts';
import { medianTime } from '../../consensus/headerNode.ts';
import {
  type BlockContext,
  type TransactionBlock,
  type TransactionContext,
  UNCONFIRMED,
} from '../../explain/chainContext.ts';
import { genesisContext, NOTHING_BEFORE } from '../../explain/genesisContext.ts';
import { isUnknown, type Unknown } from '../../explain/rule.ts';
import type { NetworkParams } from '../../params/networkParams.ts';
import type { Block } from '../../primitives/block.ts';
import type { BlockHeader } from '../../primitives/header.ts';
import { merkleRoot } from '../../primitives/merkle.ts';
import { type Outpoint, outpointKey, type Transaction } from '../../primitives/transaction.ts';
import type { RpcClient } from '../rpcClient.ts';
import type { ChainAnswer, HeaderAnswer } from './nodeAnswers.ts';
import {
  addFromTransactions,
  addPrevouts,
  addUnspent,
  type CoinTable,
  coinIn,
  readSpentByBlock,
} from './nodeCoins.ts';
import { isBip54Active, readHeader, readHeaderNode } from './nodeHeaders.ts';
import { type RawTransaction, readMedianTimes } from './nodeTransactions.ts';

const NOT_THE_TIP: Unknown = { needs: 'the coins as they were before this block' };
const NOT_OF_THE_CHAIN: Unknown = { needs: 'the block before to be in the chain that the node follows' };
const NO_COINS: Unknown = { needs: 'nothing: no coins are spent' };

/** What a node knows of the chain before a header. */
export async function headerContext(
  node: RpcClient,
  header: BlockHeader,
  params: NetworkParams,
): Promise<BlockContext> {
  const nowSec = Math.floor(Date.now() / 1000);
  const base = { params, nowSec, coinOf: () => NO_COINS, medianTimeAt: () => undefined, later: {} };
  const previous = hashToHex(header.previousHash);
  if (hashToHex(header.hash) === params.genesisHash) return genesisContext(params, nowSec);
  const known = await readHeader(node, hashToHex(header.hash));
  const chainWork = known && { chainWork: BigInt(`0x${known.chainwork}`) };
  const parent = await readHeaderNode(node, previous, params);
  const bip54 = isUnknown(parent) ? parent : await isBip54Active(node, previous, params);
  const before = await readHeader(node, previous);
  // Of the chain that the node follows it has verified everything.
  const isParentValid = before !== undefined && before.confirmations > 0 ? true : NOT_OF_THE_CHAIN;
  return { ...base, ...chainWork, parent, isParentValid, isBip54Active: bip54 };
}

/** The same for a block, with the coins that it spends. */
export async function blockContext(
  node: RpcClient,
  block: Block,
  params: NetworkParams,
): Promise<BlockContext> {
  const context = await headerContext(node, block.header, params);
  const inputs = block.transactions.slice(1).flatMap((transaction) => transaction.inputs);
  if (inputs.length === 0 || isUnknown(context.parent)) return context;
  const coins = await coinsBefore(node, block, inputs);
  const heights = context.parent.height;
  const times = await readMedianTimes(node, block.transactions.slice(1), coins, heights);
  return { ...context, coinOf: coinIn(coins, NOT_THE_TIP), medianTimeAt: (height) => times.get(height) };
}

async function coinsBefore(
  node: RpcClient,
  { header, transactions }: Block,
  inputs: Transaction['inputs'],
): Promise<CoinTable> {
  const known = await readHeader(node, hashToHex(header.hash));
  const table: CoinTable =
    known && known.confirmations > 0 ? await readSpentByBlock(node, known.hash) : new Map();
  const own = new Set(transactions.map(({ hash }) => hashToHex(hash)));
  const outpoints = inputs
    .map(({ outpoint }) => outpoint)
    .filter(({ txHash }) => !own.has(hashToHex(txHash)));
  if (outpoints.every((outpoint) => has(table, outpoint))) return table;
  const tip = await node.call<ChainAnswer>('getblockchaininfo');
  if (tip.bestblockhash === hashToHex(header.previousHash)) {
    const foreign = inputs.filter(({ outpoint }) => !own.has(hashToHex(outpoint.txHash)));
    await addUnspent(node, foreign, tip.blocks, table);
    return table;
  }
  // That an output was made does not say that it was still unspent; of a block that the node connected it is known.
  const { root } = merkleRoot(transactions.map(({ hash }) => hash));
  const isConnected = known !== undefined && known.confirmations > 0 && equalBytes(root, header.merkleRoot);
  if (isConnected) await addFromTransactions(node, outpoints, table);
  return table;
}

function has(table: CoinTable, { txHash, index }: Outpoint): boolean {
  return table.has(outpointKey(txHash, index));
}

/** Where a transaction that the node knows stands, and what it spends. */
export async function transactionContext(
  node: RpcClient,
  transaction: Transaction,
  found: RawTransaction | undefined,
  params: NetworkParams,
): Promise<TransactionContext> {
  if (found?.header === undefined) return nextBlockContext(node, transaction, params);
  const { header, block } = found;
  const table: CoinTable = new Map();
  addPrevouts(found.answer, table);
  const outpoints = transaction.inputs.map(({ outpoint }) => outpoint);
  const isWhole = () => outpoints.every((outpoint) => has(table, outpoint));
  const isPayment = found.answer.vin[0]?.coinbase === undefined;
  if (isPayment && !isWhole()) await addFromBlock(node, header, block, table);
  if (isPayment && !isWhole()) await addFromTransactions(node, outpoints, table);
  const times = await readMedianTimes(node, [transaction], table, header.height - 1);
  const before = await settingOf(node, header, params, times);
  return { params, setting: before, coinOf: coinIn(table, NOT_THE_TIP), block, later: {} };
}

async function addFromBlock(
  node: RpcClient,
  { hash }: HeaderAnswer,
  block: TransactionBlock | Unknown,
  table: CoinTable,
): Promise<void> {
  if (isUnknown(block)) return;
  for (const [key, coin] of await readSpentByBlock(node, hash)) table.set(key, coin);
}

async function settingOf(
  node: RpcClient,
  { height, previousblockhash }: HeaderAnswer,
  params: NetworkParams,
  times: ReadonlyMap<number, number>,
): Promise<TransactionContext['setting']> {
  if (previousblockhash === undefined) return NOTHING_BEFORE;
  const parent = await readHeaderNode(node, previousblockhash, params);
  if (isUnknown(parent)) return parent;
  return { height, medianTimeSec: medianTime(parent), params, medianTimeAt: (at) => times.get(at) };
}

/** A transaction that is in no block is judged as one of the next block. */
async function nextBlockContext(
  node: RpcClient,
  transaction: Transaction,
  params: NetworkParams,
): Promise<TransactionContext> {
  const tip = await node.call<ChainAnswer>('getblockchaininfo');
  const table: CoinTable = new Map();
  await addUnspent(node, transaction.inputs, tip.blocks, table);
  const times = await readMedianTimes(node, [transaction], table, tip.blocks);
  return {
    params,
    setting: {
      height: tip.blocks + 1,
      medianTimeSec: tip.mediantime,
      params,
      medianTimeAt: (height) => times.get(height),
    },
    coinOf: coinIn(table, NOT_THE_TIP),
    block: UNCONFIRMED,
    later: {},
  };
}
