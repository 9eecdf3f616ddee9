import { formatAmount } from './amount.ts';
import { WalletError } from './walletError.ts';

/** Bytes of a transaction beside inputs and outputs: version, lock time, and two counts of up to three bytes. */
const BASE_BYTES = 14;
/** Outpoint 36, script length 1, script 73 (length byte, the longest low-S signature of 71 bytes, hash type), sequence 4. */
export const INPUT_BYTES = 114;
/** Amount 8, script length 1, pay-to-public-key script 35. */
export const OUTPUT_BYTES = 44;
/** The consensus limit of a transaction. */
const MAX_TRANSACTION_BYTES = 100_000;
/** Change below what it costs to spend it later is left to the miner. */
export const DUST = 1_000n;

export type CoinSelection<C> = Readonly<{ coins: readonly C[]; fee: bigint; change: bigint }>;

/**
 * Chooses coins that pay `target` and the fee, the largest first, so that the transaction is small. Coins for which
 * `isLast` holds are touched only when the rest is not enough.
 * @throws WalletError when the coins do not suffice or would make too large a transaction.
 */
export function selectCoins<C extends { amount: bigint }>(
  coins: readonly C[],
  options: { target: bigint; outputs: number; feeRate: bigint; isLast: (coin: C) => boolean },
): CoinSelection<C> {
  const ordered = [...coins].sort((a, b) => {
    const order = Number(options.isLast(a)) - Number(options.isLast(b));
    return order !== 0 ? order : a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : 0;
  });
  const chosen: C[] = [];
  let sum = 0n;
  for (const coin of ordered) {
    if (sum >= options.target + feeOf(chosen.length, options.outputs, options.feeRate) && chosen.length > 0)
      break;
    chosen.push(coin);
    sum += coin.amount;
  }
  const feeAlone = feeOf(chosen.length, options.outputs, options.feeRate);
  if (chosen.length === 0 || sum < options.target + feeAlone) {
    throw new WalletError(
      'insufficient-funds',
      `Not enough coins: ${formatAmount(sum)} can be spent now, and this needs ${formatAmount(options.target + feeAlone)} with the fee.`,
    );
  }
  if (sizeOf(chosen.length, options.outputs + 1) > MAX_TRANSACTION_BYTES) {
    throw new WalletError(
      'too-many-inputs',
      `This would need ${chosen.length} coins in one transaction, more than fit. Send it in smaller parts.`,
    );
  }
  const feeWithChange = feeOf(chosen.length, options.outputs + 1, options.feeRate);
  const change = sum - options.target - feeWithChange;
  if (change < DUST) return { coins: chosen, fee: sum - options.target, change: 0n };
  return { coins: chosen, fee: feeWithChange, change };
}

function sizeOf(inputs: number, outputs: number): number {
  return BASE_BYTES + inputs * INPUT_BYTES + outputs * OUTPUT_BYTES;
}

function feeOf(inputs: number, outputs: number, feeRate: bigint): bigint {
  return BigInt(sizeOf(inputs, outputs)) * feeRate;
}
