import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import { decodeBlock } from '../primitives/block.ts';
import { toCoins } from './amounts.ts';
import {
  confirmationsOf,
  type Detail,
  describeEntry,
  detailsOf,
  type FoundPayment,
  PaymentReader,
  paymentsOf,
  placeOf,
} from './describePayment.ts';
import { describeTransaction } from './describeTransaction.ts';
import type { NodeServices } from './nodeServices.ts';
import { findNode, flag, readHash, readPublicKey, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { requireWallet } from './walletLockMethods.ts';

const theme = 'Wallet';

/** What the wallet has paid and was paid, in Bitcoin Core's names. */
export const walletHistoryMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'listtransactions',
    theme,
    summary: 'The latest payments of the wallet, each output for itself, the oldest of them first.',
    example: 'indiecoin rpc listtransactions "*" 20',
    parameters: {
      label: text.default('*'),
      count: whole.min(0, 'Negative count').default(10),
      skip: whole.min(0, 'Negative from').default(0),
      include_watchonly: flag.default(false),
    },
    run: listTransactions,
  }),
  rpcMethod({
    name: 'gettransaction',
    theme,
    summary: 'A payment of the wallet, by its txid.',
    example: 'indiecoin rpc gettransaction <txid>',
    parameters: { txid: text, include_watchonly: flag.optional(), verbose: flag.default(false) },
    run: getTransaction,
  }),
  rpcMethod({
    name: 'listsinceblock',
    theme,
    summary:
      'The payments of the wallet in blocks after this one, those that wait, and those that a reorganization took out.',
    example: 'indiecoin rpc listsinceblock <blockhash>',
    parameters: {
      blockhash: text.default(''),
      target_confirmations: whole.min(1, 'Invalid parameter').default(1),
      include_watchonly: flag.default(false),
      include_removed: flag.default(true),
      include_change: flag.optional(),
      label: text.default('*'),
    },
    run: listSinceBlock,
  }),
  rpcMethod({
    name: 'getreceivedbyaddress',
    theme,
    summary: 'What an address of the wallet was ever paid, with so many confirmations at least.',
    example: 'indiecoin rpc getreceivedbyaddress <address> 6',
    parameters: {
      address: text,
      minconf: whole.min(0).default(1),
      include_immature_coinbase: flag.default(false),
    },
    run: getReceivedByAddress,
  }),
];

async function listTransactions(
  services: NodeServices,
  given: { label: string; count: number; skip: number; include_watchonly: boolean },
): Promise<Detail[]> {
  const { label, count, skip } = given;
  requireWallet(services.wallet);
  const reader = new PaymentReader(services);
  const details: Detail[] = [];
  // Every payment has at least one line, so there is no need to look at more than so many.
  const limit = label === '*' ? skip + count : Number.MAX_SAFE_INTEGER;
  for (const payment of await paymentsOf(services, limit, given.include_watchonly)) {
    if (details.length >= skip + count) break;
    details.push(...linesOf(services, await reader.find(payment), label).reverse());
  }
  return details.slice(skip, skip + count).reverse();
}

/** A line for each output of interest. @param label all where it is `*` */
function linesOf(services: NodeServices, found: FoundPayment, label: string): Detail[] {
  const entry = describeEntry(services, found);
  return detailsOf(services, found)
    .filter((line) => label === '*' || line.label === label)
    .map((line) => ({ ...line, ...entry }));
}

