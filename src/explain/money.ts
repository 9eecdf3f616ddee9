import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import { lockTypeOf, publicKeyIn } from '../consensus/lockingScript.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { describeLock } from './annotateScript.ts';
import type { SpentCoin, TransactionExplanation } from './explanation.ts';
import { isUnknown } from './rule.ts';
import { type FoundCoin, knownCoins, totalOf } from './spendRules.ts';

/** Where the money of a transaction comes from and where it goes. `coins` is empty for a coinbase. */
export function explainMoney(
  { inputs, outputs }: Transaction,
  coins: readonly FoundCoin[],
  params: NetworkParams,
): NonNullable<TransactionExplanation['money']> {
  const known = coins.length === 0 ? undefined : knownCoins(coins);
  const paid = totalOf(outputs);
  const locks = new Set(known?.map(({ lockingScript }) => bytesToHex(lockingScript)));
  const spent = coins.map((coin, i): SpentCoin => {
    const { txHash, index } = inputs[i]!.outpoint;
    const named = { txid: hashToHex(txHash), output: index };
    if (coin === undefined || isUnknown(coin)) return named;
    const { amount, height, isCoinbase, lockingScript } = coin;
    return { ...named, amount, height, isCoinbase, lock: shownLock(lockingScript, params) };
  });
  const made = outputs.map(({ amount, lockingScript }) => ({
    amount,
    lock: shownLock(lockingScript, params),
    isChange: locks.has(bytesToHex(lockingScript)),
  }));
  const total = known && totalOf(known);
  return {
    ...(total !== undefined && { inputs: total, fee: total - paid }),
    outputs: paid,
    spent,
    made,
  };
}

/** The address, or what else says which lock it is. */
function shownLock(script: Uint8Array, params: NetworkParams): string {
  const { value } = describeLock(script, params);
  if (value !== undefined) return value;
  const type = lockTypeOf(script);
  return type === 'public-key' ? `key ${bytesToHex(publicKeyIn(script)).slice(0, 32)}…` : (type ?? 'no lock');
}
