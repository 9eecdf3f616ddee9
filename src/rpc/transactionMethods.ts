import { z } from 'zod';
import { equalBytes } from '../bytes/bytes.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { bytesToHex, hashToHex, hexToBytes, hexToHash } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Coin } from '../consensus/coin.ts';
import { COIN } from '../params/networkParams.ts';
import { decodeBlock } from '../primitives/block.ts';
import { decodeTransaction, type Transaction } from '../primitives/transaction.ts';
import { toCoins } from './amounts.ts';
import { describeLockingScript, describeTransaction } from './describeTransaction.ts';
import type { NodeServices } from './nodeServices.ts';
import { findNode, flag, readHash, text, verbosity, whole } from './parameters.ts';
import { rejectReason } from './rejectReason.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { feeOf, spentCoinsOf } from './spentCoins.ts';

const theme = 'Rawtransactions';
/** Coins per 1,000 bytes: a fee above it is taken for a mistake. */
export const DEFAULT_MAX_FEE_RATE = 0.1;

export const transactionMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'getrawtransaction',
    theme,
    summary:
      'A transaction by its txid, from the mempool or the chain: 0 its bytes in hex, 1 fields, 2 with its fee and the coins that it spends.',
    example: 'indiecoin rpc getrawtransaction <txid> 1',
    parameters: { txid: text, verbosity: verbosity.default(0), blockhash: text.optional() },
    run: getRawTransaction,
  }),
  rpcMethod({
    name: 'decoderawtransaction',
    theme,
    summary: 'The fields of a transaction in hex.',
    example: 'indiecoin rpc decoderawtransaction <hex>',
    parameters: { hexstring: text },
    run: ({ params }, { hexstring }) => describeTransaction(readTransactionHex(hexstring), params),
  }),
  rpcMethod({
    name: 'sendrawtransaction',
    theme,
    summary: 'Gives a signed transaction to the mempool and the network.',
    example: 'indiecoin rpc sendrawtransaction <hex>',
    parameters: {
      hexstring: text,
      maxfeerate: z.union([z.number(), z.string()]).default(DEFAULT_MAX_FEE_RATE),
    },
    // A child waits for its parent, which came before.
    overlaps: true,
    run: async (services, { hexstring, maxfeerate }) => {
      const transaction = readTransactionHex(hexstring);
      return submitTransaction(services, transaction, maxFeeOf(transaction, Number(maxfeerate)));
    },
  }),
  rpcMethod({
    name: 'gettxout',
    theme: 'Blockchain',
    summary:
      'An unspent output, or null. Spent in the mempool counts as spent unless include_mempool is false.',
    example: 'indiecoin rpc gettxout <txid> 0',
    parameters: { txid: text, n: whole, include_mempool: flag.default(true) },
    run: getTxOut,
  }),
];

/**
 * Gives it to the mempool, which tells the network, and says why when that refuses. `maxFee` in base units: a higher fee is
 * surely a slip of the keyboard. @returns the txid
 */
export async function submitTransaction(
  { mempool, network }: NodeServices,
  transaction: Transaction,
  maxFee?: bigint,
): Promise<string> {
  const txid = hashToHex(transaction.hash);
  const verdict = await mempool.accept(transaction, {
    source: 'rpc',
    ...(maxFee !== undefined && { maxFee }),
  });
  switch (verdict.status) {
    case 'accepted':
      return txid;
    case 'known':
      if (!mempool.has(txid))
        throw new RpcError(RPC_ERROR.alreadyInChain, 'Transaction outputs already in utxo set');
      // Who sends it again wants it to be heard of.
      await network.broadcastTransaction(transaction);
      return txid;
    case 'orphan':
      throw new RpcError(RPC_ERROR.verify, 'bad-txns-inputs-missingorspent');
    case 'policy': {
      const { reason, detail } = verdict;
      if (reason === 'max-fee-exceeded') {
        const message = 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)';
        throw new RpcError(RPC_ERROR.verify, message);
      }
      throw new RpcError(RPC_ERROR.verifyRejected, detail === undefined ? reason : `${reason}, ${detail}`);
    }
    case 'rejected': {
      const { code } = verdict.rejection;
      const isMissing = code === 'bad-txns-inputs-missingorspent';
      throw new RpcError(
        isMissing ? RPC_ERROR.verify : RPC_ERROR.verifyRejected,
        rejectReason(verdict.rejection),
      );
    }
  }
}

export function readTransactionHex(hex: string): Transaction {
  try {
    return decodeTransaction(hexToBytes(hex));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const message = 'TX decode failed. Make sure the tx has at least one input.';
    throw new RpcError(RPC_ERROR.deserialization, message, { cause: error });
  }
}

