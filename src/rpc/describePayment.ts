import { hashToHex } from '../bytes/hex.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import { decodeBlock } from '../primitives/block.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { labelOf } from '../wallet/addressBook.ts';
import { describePending } from '../wallet/pendingView.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { HistoryEntry } from '../wallet/walletCoin.ts';
import { toCoins } from './amounts.ts';
import type { NodeServices } from './nodeServices.ts';

const BIP125_SEQUENCE = 0xffff_fffd;

/** What a payment did to the wallet, or to the keys that it only watches. */
export type KnownPayment = Readonly<{ entry: HistoryEntry; isWatchOnly: boolean }>;
/** With its transaction; that is missing where the block is pruned. */
export type FoundPayment = KnownPayment &
  Readonly<{
    transaction: Transaction | undefined;
    /** In its block. */
    position: number | undefined;
    /** How deep a payment is that took its place. */
    conflict?: number;
  }>;
export type Detail = Record<string, unknown>;

/** Unconfirmed ones first, then from the latest block on. */
export async function paymentsOf(
  { wallet }: NodeServices,
  limit: number,
  withWatchOnly: boolean,
): Promise<KnownPayment[]> {
  const own = (await wallet.history(limit)).map((entry) => ({ entry, isWatchOnly: false }));
  const { watchOnly } = wallet;
  if (!withWatchOnly || watchOnly?.isWatching !== true) return own;
  const watched = (await watchOnly.history(limit)).map((entry) => ({ entry, isWatchOnly: true }));
  const heightOf = ({ entry: { height } }: KnownPayment) => height ?? Number.POSITIVE_INFINITY;
  return [...own, ...watched]
    .sort((a, b) => (heightOf(a) === heightOf(b) ? 0 : heightOf(b) - heightOf(a)))
    .slice(0, limit);
}

/** One line for each output that was paid to somebody else, and for each that was paid to us, but for change. */
export function detailsOf(
  { wallet, params, chain }: NodeServices,
  { entry, transaction, isWatchOnly }: FoundPayment,
): Detail[] {
  const isPayer = entry.spent > 0n;
  const fee = entry.fee === undefined ? {} : { fee: -toCoins(entry.fee) };
  const category = categoryOf(entry, chain.tip.height + 1, params.coinbaseMaturity);
  const watched = isWatchOnly ? { involvesWatchonly: true } : {};
  if (transaction === undefined) {
    const amount = toCoins(entry.received - entry.spent);
    return [{ ...watched, category: isPayer ? 'send' : category, amount, ...(isPayer && fee) }];
  }
  return transaction.outputs.flatMap(({ amount, lockingScript }, vout) => {
    const lock = parseLockingScript(lockingScript);
    const publicKey = lock?.type === 'public-key' ? lock.publicKey : undefined;
    const path = publicKey && wallet.keys.ring.find(publicKey);
    const isOurs = isWatchOnly ? publicKey && wallet.watchOnly?.has(publicKey) : path;
    if (isPayer && path?.chain === 'change') return [];
    const label = publicKey && labelOf(wallet.keys, publicKey);
    const about = {
      ...watched,
      ...(publicKey?.length === 33 && { address: encodeAddress(publicKey, params.addressPrefix) }),
      ...(label !== undefined && { label }),
      vout,
    };
    const sent = { ...about, category: 'send', amount: -toCoins(amount), ...fee, abandoned: false };
    const received = { ...about, category, amount: toCoins(amount), abandoned: false };
    return [...(isPayer ? [sent] : []), ...(isOurs ? [received] : [])];
  });
}

function categoryOf({ isCoinbase, height }: HistoryEntry, nextHeight: number, maturity: number): string {
  if (!isCoinbase) return 'receive';
  if (height === undefined) return 'orphan';
  return nextHeight >= height + maturity ? 'generate' : 'immature';
}

