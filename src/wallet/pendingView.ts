import { hashToHex } from '../bytes/hex.ts';
import { outpointKey, type Transaction } from '../primitives/transaction.ts';
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
  const received = pending.map(({ transaction, isOwn }) => {
    let total = 0n;
    transaction.outputs.forEach(({ amount, lockingScript }, index) => {
      const key = findKey(lockingScript);
      if (key === undefined) return;
      total += amount;
      const outpoint = { txHash: transaction.hash, index };
      const mapKey = outpointKey(transaction.hash, index);
      amounts.set(mapKey, amount);
      if (!spent.has(mapKey)) {
        incoming.push({ outpoint, amount, height: undefined, isCoinbase: false, key, isOwn });
      }
    });
    return total;
  });
  const entries = pending.map(({ transaction, timeSec }, i) => {
    const spentAmounts = transaction.inputs.flatMap(({ outpoint }) => {
      const key = outpointKey(outpoint.txHash, outpoint.index);
      return ledger.coin(key)?.amount ?? amounts.get(key) ?? [];
    });
    const entry = describe(transaction, received[i]!, spentAmounts);
    return { ...entry, height: undefined, blockHash: undefined, timeSec };
  });
  const unspent = [...ledger.coins()].filter(
    ({ outpoint }) => !spent.has(outpointKey(outpoint.txHash, outpoint.index)),
  );
  return { unspent, incoming, entries };
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