async function getRawTransaction(
  services: NodeServices,
  given: { txid: string; verbosity: number; blockhash?: string | undefined },
): Promise<string | Record<string, unknown>> {
  const { chain, params } = services;
  const txid = readHash(given.txid, 'parameter 1');
  if (txid === hashToHex(params.genesis.transactions[0]!.hash)) {
    const message =
      'The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved';
    throw new RpcError(RPC_ERROR.invalidAddressOrKey, message);
  }
  const found = await findTransaction(services, txid, given.blockhash);
  const hex = bytesToHex(found.transaction.bytes);
  if (given.verbosity <= 0) return hex;
  const { node, transaction } = found;
  const spent = given.verbosity >= 2 ? await coinsSpentBy(services, found) : undefined;
  const inActiveChain = node !== undefined && chain.isActive(node);
  return {
    ...(given.blockhash !== undefined && { in_active_chain: inActiveChain }),
    ...describeTransaction(transaction, params, spent),
    ...(spent && { fee: toCoins(feeOf(transaction, spent)) }),
    hex,
    ...(node && {
      blockhash: node.hash,
      confirmations: inActiveChain ? chain.tip.height - node.height + 1 : 0,
      time: node.timeSec,
      blocktime: node.timeSec,
    }),
  };
}

async function coinsSpentBy(
  services: NodeServices,
  { transaction, node }: Found,
): Promise<readonly Coin[] | undefined> {
  if (node === undefined) return services.mempool.get(hashToHex(transaction.hash))?.coins;
  const bytes = await services.chain.readBlock(node.hash);
  if (bytes === undefined) return undefined;
  const block = decodeBlock(bytes);
  const spent = await spentCoinsOf(services, node, block);
  return spent[block.transactions.findIndex(({ hash }) => equalBytes(hash, transaction.hash))];
}

type Found = { transaction: Transaction; node: BlockNode | undefined };

async function findTransaction(services: NodeServices, txid: string, blockhash?: string): Promise<Found> {
  const { chain, mempool } = services;
  if (blockhash !== undefined) return findInBlock(services, txid, blockhash);
  const entry = mempool.get(txid);
  if (entry !== undefined) return { transaction: entry.transaction, node: undefined };
  const found = await chain.findTransaction(txid);
  if (found !== undefined) return found;
  const where = chain.hasTransactionIndex
    ? 'No such mempool or blockchain transaction. Use gettransaction for wallet transactions.'
    : 'No such mempool transaction. Use --transaction-index or provide a block hash to enable blockchain transaction queries.';
  throw new RpcError(RPC_ERROR.invalidAddressOrKey, where);
}

async function findInBlock(services: NodeServices, txid: string, blockhash: string): Promise<Found> {
  const node = findNode(services, blockhash, 'parameter 3');
  // Through the index, where it leads to this block, the rest of the block need not be read.
  const indexed = await services.chain.findTransaction(txid);
  if (indexed?.node === node) return indexed;
  const bytes = await services.chain.readBlock(node.hash);
  if (bytes === undefined) throw new RpcError(RPC_ERROR.misc, 'Block not available');
  const transaction = decodeBlock(bytes).transactions.find(({ hash }) => hashToHex(hash) === txid);
  if (transaction !== undefined) return { transaction, node };
  throw new RpcError(RPC_ERROR.invalidAddressOrKey, 'No such transaction found in the provided block.');
}

async function getTxOut(
  { chain, mempool, params }: NodeServices,
  given: { txid: string; n: number; include_mempool: boolean },
): Promise<Record<string, unknown> | null> {
  const outpoint = { txHash: hexToHash(readHash(given.txid, 'txid')), index: given.n };
  if (given.n < 0) throw new RpcError(RPC_ERROR.invalidParameter, 'Invalid vout index');
  const entry = given.include_mempool ? mempool.get(given.txid.toLowerCase()) : undefined;
  const coin = await (given.include_mempool ? mempool : chain).readCoin(outpoint);
  if (coin === undefined) return null;
  return {
    bestblock: chain.tip.hash,
    confirmations: entry === undefined ? chain.tip.height - coin.height + 1 : 0,
    value: toCoins(coin.amount),
    scriptPubKey: describeLockingScript(coin.lockingScript, params),
    coinbase: coin.isCoinbase,
  };
}

/** The highest fee at this rate, coins per 1,000 bytes; undefined when 0 lifts the limit. @throws RpcError */
export function maxFeeOf({ bytes }: Transaction, maxRate: number): bigint | undefined {
  if (Number.isNaN(maxRate) || maxRate < 0) throw new RpcError(RPC_ERROR.type, 'Amount out of range');
  if (maxRate === 0) return undefined;
  return (BigInt(Math.round(maxRate * Number(COIN))) * BigInt(bytes.length)) / 1000n;
}
