import { formatAmount } from './amount.ts';
import { WalletError } from './walletError.ts';

/** Bytes of a transaction beside inputs and outputs: version, lock time, and two counts of up to three bytes. */
const BASE_BYTES = 14;
/** Outpoint 36, script length 1, script 73 (length byte, the longest low-S signature of 71 bytes, hash type), sequence 4. */
const INPUT_BYTES = 114;
/** Amount 8, script length 1, pay-to-public-key script 35. */
const OUTPUT_BYTES = 44;
/** The consensus limit of a transaction. */
const MAX_TRANSACTION_BYTES = 100_000;
/** Change below what it costs to spend it later is left to the miner. */
export const DUST = 1_000n;
/** Steps of the search for coins that need no change, as in Bitcoin Core. */
const MAX_TRIES = 100_000;

export type CoinSelection<C> = Readonly<{ coins: readonly C[]; fee: bigint; change: bigint }>;

type SelectionOptions<C> = Readonly<{
  target: bigint;
  outputs: number;
  /** Base units per byte. */
  feeRate: bigint;
  /** Whether the target holds the fee already: whoever is paid gets so much less. */
  isFeeInside?: boolean;
  /** Coins that are touched only when the rest is not enough. */
  isLast: (coin: C) => boolean;
}>;

/**
 * Chooses coins that pay `target` and the fee beside it: some that need no change if there are such, else the smallest one that is
 * enough, else the largest ones. No coin is taken that costs more in fees than it brings.
 * @throws WalletError when the coins do not suffice or would make too large a transaction.
 */
export function selectCoins<C extends { amount: bigint }>(
  coins: readonly C[],
  options: SelectionOptions<C>,
): CoinSelection<C> {
  const costOfInput = BigInt(INPUT_BYTES) * options.feeRate;
  const useful = coins
    .filter(({ amount }) => amount > costOfInput)
    .sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : 0));
  const first = useful.filter((coin) => !options.isLast(coin));
  const chosen = chooseAmong(first, options) ?? chooseAmong(useful, options);
  if (chosen === undefined) throw notEnough(useful, options);
  if (sizeOf(chosen.length, options.outputs + 1) > MAX_TRANSACTION_BYTES) {
    throw new WalletError(
      'too-many-inputs',
      `This would need ${chosen.length} coins in one transaction, more than fit. Send it in smaller parts.`,
    );
  }
  return settle(chosen, options);
}

/** The fee of a transaction of that many inputs and outputs, by the largest size that it can have. */
export function feeOf(inputs: number, outputs: number, feeRate: bigint): bigint {
  return BigInt(sizeOf(inputs, outputs)) * feeRate;
}

/** What is left after target and fee goes back, unless it is dust. */
function settle<C extends { amount: bigint }>(
  coins: readonly C[],
  { target, outputs, feeRate, isFeeInside = false }: SelectionOptions<C>,
): CoinSelection<C> {
  const rest = sumOf(coins) - target;
  const fee = feeOf(coins.length, outputs + 1, feeRate);
  const change = isFeeInside ? rest : rest - fee;
  const costOfSpending = BigInt(INPUT_BYTES) * feeRate;
  const isWorthIt = change >= DUST && change > costOfSpending;
  if (isWorthIt) return { coins, fee, change };
  const least = isFeeInside ? feeOf(coins.length, outputs, feeRate) : 0n;
  return { coins, fee: rest > least ? rest : least, change: 0n };
}

/** @param coins the largest first */
function chooseAmong<C extends { amount: bigint }>(
  coins: readonly C[],
  options: SelectionOptions<C>,
): readonly C[] | undefined {
  const { target, outputs, feeRate, isFeeInside = false } = options;
  const needed = isFeeInside ? target : target + feeOf(0, outputs, feeRate);
  const costOfInput = isFeeInside ? 0n : BigInt(INPUT_BYTES) * feeRate;
  const values = coins.map(({ amount }) => Number(amount - costOfInput));
  // More than this in fees, and an output for change, to be spent one day, would have been cheaper.
  const costOfChange = BigInt(OUTPUT_BYTES + INPUT_BYTES) * feeRate;
  const exact = findWithoutChange(values, Number(needed), Number(costOfChange));
  if (exact !== undefined) return exact.map((i) => coins[i]!);
  const isEnough = (amount: bigint) => amount - costOfInput >= needed;
  const smallest = coins.findLast(({ amount }) => isEnough(amount));
  if (smallest !== undefined) return [smallest];
  let sum = 0n;
  const last = coins.findIndex(({ amount }) => {
    sum += amount - costOfInput;
    return sum >= needed;
  });
  return last < 0 ? undefined : coins.slice(0, last + 1);
}

/**
 * Branch and bound (Erhardt, "An Evaluation of Coin Selection Strategies", 2016; Bitcoin Core's SelectCoinsBnB): a set of
 * values whose sum is at least `target` and above it by as little as can be found, by `tolerance` at the most.
 * @param values more than zero, the largest first @returns their indexes
 */
export function findWithoutChange(
  values: readonly number[],
  target: number,
  tolerance: number,
): readonly number[] | undefined {
  const rest = new Array<number>(values.length + 1).fill(0);
  for (let i = values.length - 1; i >= 0; i--) rest[i] = rest[i + 1]! + values[i]!;
  const chosen: number[] = [];
  let best: readonly number[] | undefined;
  let bestSum = target + tolerance + 1;
  let sum = 0;
  let at = 0;
  for (let tries = 0; tries < MAX_TRIES && bestSum > target; tries++) {
    if (sum >= target && sum < bestSum && chosen.length > 0) {
      best = [...chosen];
      bestSum = sum;
    }
    if (sum < target && sum + rest[at]! >= target && at < values.length) {
      chosen.push(at);
      sum += values[at++]!;
      continue;
    }
    const dropped = chosen.pop();
    if (dropped === undefined) break;
    sum -= values[dropped]!;
    // Another one of the same value instead would lead to what was looked at already.
    at = dropped + 1;
    while (at < values.length && values[at] === values[dropped]) at++;
  }
  return best;
}

function notEnough<C extends { amount: bigint }>(
  useful: readonly C[],
  { target, outputs, feeRate, isFeeInside = false }: SelectionOptions<C>,
): WalletError {
  const fee = isFeeInside ? 0n : feeOf(Math.max(1, useful.length), outputs, feeRate);
  const needed = target + fee;
  return new WalletError(
    'insufficient-funds',
    `Not enough coins: ${formatAmount(sumOf(useful))} can be spent now, and this needs ${formatAmount(needed)} with the fee.`,
  );
}

function sumOf(coins: readonly { amount: bigint }[]): bigint {
  return coins.reduce((sum, { amount }) => sum + amount, 0n);
}

function sizeOf(inputs: number, outputs: number): number {
  return BASE_BYTES + inputs * INPUT_BYTES + outputs * OUTPUT_BYTES;
}
