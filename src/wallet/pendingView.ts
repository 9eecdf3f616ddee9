import { type Outpoint, outpointKey, type Transaction } from '../primitives/transaction.ts';
import { describePending } from './historyEntry.ts';
import type { Ledger } from './ledger.ts';
import type { FindKey, HistoryEntry, WalletCoin } from './walletCoin.ts';

export type PendingTransaction = Readonly<{
  transaction: Transaction;
  /** When it was first seen. */
  timeSec: number;
  /** It spends coins of this wallet alone. */
  isOwn: boolean;
  /** Own, and in the mempool as far as is known: its change can be spent before a block has it. */
  isTrusted: boolean;
}>;

/** The wallet as it is with the unconfirmed transactions that touch it. */
export type PendingView = Readonly<{
  /** Coins of the ledger that no pending transaction spends. */
  unspent: readonly (WalletCoin & { height: number })[];
  /** Unspent outputs of pending transactions; `isTrusted` as of the transaction. */
  incoming: readonly (WalletCoin & { isTrusted: boolean })[];
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
  const incoming: (WalletCoin & { isTrusted: boolean })[] = [];
  for (const { transaction, isTrusted } of pending) {
    transaction.outputs.forEach(({ amount, lockingScript }, index) => {
      const key = findKey(lockingScript);
      if (key === undefined) return;
      const outpoint = { txHash: transaction.hash, index };
      const mapKey = outpointKey(transaction.hash, index);
      amounts.set(mapKey, amount);
      if (!spent.has(mapKey)) {
        incoming.push({ outpoint, amount, height: undefined, isCoinbase: false, key, isTrusted });
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