async function getTransaction(
  services: NodeServices,
  given: { txid: string; verbose: boolean },
): Promise<Detail> {
  requireWallet(services.wallet);
  const txid = readHash(given.txid, 'txid');
  const payments = await paymentsOf(services, Number.MAX_SAFE_INTEGER, true);
  const payment = payments.find(({ entry }) => entry.txid === txid);
  if (payment === undefined) {
    throw new RpcError(RPC_ERROR.invalidAddressOrKey, 'Invalid or non-wallet transaction id');
  }
  const found = await new PaymentReader(services).find(payment);
  const { transaction, entry } = found;
  const isPayer = entry.spent > 0n;
  const { tip } = services.wallet;
  return {
    amount: toCoins(entry.received - entry.spent + (isPayer ? (entry.fee ?? 0n) : 0n)),
    ...(isPayer && entry.fee !== undefined && { fee: -toCoins(entry.fee) }),
    ...describeEntry(services, found),
    details: detailsOf(services, found),
    ...(transaction && { hex: bytesToHex(transaction.bytes) }),
    ...(transaction && given.verbose && { decoded: describeTransaction(transaction, services.params) }),
    ...(tip && { lastprocessedblock: { hash: tip.hash, height: tip.height } }),
  };
}

async function listSinceBlock(
  services: NodeServices,
  given: {
    blockhash: string;
    target_confirmations: number;
    include_watchonly: boolean;
    include_removed: boolean;
    label: string;
  },
): Promise<Detail> {
  const { wallet, chain } = services;
  requireWallet(wallet);
  const since = given.blockhash === '' ? undefined : findNode(services, given.blockhash, 'blockhash');
  let fork = since;
  const left: BlockNode[] = [];
  while (fork !== undefined && !chain.isActive(fork)) {
    left.push(fork);
    fork = fork.parent;
  }
  const reader = new PaymentReader(services);
  const payments = await paymentsOf(services, Number.MAX_SAFE_INTEGER, given.include_watchonly);
  const transactions: Detail[] = [];
  for (const payment of payments.toReversed()) {
    // What no block has decided is told of each time, as Bitcoin Core does.
    const isDecided = payment.entry.height !== undefined || payment.dropped?.conflictHeight !== undefined;
    if (fork !== undefined && isDecided && placeOf(payment) <= fork.height) continue;
    transactions.push(...linesOf(services, await reader.find(payment), given.label));
  }
  const removed: Detail[] = [];
  for (const node of given.include_removed ? left : []) {
    const bytes = await chain.readBlock(node.hash);
    if (bytes === undefined) continue;
    const txids = new Set(decodeBlock(bytes).transactions.map(({ hash }) => hashToHex(hash)));
    for (const payment of payments.filter(({ entry }) => txids.has(entry.txid)))
      removed.push(...linesOf(services, await reader.find(payment), given.label));
  }
  const lastHeight = Math.max(0, chain.tip.height + 1 - given.target_confirmations);
  return {
    transactions,
    ...(given.include_removed && { removed }),
    lastblock: chain.nodeAt(lastHeight)!.hash,
  };
}

async function getReceivedByAddress(
  services: NodeServices,
  given: { address: string; minconf: number; include_immature_coinbase: boolean },
): Promise<number> {
  const { wallet, chain, params } = services;
  requireWallet(wallet);
  const publicKey = readPublicKey(given.address, params);
  const isWatched = wallet.watchOnly?.has(publicKey) === true;
  if (wallet.keys.ring.find(publicKey) === undefined && !isWatched)
    throw new RpcError(RPC_ERROR.wallet, 'Address not found in wallet');
  const script = payToPublicKey(publicKey);
  const reader = new PaymentReader(services);
  let total = 0n;
  for (const payment of await paymentsOf(services, Number.MAX_SAFE_INTEGER, isWatched)) {
    const { received, isCoinbase } = payment.entry;
    if (payment.dropped !== undefined) continue;
    const confirmations = confirmationsOf(payment, chain.tip.height);
    const isImmature = isCoinbase && confirmations < params.coinbaseMaturity;
    if (payment.isWatchOnly !== isWatched || received === 0n || confirmations < given.minconf) continue;
    if (isImmature && !given.include_immature_coinbase) continue;
    const { transaction } = await reader.find(payment);
    for (const { amount, lockingScript } of transaction?.outputs ?? [])
      if (Buffer.compare(lockingScript, script) === 0) total += amount;
  }
  return toCoins(total);
}
