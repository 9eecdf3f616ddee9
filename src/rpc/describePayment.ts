import { hashToHex } from '../bytes/hex.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import { decodeBlock } from '../primitives/block.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { labelOf } from '../wallet/addressBook.ts';
import type { DroppedPayment } from '../wallet/droppedPayments.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { HistoryEntry } from '../wallet/walletCoin.ts';
import { toCoins } from './amounts.ts';
import type { NodeServices } from './nodeServices.ts';

const BIP125_SEQUENCE = 0xffff_fffd;
/** Of a chain of replacements, those that are named: a stranger can make it a thousand long. */
const MAX_STEPS = 25;

/** What a payment did to the wallet, or to the keys that it only watches; or would have done, if it was dropped. */
export type KnownPayment = Readonly<{ entry: HistoryEntry; isWatchOnly: boolean; dropped?: DroppedPayment }>;
/** With its transaction; that is missing where the block is pruned. */
export type FoundPayment = KnownPayment &
  Readonly<{
    transaction: Transaction | undefined;
    /** In its block. */
    position: number | undefined;
  }>;
export type Detail = Record<string, unknown>;

/** Unconfirmed ones first, then from the latest block on; those that were dropped are among them. */
export async function paymentsOf(
  { wallet }: NodeServices,
  limit: number,
  withWatchOnly: boolean,
): Promise<KnownPayment[]> {
  const own = await paymentsIn(wallet, limit, false);
  const { watchOnly } = wallet;
  const isWatching = withWatchOnly && watchOnly?.isWatching === true;
  const watched = isWatching ? await paymentsIn(watchOnly, limit, true) : [];
  return [...own, ...watched]
    .sort((a, b) => {
      const [left, right] = [placeOf(a), placeOf(b)];
      return left === right ? 0 : right - left;
    })
    .slice(0, limit);
}

async function paymentsIn(
  wallet: Pick<Wallet, 'history' | 'dropped'>,
  limit: number,
  isWatchOnly: boolean,
): Promise<KnownPayment[]> {
  const known = (await wallet.history(limit)).map((entry) => ({ entry, isWatchOnly }));
  const dropped = [...wallet.dropped().values()].map((one) => ({
    entry: one.entry,
    isWatchOnly,
    dropped: one,
  }));
  return [...known, ...dropped.reverse()];
}

/** The height at which a payment stands in a list. */
export function placeOf({ entry, dropped }: KnownPayment): number {
  if (dropped !== undefined) return dropped.conflictHeight ?? dropped.droppedHeight;
  return entry.height ?? Number.POSITIVE_INFINITY;
}

/** Negative for a payment whose place one of a block has taken: how deep that is. */
export function confirmationsOf({ entry: { height }, dropped }: KnownPayment, tipHeight: number): number {
  if (height !== undefined) return tipHeight - height + 1;
  return dropped?.conflictHeight === undefined ? 0 : -(tipHeight - dropped.conflictHeight + 1);
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

export function describeEntry({ wallet, chain }: NodeServices, payment: FoundPayment): Detail {
  const { entry, transaction, position } = payment;
  const { txid, height, blockHash, timeSec, isCoinbase } = entry;
  const pending = height === undefined ? wallet.pendingTransaction(txid) : undefined;
  const { earlier, later } = replacementsOf(wallet, txid);
  const replaces = earlier[0];
  const isReplaceable =
    height === undefined && transaction?.inputs.some(({ sequence }) => sequence <= BIP125_SEQUENCE);
  return {
    confirmations: confirmationsOf(payment, chain.tip.height),
    ...(isCoinbase && { generated: true }),
    ...(height === undefined && { trusted: pending?.isTrusted ?? false }),
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

  async find(payment: KnownPayment): Promise<FoundPayment> {
    const { wallet, chain } = this.#services;
    const { entry, isWatchOnly, dropped } = payment;
    if (dropped !== undefined) {
      const { transaction } = dropped;
      return { ...payment, transaction, position: undefined };
    }
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
  const dropped = new Map([...wallet.dropped(), ...(wallet.watchOnly?.dropped() ?? [])]);
  if (dropped.size === 0) return { earlier: [], later: [] };
  // Without what only builds on another one that was replaced.
  const isChild = ({ transaction, replacedBy }: DroppedPayment) =>
    transaction.inputs.some(
      ({ outpoint }) => dropped.get(hashToHex(outpoint.txHash))?.replacedBy === replacedBy,
    );
  const replacedBy = new Map(
    [...dropped].filter(([, one]) => !isChild(one)).map(([old, one]) => [one.replacedBy, old]),
  );
  const earlier = follow(txid, (later) => replacedBy.get(later));
  const later = follow(txid, (old) => dropped.get(old)?.replacedBy);
  return { earlier, later };
}

/** Step by step, each txid once: of two that replaced each other by turns, each is behind the other. */
function follow(txid: string, next: (txid: string) => string | undefined): string[] {
  const steps = new Set<string>();
  for (let step = next(txid); step !== undefined && step !== txid && !steps.has(step); step = next(step)) {
    if (steps.size === MAX_STEPS) break;
    steps.add(step);
  }
  return [...steps];
}
