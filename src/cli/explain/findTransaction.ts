import { hashToHex, hexToBytes } from '../../bytes/hex.ts';
import {
  BITCOIN_170_TXIDS,
  bitcoin170TransactionContext,
  spendsWhatBlock170Spends,
} from '../../explain/bitcoin170.ts';
import { type TransactionContext, UNCONFIRMED } from '../../explain/chainContext.ts';
import { decodeTransaction, type Transaction } from '../../primitives/transaction.ts';
import { RPC_ERROR } from '../../rpc/rpcError.ts';
import { CliError, usageError } from '../cliError.ts';
import { type Context, optionalText } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { RefusedError } from '../rpcClient.ts';
import { contextWithoutNode, findHash, nowSec, tryDecode } from './findBlock.ts';
import type { TransactionAnswer } from './nodeAnswers.ts';
import { transactionContext } from './nodeContext.ts';
import { readHeader, unlessUnknown } from './nodeHeaders.ts';
import { type RawTransaction, withBlock } from './nodeTransactions.ts';

/** With the coins that it spent, where the node tells (as verbosity 2 does in Bitcoin Core). */
const WITH_COINS = 2;

/** A transaction of the node's, from the mempool or the chain. @throws CliError that says what to do next */
export async function findTransaction(context: Context, txid: string): Promise<RawTransaction> {
  const { node } = context;
  if (!/^[0-9a-f]{64}$/i.test(txid)) {
    throw usageError(`"${txid}" is neither a txid of 64 hex digits, nor bitcoin-170. --hex FILE takes hex.`);
  }
  const where = await blockGiven(context);
  try {
    const answer = await node.call<TransactionAnswer>('getrawtransaction', [txid, WITH_COINS, ...where]);
    return await withBlock(node, answer);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.rpcCode !== RPC_ERROR.invalidAddressOrKey) throw error;
    const isBlock = (await readHeader(node, txid)) !== undefined;
    const hint = isBlock
      ? `This is a block: \`indiecoin explain block ${txid.toLowerCase()}\`.`
      : `${error.message} Is it in a block that you know? --block HASH|HEIGHT names it.`;
    throw new CliError(EXIT.refused, hint, { cause: error });
  }
}

/** The hash of the block that --block names. */
async function blockGiven(context: Context): Promise<string[]> {
  const block = optionalText(context, 'block');
  return block === undefined ? [] : [await findHash(context, block, 'block')];
}

export async function contextOfFound(
  { node, config }: Context,
  found: RawTransaction,
): Promise<{ bytes: Uint8Array; context: TransactionContext }> {
  const bytes = hexToBytes(found.answer.hex);
  return { bytes, context: await transactionContext(node, decodeTransaction(bytes), found, config.params) };
}

/** What is known around bytes that somebody brought, if they are a transaction at all. */
export async function contextOfTransaction(context: Context, bytes: Uint8Array): Promise<TransactionContext> {
  const transaction = tryDecode(() => decodeTransaction(bytes));
  if (transaction === undefined) return transactionWithoutNode(context);
  const example = exampleContext(transaction);
  if (example) return example;
  const { node, config } = context;
  if (!(await node.isRunning())) return transactionWithoutNode(context);
  const txid = hashToHex(transaction.hash);
  const where = await blockGiven(context);
  const answer = await unlessUnknown(
    node.call<TransactionAnswer>('getrawtransaction', [txid, WITH_COINS, ...where]),
  );
  return transactionContext(node, transaction, answer && (await withBlock(node, answer)), config.params);
}

function exampleContext(transaction: Transaction): TransactionContext | undefined {
  const index = BITCOIN_170_TXIDS.indexOf(hashToHex(transaction.hash));
  if (index >= 0) return bitcoin170TransactionContext(index, nowSec());
  if (!spendsWhatBlock170Spends(transaction.inputs.map(({ outpoint }) => outpoint))) return undefined;
  return { ...bitcoin170TransactionContext(1, nowSec()), block: UNCONFIRMED };
}

function transactionWithoutNode(context: Context): TransactionContext {
  const { params, coinOf, later } = contextWithoutNode(context);
  const unknown = { needs: 'a running node of the network, which knows the chain (`indiecoin node`)' };
  return { params, setting: unknown, coinOf, block: unknown, later };
}
