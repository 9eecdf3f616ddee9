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
  if (!isFinal(transaction, context.height, context.medianTimeSec)) {
    return { rejection: { code: 'bad-txns-nonfinal', lockTime: transaction.lockTime } };
  }
  const missing = coins.indexOf(undefined);
  if (missing >= 0) return { rejection: { code: 'bad-txns-inputs-missingorspent', input: missing } };
  return checkSpendOfKnown(transaction, coins as readonly Coin[], context);
}

function checkSpendOfKnown(
  transaction: Transaction,
  coins: readonly Coin[],
  context: SpendContext,
): SpendResult {
  let inputs = 0n;
  for (let input = 0; input < coins.length; input++) {
    const { amount, height, isCoinbase } = coins[input]!;
    const depth = context.height - height;
    if (isCoinbase && depth < context.params.coinbaseMaturity) {
      return { rejection: { code: 'bad-txns-premature-spend-of-coinbase', input, depth } };
    }
    inputs += amount;
    if (inputs > MAX_MONEY) return { rejection: { code: 'bad-txns-inputvalues-outofrange', total: inputs } };
  }
  let outputs = 0n;
  for (const { amount } of transaction.outputs) outputs += amount;
  if (inputs < outputs) return { rejection: { code: 'bad-txns-in-belowout', inputs, outputs } };
  const tooYoung = immatureInput(transaction, coins, context);
  if (tooYoung !== undefined) return { rejection: { code: 'non-BIP68-final', input: tooYoung } };
  const checks = signatureChecks(transaction, coins);
  return 'code' in checks ? { rejection: checks } : { fee: inputs - outputs, checks };
}

function signatureChecks(
  transaction: Transaction,
  coins: readonly Coin[],
): SignatureCheck[] | TransactionRejection {
  const { template, insertAt } = signatureTemplate(transaction);
  const checks: SignatureCheck[] = [];
  for (let input = 0; input < transaction.inputs.length; input++) {
    const { unlockingScript } = transaction.inputs[input]!;
    const script = coins[input]!.lockingScript;
    const lockType = lockTypeOf(script);
    if (lockType === 'reserved' && unlockingScript.length === 0) continue;
    const signature = pushedSignature(unlockingScript);
    if (lockType !== 'public-key' || !signature) return { code: 'bad-txns-unlocking-script', input };
    checks.push({ template, insertAt: insertAt[input]!, script, publicKey: publicKeyIn(script), signature });
  }
  return checks;
}
