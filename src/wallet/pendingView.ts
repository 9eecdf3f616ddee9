import { hashToHex } from '../bytes/hex.ts';
import { type Outpoint, outpointKey, type Transaction } from '../primitives/transaction.ts';
import type { FindKey, Ledger } from './ledger.ts';
import { describe } from './ledger.ts';
import type { HistoryEntry, WalletCoin } from './walletCoin.ts';

export type PendingTransaction = Readonly<{
  transaction: Transaction;
  /** When it was first seen. */
  timeSec: number;
  /** Made by this wallet: its change can be spent before a block has it. */
  isOwn: boolean;
}>;

/** The wallet as it is with the unconfirmed transactions that touch it. */
export type PendingView = Readonly<{
  /** Coins of the ledger that no pending transaction spends. */
  unspent: readonly (WalletCoin & { height: number })[];
  /** Unspent outputs of pending transactions; `isOwn` where the transaction is ours. */
  incoming: readonly (WalletCoin & { isOwn: boolean })[];
  entries: readonly HistoryEntry[];
}>;

/** Lays the pending transactions over the ledger. Pure. */
export function viewWithPending(
  ledger: Pick<Ledger, 'coins' | 'coin'>,
  pending: readonly PendingTransaction[],
  findKey: FindKey,
): PendingView {
  const spent = new Set<string>();
  for (const { transaction } of pending) {
    for (const { outpoint } of transaction.inputs) spent.add(outpointKey(outpoint.txHash, outpoint.index));
  }
  const amounts = new Map<string, bigint>();
  const incoming: (WalletCoin & { isOwn: boolean })[] = [];
  for (const { transaction, isOwn } of pending) {
    transaction.outputs.forEach(({ amount, lockingScript }, index) => {
      const key = findKey(lockingScript);
      if (key === undefined) return;
      const outpoint = { txHash: transaction.hash, index };
      const mapKey = outpointKey(transaction.hash, index);
      amounts.set(mapKey, amount);
      if (!spent.has(mapKey)) {
        incoming.push({ outpoint, amount, height: undefined, isCoinbase: false, key, isOwn });
      }
    });
  }
  const amountOf = ({ txHash, index }: Outpoint) => {
    const key = outpointKey(txHash, index);
    return ledger.coin(key)?.amount ?? amounts.get(key);
  };
  const entries = pending.map((one) => describePending(one, findKey, amountOf));
  const unspent = [...ledger.coins()].filter(
    ({ outpoint }) => !spent.has(outpointKey(outpoint.txHash, outpoint.index)),
  );
  return { unspent, incoming, entries };
}

/** @param amountOf a coin of ours that is spent; undefined for one of others */
export function describePending(
  { transaction, timeSec }: PendingTransaction,
  findKey: FindKey,
  amountOf: (outpoint: Outpoint) => bigint | undefined,
): HistoryEntry {
  const received = transaction.outputs.reduce(
    (total, { amount, lockingScript }) => (findKey(lockingScript) ? total + amount : total),
    0n,
  );
  const spent = transaction.inputs.flatMap(({ outpoint }) => amountOf(outpoint) ?? []);
  return { ...describe(transaction, received, spent), height: undefined, blockHash: undefined, timeSec };
}

/** Of our own payments, the ones that can no longer happen: an input is neither a coin of ours nor pending. */
export function findDead(
  ledger: Pick<Ledger, 'coin' | 'ownPending'>,
  pending: readonly PendingTransaction[],
): Transaction[] {
  const txids = new Set(pending.map(({ transaction }) => hashToHex(transaction.hash)));
  return [...ledger.ownPending().values()]
    .map(({ transaction }) => transaction)
    .filter(({ inputs }) =>
      inputs.some(
        ({ outpoint }) =>
          ledger.coin(outpointKey(outpoint.txHash, outpoint.index)) === undefined &&
          !txids.has(hashToHex(outpoint.txHash)),
      ),
    );
}
