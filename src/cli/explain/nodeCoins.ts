import { hashToHex, hexToBytes } from '../../bytes/hex.ts';
import type { Coin } from '../../consensus/coin.ts';
import { lockTypeOf } from '../../consensus/lockingScript.ts';
import type { Unknown } from '../../explain/rule.ts';
import type { FoundCoin } from '../../explain/spendRules.ts';
import { type Outpoint, outpointKey, type Transaction } from '../../primitives/transaction.ts';
import { RPC_ERROR } from '../../rpc/rpcError.ts';
import { RefusedError, type RpcClient } from '../rpcClient.ts';
import type { BlockAnswer, CoinAnswer, TransactionAnswer } from './nodeAnswers.ts';
import { readHeader, unlessUnknown } from './nodeHeaders.ts';

/** Coins by their outpoints; those that were looked for and are surely nowhere are undefined. */
export type CoinTable = Map<string, FoundCoin>;

/** Coins that are asked for one by one, at most. */
const MAX_QUESTIONS = 2000;
const NEEDS_INDEX: Unknown = {
  needs: 'the coins that were spent: a node that can give them (`indiecoin node --transaction-index`)',
};

export function coinIn(table: CoinTable, otherwise: Unknown): (outpoint: Outpoint) => FoundCoin {
  return ({ txHash, index }) => {
    const key = outpointKey(txHash, index);
    return table.has(key) ? table.get(key) : otherwise;
  };
}

/** What a block of the chain spent, from the node's undo data. Empty where the node does not tell. */
export async function readSpentByBlock(node: RpcClient, hash: string): Promise<CoinTable> {
  const table: CoinTable = new Map();
  let tx: BlockAnswer['tx'];
  try {
    tx = (await node.call<BlockAnswer>('getblock', [hash, 3])).tx;
  } catch (error) {
    // Pruned.
    if (error instanceof RefusedError) return table;
    throw error;
  }
  for (const transaction of tx) addPrevouts(transaction, table);
  return table;
}

/** The coins of the inputs for which the node gave them along. */
export function addPrevouts({ vin }: Pick<TransactionAnswer, 'vin'>, table: CoinTable): void {
  for (const { txid, vout, prevout } of vin) {
    if (txid === undefined || vout === undefined || prevout === undefined) continue;
    const { value, scriptPubKey, height, generated } = prevout;
    const coin = toCoin(value, scriptPubKey.hex, height, generated);
    table.set(outpointKey(hexToBytes(txid).reverse(), vout), coin);
  }
}

/** The coins of these inputs from the transactions that made them, as far as the node has an index of those. */
export async function addFromTransactions(
  node: RpcClient,
  outpoints: readonly Outpoint[],
  table: CoinTable,
): Promise<void> {
  const made = new Map<string, Promise<MadeBy | undefined>>();
  for (const { txHash, index } of outpoints) {
    const key = outpointKey(txHash, index);
    if (table.has(key)) continue;
    const txid = hashToHex(txHash);
    if (!made.has(txid) && made.size >= MAX_QUESTIONS) continue;
    const found = made.get(txid) ?? readMaker(node, txid);
    made.set(txid, found);
    table.set(key, coinOf(await found, index));
  }
}

type MadeBy = { transaction: TransactionAnswer; height: number };

function coinOf(found: MadeBy | undefined, index: number): FoundCoin {
  if (found === undefined) return NEEDS_INDEX;
  const { vin, vout } = found.transaction;
  const output = vout[index];
  const isCoinbase = vin[0]?.coinbase !== undefined;
  return output && toCoin(output.value, output.scriptPubKey.hex, found.height, isCoinbase);
}

async function readMaker(node: RpcClient, txid: string): Promise<MadeBy | undefined> {
  const transaction = await unlessUnknown(node.call<TransactionAnswer>('getrawtransaction', [txid, 1]));
  if (transaction?.blockhash === undefined) return undefined;
  const header = await readHeader(node, transaction.blockhash);
  return header && { transaction, height: header.height };
}

/** The coins of these inputs as a transaction of the next block would find them: unspent ones, and those of the mempool. */
export async function addUnspent(
  node: RpcClient,
  inputs: Transaction['inputs'],
  tipHeight: number,
  table: CoinTable,
): Promise<void> {
  for (const { outpoint } of inputs.slice(0, MAX_QUESTIONS)) {
    const key = outpointKey(outpoint.txHash, outpoint.index);
    if (!table.has(key)) table.set(key, await readUnspent(node, outpoint, tipHeight));
  }
}

/** Undefined when no block has left it unspent. */
async function readUnspent(
  node: RpcClient,
  { txHash, index }: Outpoint,
  tipHeight: number,
): Promise<FoundCoin> {
  const txid = hashToHex(txHash);
  const found = await readTxOut(node, txid, index);
  if (found !== null) {
    const { value, scriptPubKey, confirmations, coinbase } = found;
    return toCoin(value, scriptPubKey.hex, tipHeight - confirmations + 1, coinbase);
  }
  const parent = await unlessUnknown(node.call<TransactionAnswer>('getrawtransaction', [txid, 1]));
  // One that waits in the mempool would be in the same block; an output of a confirmed one has been spent.
  const output = parent?.blockhash === undefined ? parent?.vout[index] : undefined;
  return output && toCoin(output.value, output.scriptPubKey.hex, tipHeight + 1, false);
}

async function readTxOut(node: RpcClient, txid: string, index: number): Promise<CoinAnswer | null> {
  try {
    return await node.call<CoinAnswer | null>('gettxout', [txid, index, false]);
  } catch (error) {
    // An index beyond any output's.
    if (error instanceof RefusedError && error.rpcCode === RPC_ERROR.invalidParameter) return null;
    throw error;
  }
}

/** Undefined for data, which is never a coin. */
function toCoin(value: number, scriptHex: string, height: number, isCoinbase: boolean): Coin | undefined {
  if (lockTypeOf(hexToBytes(scriptHex)) === 'data') return undefined;
  return {
    amount: BigInt(Math.round(value * 1e8)),
    lockingScript: hexToBytes(scriptHex),
    height,
    isCoinbase,
  };
}
