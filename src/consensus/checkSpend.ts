import type { SignatureCheck } from '../crypto/signatureCheck.ts';
import { MAX_MONEY, type NetworkParams } from '../params/networkParams.ts';
import type { Transaction } from '../primitives/transaction.ts';
import type { Coin } from './coin.ts';
import { lockTypeOf, publicKeyIn, pushedSignature } from './lockingScript.ts';
import { immatureInput, isFinal, type LockContext } from './lockTime.ts';
import type { SpendRejection, TransactionRejection } from './rejection.ts';
import { signatureTemplate } from './signatureHash.ts';

export type SpendContext = LockContext & Readonly<{ params: NetworkParams }>;

export type Spend = Readonly<{
  /** Inputs less outputs, base units, never negative. */
  fee: bigint;
  /** What is left to verify: the transaction is valid when all of these hold. One for each public-key input, in order. */
  checks: readonly SignatureCheck[];
}>;

export type SpendResult = Spend | Readonly<{ rejection: SpendRejection | TransactionRejection }>;

/**
 * The rules for a transaction, no coinbase, that spends these coins (one for each input, undefined where there is none) in
 * a block of this height: all but the signatures, which it returns as work to do. In Bitcoin Core's order (CheckTxInputs).
 */
export function checkSpend(
  transaction: Transaction,
  coins: readonly (Coin | undefined)[],
  context: SpendContext,
): SpendResult {
  const rejection = checkLockTime(transaction, context) ?? checkCoinsExist(coins);
  return rejection ? { rejection } : checkSpendOfKnown(transaction, coins as readonly Coin[], context);
}

function checkSpendOfKnown(
  transaction: Transaction,
  coins: readonly Coin[],
  context: SpendContext,
): SpendResult {
  let rejection = checkCoins(coins, context);
  if (rejection) return { rejection };
  const inputs = totalOf(coins);
  const outputs = totalOf(transaction.outputs);
  rejection = checkNotOverspent(inputs, outputs) ?? checkRelativeLocks(transaction, coins, context);
  if (rejection) return { rejection };
  const checks = signatureChecks(transaction, coins);
  return 'code' in checks ? { rejection: checks } : { fee: inputs - outputs, checks };
}

/** Not locked until a later block. */
export function checkLockTime(
  transaction: Transaction,
  { height, medianTimeSec }: LockContext,
): SpendRejection | undefined {
  const { lockTime } = transaction;
  return isFinal(transaction, height, medianTimeSec) ? undefined : { code: 'bad-txns-nonfinal', lockTime };
}

export function checkCoinsExist(coins: readonly (Coin | undefined)[]): SpendRejection | undefined {
  const missing = coins.indexOf(undefined);
  return missing >= 0 ? { code: 'bad-txns-inputs-missingorspent', input: missing } : undefined;
}

/** No coin is one of a coinbase's that is too young, and together they are an amount that there can be. */
export function checkCoins(
  coins: readonly Coin[],
  { height: ownHeight, params }: SpendContext,
): SpendRejection | undefined {
  let total = 0n;
  for (let input = 0; input < coins.length; input++) {
    const { amount, height, isCoinbase } = coins[input]!;
    const depth = ownHeight - height;
    if (isCoinbase && depth < params.coinbaseMaturity) {
      return { code: 'bad-txns-premature-spend-of-coinbase', input, depth };
    }
    total += amount;
    if (total > MAX_MONEY) return { code: 'bad-txns-inputvalues-outofrange', total };
  }
  return undefined;
}

/** Nothing is paid that did not come in. */
export function checkNotOverspent(inputs: bigint, outputs: bigint): SpendRejection | undefined {
  return inputs < outputs ? { code: 'bad-txns-in-belowout', inputs, outputs } : undefined;
}

/** Every coin is as old as the sequence number of its input asks (BIP68). */
export function checkRelativeLocks(
  transaction: Transaction,
  coins: readonly Coin[],
  context: LockContext,
): SpendRejection | undefined {
  const input = immatureInput(transaction, coins, context);
  return input === undefined ? undefined : { code: 'non-BIP68-final', input };
}

function signatureChecks(
  transaction: Transaction,
  coins: readonly Coin[],
): SignatureCheck[] | TransactionRejection {
  const { template, insertAt } = signatureTemplate(transaction);
  const checks: SignatureCheck[] = [];
  for (let input = 0; input < transaction.inputs.length; input++) {
    const { unlockingScript } = transaction.inputs[input]!;
    const check = signatureCheck(unlockingScript, coins[input]!.lockingScript, template, insertAt[input]!);
    if (check === undefined) return { code: 'bad-txns-unlocking-script', input };
    if (check !== NO_CHECK) checks.push(check);
  }
  return checks;
}

/** Of an input whose coin has a reserved lock: there is nothing to verify. */
export const NO_CHECK = 'none';

/** What one input leaves to verify; undefined when its script is not of the form that the coin's lock asks for. */
export function signatureCheck(
  unlockingScript: Uint8Array,
  script: Uint8Array,
  template: Uint8Array,
  insertAt: number,
): SignatureCheck | typeof NO_CHECK | undefined {
  const lockType = lockTypeOf(script);
  if (lockType === 'reserved' && unlockingScript.length === 0) return NO_CHECK;
  const signature = pushedSignature(unlockingScript);
  if (lockType !== 'public-key' || !signature) return undefined;
  return { template, insertAt, script, publicKey: publicKeyIn(script), signature };
}

function totalOf(parts: readonly { readonly amount: bigint }[]): bigint {
  let total = 0n;
  for (const { amount } of parts) total += amount;
  return total;
}
