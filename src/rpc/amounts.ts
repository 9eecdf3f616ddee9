import { MAX_MONEY } from '../params/networkParams.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';

/** Base units as the JSON number of coins that Bitcoin's RPC writes. Exact to the last unit: money fits in 53 bits. */
export function toCoins(amount: bigint): number {
  return Number(amount) / 1e8;
}

/** A fee rate of base units per byte in coins per 1,000 bytes. */
export function toCoinsPerKilobyte(unitsPerByte: number): number {
  return Math.round(unitsPerByte * 1000) / 1e8;
}

/**
 * The base units of an amount of coins in a request: a number, or its text, with at most eight decimals, as Bitcoin Core
 * takes it (AmountFromValue). Doubles keep every amount there can be apart. @throws RpcError -3
 */
export function fromCoins(value: number | string): bigint {
  const match = /^(-?)(\d{1,16})(?:\.(\d{1,16}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(String(value));
  if (match === null) throw new RpcError(RPC_ERROR.type, 'Invalid amount');
  const [, sign, whole = '', decimals = '', exponent = '0'] = match;
  const shift = 8 - decimals.length + Number(exponent);
  const digits = BigInt(whole + decimals);
  const divisor = 10n ** BigInt(Math.max(0, -shift));
  if (digits % divisor !== 0n) throw new RpcError(RPC_ERROR.type, 'Invalid amount');
  const amount = (digits / divisor) * 10n ** BigInt(Math.max(0, shift));
  if (sign === '-' || amount > MAX_MONEY) throw new RpcError(RPC_ERROR.type, 'Amount out of range');
  return amount;
}
