import { COIN, MAX_MONEY } from '../params/networkParams.ts';
import { WalletError } from './walletError.ts';

/** Base units as a decimal number of coins with eight places: `1.50000000`. Exact, so it is a string. */
export function formatAmount(amount: bigint): string {
  const sign = amount < 0n ? '-' : '';
  const units = amount < 0n ? -amount : amount;
  return `${sign}${units / COIN}.${(units % COIN).toString().padStart(8, '0')}`;
}

/** Base units of a decimal number of coins, more than zero: `1`, `0.5`, `12.00000001`. @throws WalletError */
export function parseAmount(text: string): bigint {
  const match = /^(\d{1,8})(?:\.(\d{1,8}))?$/.exec(text);
  if (match === null) {
    throw new WalletError(
      'bad-amount',
      `"${text}" is not an amount: write coins with at most 8 decimals, like 1.5.`,
    );
  }
  const amount = BigInt(match[1]!) * COIN + BigInt((match[2] ?? '').padEnd(8, '0'));
  if (amount === 0n) throw new WalletError('bad-amount', 'The amount must be more than zero.');
  if (amount > MAX_MONEY)
    throw new WalletError('bad-amount', `There will never be as much as ${text} coins.`);
  return amount;
}
