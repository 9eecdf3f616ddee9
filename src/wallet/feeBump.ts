import type { TransactionOutput } from '../primitives/transaction.ts';
import { formatAmount } from './amount.ts';
import { DUST, feeOf } from './coinSelection.ts';
import { feeTooHigh, MAX_FEE } from './payment.ts';
import type { WalletCoin } from './walletCoin.ts';
import { WalletError } from './walletError.ts';

export type BumpOptions = Readonly<{
  /** Base units per byte. */
  feeRate: bigint;
  /** Base units per byte that it must pay above what the old one did: BIP125's rule 4. */
  increment: bigint;
  /** Whether too low a rate is refused; else it is raised to what is enough. */
  isExact: boolean;
}>;

/** A payment again, with a higher fee. */
export type BumpPlan = Readonly<{
  coins: readonly WalletCoin[];
  /** All but the change. */
  outputs: readonly TransactionOutput[];
  /** 0 for none. */
  change: bigint;
  fee: bigint;
  oldFee: bigint;
}>;

/**
 * Takes the higher fee from the change, and from more coins where that is not enough. What others get stays as it is.
 * @param coins what the payment spends @param spare more coins that could be spent, the first ones first
 * @param change what it gave back @throws WalletError `insufficient-funds`, `fee-too-low`
 */
export function planBump(
  payment: Readonly<{ coins: readonly WalletCoin[]; outputs: readonly TransactionOutput[]; change: bigint }>,
  spare: readonly WalletCoin[],
  { feeRate, increment, isExact }: BumpOptions,
): BumpPlan {
  const { outputs } = payment;
  const paid = outputs.reduce((total, { amount }) => total + amount, 0n);
  const oldFee = sumOf(payment.coins) - paid - payment.change;
  for (let more = 0; more <= spare.length; more++) {
    const coins = [...payment.coins, ...spare.slice(0, more)];
    const feeWith = (count: number) => {
      const [asked, least] = [
        feeOf(coins.length, count, feeRate),
        oldFee + feeOf(coins.length, count, increment),
      ];
      if (isExact && asked < least) throw tooLow(asked, least);
      return asked > least ? asked : least;
    };
    const fee = feeWith(outputs.length + 1);
    const change = sumOf(coins) - paid - fee;
    if (change >= DUST && fee > MAX_FEE) throw feeTooHigh(fee);
    if (change >= DUST) return { coins, outputs, change, fee, oldFee };
    const rest = sumOf(coins) - paid;
    if (rest >= feeWith(outputs.length) && rest > MAX_FEE) throw feeTooHigh(rest);
    if (rest >= feeWith(outputs.length)) return { coins, outputs, change: 0n, fee: rest, oldFee };
  }
  throw new WalletError(
    'insufficient-funds',
    'Not enough coins to pay the higher fee: the change of the payment and the other coins do not suffice.',
  );
}

function tooLow(asked: bigint, least: bigint): WalletError {
  return new WalletError(
    'fee-too-low',
    `Insufficient total fee ${formatAmount(asked)}, must be at least ${formatAmount(least)} (what the payment paid, and one base unit more for each byte). Name a higher fee rate.`,
  );
}

function sumOf(coins: readonly WalletCoin[]): bigint {
  return coins.reduce((sum, { amount }) => sum + amount, 0n);
}
