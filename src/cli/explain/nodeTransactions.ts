import { hashToHex, hexToBytes } from '../../bytes/hex.ts';
import { SEQUENCE_DISABLE, SEQUENCE_IS_TIME } from '../../consensus/lockTime.ts';
import { type TransactionBlock, UNCONFIRMED } from '../../explain/chainContext.ts';
import { isUnknown, type Unknown } from '../../explain/rule.ts';
import { decodeBlock } from '../../primitives/block.ts';
import { outpointKey, type Transaction } from '../../primitives/transaction.ts';
import { RefusedError, type RpcClient } from '../rpcClient.ts';
import type { HeaderAnswer, TransactionAnswer } from './nodeAnswers.ts';
import type { CoinTable } from './nodeCoins.ts';
import { readHeader } from './nodeHeaders.ts';

/** A transaction as a node has it. */
export type RawTransaction = Readonly<{
  answer: TransactionAnswer;
  /** Of its block, if it is in one. */
  header?: HeaderAnswer;
  block: TransactionBlock | Unknown;
}>;

/** Times of blocks that are asked for, at most. */
const MAX_TIMES = 200;

/** Adds the block of a transaction, if the node still has it. */
export async function withBlock(node: RpcClient, answer: TransactionAnswer): Promise<RawTransaction> {
  if (answer.blockhash === undefined) return { answer, block: UNCONFIRMED };
  const header = await readHeader(node, answer.blockhash);
  if (header === undefined) return { answer, block: { needs: 'the header of its block' } };
  return { answer, header, block: await readTransactionBlock(node, header, answer.txid) };
}

async function readTransactionBlock(
  node: RpcClient,
  { hash, height }: HeaderAnswer,
  txid: string,
): Promise<TransactionBlock | Unknown> {
  try {
    const { header, transactions } = decodeBlock(hexToBytes(await node.call<string>('getblock', [hash, 0])));
    const hashes = transactions.map((one) => one.hash);
    const index = hashes.findIndex((one) => hashToHex(one) === txid);
    return { hash, height, merkleRoot: header.merkleRoot, hashes, index };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { needs: `its block, which this node does not have: ${error.message}` };
  }
}

/** The median times that relative lock times count from (BIP68), by the height of the block before a coin's. */
export async function readMedianTimes(
  node: RpcClient,
  transactions: readonly Transaction[],
  coins: CoinTable,
  tipHeight: number,
): Promise<Map<number, number>> {
  const heights = new Set<number>();
  for (const { version, inputs } of transactions) {
    if (version >>> 0 < 2) continue;
    for (const { sequence, outpoint } of inputs) {
      const coin = coins.get(outpointKey(outpoint.txHash, outpoint.index));
      const countsTime = sequence < SEQUENCE_DISABLE && (sequence & SEQUENCE_IS_TIME) !== 0;
      if (countsTime && coin !== undefined && !isUnknown(coin)) heights.add(Math.max(coin.height - 1, 0));
    }
  }
  const times = new Map<number, number>();
  for (const height of heights) {
    if (height > tipHeight || times.size === MAX_TIMES) continue;
    const hash = await node.call<string>('getblockhash', [height]);
    const header = await readHeader(node, hash);
    if (header !== undefined) times.set(height, header.mediantime);
  }
  return times;
}