export function describeEntry(
  { wallet, chain }: NodeServices,
  { entry, transaction, position, conflict }: FoundPayment,
): Detail {
  const { txid, height, blockHash, timeSec, isCoinbase } = entry;
  const pending = height === undefined ? wallet.pendingTransaction(txid) : undefined;
  const { earlier, later } = replacementsOf(wallet, txid);
  const replaces = earlier[0];
  const isReplaceable =
    height === undefined && transaction?.inputs.some(({ sequence }) => sequence <= BIP125_SEQUENCE);
  return {
    confirmations: height === undefined ? -(conflict ?? 0) : chain.tip.height - height + 1,
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
    walletconflicts: [...earlier, ...later],
    ...(replaces !== undefined && { replaces_txid: replaces }),
    ...(later.length > 0 && { replaced_by_txid: later[0] }),
    mempoolconflicts: [],
    time: timeSec,
    timereceived: timeSec,
    'bip125-replaceable': isReplaceable ? 'yes' : 'no',
  };
}

/** Reads the transactions of payments; neighbours are often of one block. */
export class PaymentReader {
  readonly #services: NodeServices;
  #block: { hash: string; transactions: readonly Transaction[] } | undefined;

  constructor(services: NodeServices) {
    this.#services = services;
  }

  async find({ entry, isWatchOnly }: KnownPayment): Promise<FoundPayment> {
    const { wallet, chain } = this.#services;
    if (entry.blockHash === undefined) {
      const { txid } = entry;
      const pending = isWatchOnly ? wallet.watchOnly?.pendingTransaction(txid) : undefined;
      const transaction = (pending ?? wallet.pendingTransaction(txid))?.transaction;
      return { entry, isWatchOnly, transaction, position: undefined };
    }
    if (this.#block?.hash !== entry.blockHash) {
      const bytes = await chain.readBlock(entry.blockHash);
      this.#block = { hash: entry.blockHash, transactions: bytes ? decodeBlock(bytes).transactions : [] };
    }
    const { transactions } = this.#block;
    const position = transactions.findIndex(({ hash }) => hashToHex(hash) === entry.txid);
    return {
      entry,
      isWatchOnly,
      transaction: transactions[position],
      position: position < 0 ? undefined : position,
    };
  }
}

/** The payments that one has replaced, and those that have replaced it: the nearest first. */
function replacementsOf(wallet: Wallet, txid: string): { earlier: string[]; later: string[] } {
  const replaced = wallet.replaced();
  if (replaced.size === 0) return { earlier: [], later: [] };
  const replacedBy = new Map([...replaced].map(([old, payment]) => [payment.replacedBy, old]));
  const earlier: string[] = [];
  for (let old = replacedBy.get(txid); old !== undefined; old = replacedBy.get(old)) earlier.push(old);
  const later: string[] = [];
  for (let by = replaced.get(txid)?.replacedBy; by !== undefined; by = replaced.get(by)?.replacedBy)
    later.push(by);
  return { earlier, later };
}

/** A payment whose place another one has taken: its conflict is as deep as that is. */
export async function findReplaced(services: NodeServices, txid: string): Promise<FoundPayment | undefined> {
  const { wallet, chain } = services;
  const replaced = wallet.replaced().get(txid);
  if (replaced === undefined) return undefined;
  const { transaction, timeSec, spent } = replaced;
  const find = (script: Uint8Array) => {
    const lock = parseLockingScript(script);
    return lock?.type === 'public-key' ? wallet.keys.ring.find(lock.publicKey) : undefined;
  };
  const entry = { ...describePending({ transaction, timeSec, isOwn: true }, find, () => undefined), spent };
  const { later } = replacementsOf(wallet, txid);
  const payments = await wallet.history(Number.MAX_SAFE_INTEGER);
  const height = payments.find((payment) => later.includes(payment.txid))?.height;
  return {
    entry: { ...entry, fee: spent - transaction.outputs.reduce((sum, { amount }) => sum + amount, 0n) },
    isWatchOnly: false,
    transaction,
    position: undefined,
    conflict: height === undefined ? 0 : chain.tip.height - height + 1,
  };
}
