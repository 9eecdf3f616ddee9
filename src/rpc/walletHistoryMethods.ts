import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import { decodeBlock } from '../primitives/block.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { labelOf } from '../wallet/addressBook.ts';
import type { HistoryEntry } from '../wallet/walletCoin.ts';
import { toCoins } from './amounts.ts';
import { describeTransaction } from './describeTransaction.ts';
import type { NodeServices } from './nodeServices.ts';
import { flag, readHash, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { requireWallet } from './walletLockMethods.ts';

const theme = 'Wallet';
const BIP125_SEQUENCE = 0xffff_fffd;

/** A payment of the wallet with its transaction; that is missing where the block is pruned. */
type Found = Readonly<{
  entry: HistoryEntry;
  transaction: Transaction | undefined;
  /** In its block. */
  position: number | undefined;
}>;
type Detail = Record<string, unknown>;

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
      include_watchonly: flag.optional(),
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
];

async function listTransactions(
  services: NodeServices,
  { label, count, skip }: { label: string; count: number; skip: number },
): Promise<Detail[]> {
  requireWallet(services.wallet);
  const reader = new BlockReader(services);
  const details: Detail[] = [];
  // Every payment has at least one line, so there is no need to look at more than so many.
  const entries = await services.wallet.history(label === '*' ? skip + count : Number.MAX_SAFE_INTEGER);
  for (const entry of entries) {
    if (details.length >= skip + count) break;
    const found = await reader.find(entry);
    const lines = detailsOf(services, found).filter((line) => label === '*' || line.label === label);
    details.push(...lines.map((line) => ({ ...line, ...describeEntry(services, found) })).reverse());
  }
  return details.slice(skip, skip + count).reverse();
}

async function getTransaction(
  services: NodeServices,
  given: { txid: string; verbose: boolean },
): Promise<Detail> {
  requireWallet(services.wallet);
  const txid = readHash(given.txid, 'txid');
  const entries = await services.wallet.history(Number.MAX_SAFE_INTEGER);
  const entry = entries.find((one) => one.txid === txid);
  if (entry === undefined) {
    throw new RpcError(RPC_ERROR.invalidAddressOrKey, 'Invalid or non-wallet transaction id');
  }
  const found = await new BlockReader(services).find(entry);
  const { transaction } = found;
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

/** One line for each output that was paid to somebody else, and for each that was paid to us, but for change. */
function detailsOf({ wallet, params, chain }: NodeServices, { entry, transaction }: Found): Detail[] {
  const isPayer = entry.spent > 0n;
  const fee = entry.fee === undefined ? {} : { fee: -toCoins(entry.fee) };
  const category = categoryOf(entry, chain.tip.height + 1, params.coinbaseMaturity);
  if (transaction === undefined) {
    const amount = toCoins(entry.received - entry.spent);
    return [{ category: isPayer ? 'send' : category, amount, ...(isPayer && fee) }];
  }
  return transaction.outputs.flatMap(({ amount, lockingScript }, vout) => {
    const lock = parseLockingScript(lockingScript);
    const publicKey = lock?.type === 'public-key' ? lock.publicKey : undefined;
    const path = publicKey && wallet.keys.ring.find(publicKey);
    if (isPayer && path?.chain === 'change') return [];
    const label = publicKey && labelOf(wallet.keys, publicKey);
    const about = {
      ...(publicKey?.length === 33 && { address: encodeAddress(publicKey, params.addressPrefix) }),
      ...(label !== undefined && { label }),
      vout,
    };
    const sent = { ...about, category: 'send', amount: -toCoins(amount), ...fee, abandoned: false };
    const received = { ...about, category, amount: toCoins(amount), abandoned: false };
    return [...(isPayer ? [sent] : []), ...(path ? [received] : [])];
  });
}

function categoryOf({ isCoinbase, height }: HistoryEntry, nextHeight: number, maturity: number): string {
  if (!isCoinbase) return 'receive';
  if (height === undefined) return 'orphan';
  return nextHeight >= height + maturity ? 'generate' : 'immature';
}

function describeEntry({ wallet, chain }: NodeServices, { entry, transaction, position }: Found): Detail {
  const { txid, height, blockHash, timeSec, isCoinbase } = entry;
  const pending = height === undefined ? wallet.pendingTransaction(txid) : undefined;
  const isReplaceable =
    height === undefined && transaction?.inputs.some(({ sequence }) => sequence <= BIP125_SEQUENCE);
  return {
    confirmations: height === undefined ? 0 : chain.tip.height - height + 1,
    ...(isCoinbase && { generated: true }),
    ...(height === undefined && { trusted: pending?.isOwn ?? false }),
    ...(height !== undefined && {
      blockhash: blockHash,
      blockheight: height,
      ...(position !== undefined && { blockindex: position }),
      blocktime: timeSec,
    }),
    txid,
    wtxid: txid,
    walletconflicts: [],
    time: timeSec,
    timereceived: timeSec,
    'bip125-replaceable': isReplaceable ? 'yes' : 'no',
  };
}

/** Reads the transactions of payments; neighbours are often of one block. */
class BlockReader {
  readonly #services: NodeServices;
  #block: { hash: string; transactions: readonly Transaction[] } | undefined;

  constructor(services: NodeServices) {
    this.#services = services;
  }

  async find(entry: HistoryEntry): Promise<Found> {
    const { wallet, chain } = this.#services;
    if (entry.blockHash === undefined) {
      const transaction = wallet.pendingTransaction(entry.txid)?.transaction;
      return { entry, transaction, position: undefined };
    }
    if (this.#block?.hash !== entry.blockHash) {
      const bytes = await chain.readBlock(entry.blockHash);
      this.#block = { hash: entry.blockHash, transactions: bytes ? decodeBlock(bytes).transactions : [] };
    }
    const { transactions } = this.#block;
    const position = transactions.findIndex(({ hash }) => hashToHex(hash) === entry.txid);
    return { entry, transaction: transactions[position], position: position < 0 ? undefined : position };
  }
}
