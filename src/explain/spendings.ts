import { bytesToKey } from '../bytes/bytes.ts';
import { checkTransaction } from '../consensus/checkTransaction.ts';
import type { Coin } from '../consensus/coin.ts';
import { lockTypeOf } from '../consensus/lockingScript.ts';
import type { VerifyEngine } from '../crypto/verifyEngine.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { type Outpoint, outpointKey, type Transaction } from '../primitives/transaction.ts';
import { isUnknown } from './rule.ts';
import { reportSignature, type SignatureReport } from './signatureReport.ts';
import type { FoundCoin, Spending } from './spendRules.ts';

/** What verifying takes, and how many signatures are reported with all their bytes. */
export type Verifying = Readonly<{ params: NetworkParams; engine: VerifyEngine; maxReports: number }>;

/** A signature with the transaction that it is in. */
export type PlacedSignature = SignatureReport & Readonly<{ transaction: number }>;

export type Spendings = Readonly<{
  spendings: readonly Spending[];
  /** The first of them: each holds a copy of its transaction. */
  reports: readonly PlacedSignature[];
}>;

/** What the transactions of a block spend, in order: coins of before, and of those earlier in the block, each once. */
export function spendingsOfBlock(
  transactions: readonly Transaction[],
  height: number | undefined,
  coinOf: (outpoint: Outpoint) => FoundCoin,
  verifying: Verifying,
): Spendings {
  const made = new Map<string, Coin>();
  const spent = new Set<string>();
  const own = new Set(transactions.map(({ hash }) => bytesToKey(hash)));
  const reports: PlacedSignature[] = [];
  const find = (outpoint: Outpoint): FoundCoin => {
    const key = outpointKey(outpoint.txHash, outpoint.index);
    if (spent.has(key)) return undefined;
    spent.add(key);
    const coin = made.get(key);
    // What a later transaction of the block makes is not there yet.
    return coin === undefined && own.has(bytesToKey(outpoint.txHash))
      ? undefined
      : (coin ?? coinOf(outpoint));
  };
  const spendings = transactions.map((transaction, at): Spending => {
    const isPayment = at > 0;
    const coins = isPayment ? transaction.inputs.map(({ outpoint }) => find(outpoint)) : [];
    for (const [index, { amount, lockingScript }] of transaction.outputs.entries()) {
      // Data can never be spent, so it is never a coin.
      if (lockTypeOf(lockingScript) === 'data') continue;
      const coin = { amount, lockingScript, height: height ?? 0, isCoinbase: !isPayment };
      made.set(outpointKey(transaction.hash, index), coin);
    }
    return {
      at,
      transaction,
      isPayment,
      coins,
      signatures: verify(transaction, coins, at, reports, verifying),
    };
  });
  return { spendings, reports };
}

/** The same for one transaction by itself. */
export function spendingOf(
  transaction: Transaction,
  isCoinbase: boolean,
  coinOf: (outpoint: Outpoint) => FoundCoin,
  verifying: Verifying,
): Spendings {
  const reports: PlacedSignature[] = [];
  const coins = isCoinbase ? [] : transaction.inputs.map(({ outpoint }) => coinOf(outpoint));
  const signatures = verify(transaction, coins, 0, reports, verifying);
  return { spendings: [{ at: 0, transaction, isPayment: !isCoinbase, coins, signatures }], reports };
}

function verify(
  transaction: Transaction,
  coins: readonly FoundCoin[],
  at: number,
  reports: PlacedSignature[],
  { params, engine, maxReports }: Verifying,
): Spending['signatures'] {
  // The digest of each input hashes the whole: what is larger than allowed, or names a coin many times, would take for ever.
  const isSane = checkTransaction(transaction) === undefined;
  return coins.map((coin, input) => {
    if (coin === undefined) return { needs: 'every coin to exist' };
    if (isUnknown(coin)) return coin;
    if (!isSane) return { needs: 'the rules about the transaction by itself to hold first' };
    const report = reportSignature(transaction, input, coin, params, engine);
    if (report === undefined) return undefined;
    if (reports.length < maxReports) reports.push({ ...report, transaction: at });
    return { holds: report.holds };
  });
}
