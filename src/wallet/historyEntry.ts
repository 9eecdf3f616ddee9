import { hashToHex } from '../bytes/hex.ts';
import { isCoinbase, type Outpoint, type Transaction } from '../primitives/transaction.ts';
import type { FindKey, HistoryEntry } from './walletCoin.ts';

/** A transaction as the history shows it. @param spent amounts of the inputs that were ours */
export function describe(
  transaction: Transaction,
  received: bigint,
  spent: readonly bigint[],
): Pick<HistoryEntry, 'txid' | 'isCoinbase' | 'received' | 'spent' | 'fee'> {
  const total = spent.reduce((sum, amount) => sum + amount, 0n);
  const outputs = transaction.outputs.reduce((sum, { amount }) => sum + amount, 0n);
  return {
    txid: hashToHex(transaction.hash),
    isCoinbase: isCoinbase(transaction),
    received,
    spent: total,
    fee: spent.length === transaction.inputs.length ? total - outputs : undefined,
  };
}

/** One that no block has. @param amountOf a coin of ours that is spent; undefined for one of others */
export function describePending(
  { transaction, timeSec }: Readonly<{ transaction: Transaction; timeSec: number }>,
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
