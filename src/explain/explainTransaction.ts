import { equalBytes } from '../bytes/bytes.ts';
import type { VerifyEngine } from '../crypto/verifyEngine.ts';
import { isCoinbase, type Transaction } from '../primitives/transaction.ts';
import { annotateTransaction } from './annotateTransaction.ts';
import type { TransactionContext } from './chainContext.ts';
import type { Detail, TransactionExplanation } from './explanation.ts';
import { merklePath } from './merkle.ts';
import { explainMoney } from './money.ts';
import { hashSteps } from './proofOfWork.ts';
import { decodeResult, inGroup, isUnknown, withLater } from './rule.ts';
import { explainSignatures } from './signatureFields.ts';
import { spendingOf } from './spendings.ts';
import { spendRules } from './spendRules.ts';
import { transactionRules } from './transactionRules.ts';

/** Everything about bytes that should be a transaction. */
export function explainTransaction(
  bytes: Uint8Array,
  context: TransactionContext,
  engine: VerifyEngine,
  detail: Detail,
): TransactionExplanation {
  const { params, block, setting, coinOf } = context;
  const height = isUnknown(block) ? {} : { height: block.height };
  const { fields, decoded, error } = annotateTransaction(bytes, { params, ...height }, detail.maxFields);
  const decode = decodeResult(error, 'transaction');
  const base = { kind: 'transaction', fields, block } as const;
  if (decoded === undefined) {
    const nothing = { isCoinbase: false, signatures: [], furtherSignatures: 0, rules: [decode] };
    return { ...base, ...(error !== undefined && { error }), ...nothing };
  }
  const isOfCoinbase = isCoinbase(decoded);
  const verifying = { params, engine, maxReports: detail.maxReports };
  const spent = spendingOf(decoded, isOfCoinbase, coinOf, verifying);
  const rules = [
    decode,
    ...inGroup('By itself', transactionRules([decoded])),
    ...inGroup('In the chain', spendRules(spent.spendings, setting, true)),
  ];
  return {
    ...base,
    isCoinbase: isOfCoinbase,
    hash: hashSteps(bytes),
    money: explainMoney(decoded, spent.spendings[0]!.coins, params),
    ...pathOf(decoded, context),
    ...explainSignatures(spent, params, detail.maxFields),
    rules: withLater(rules, context.later),
  };
}

function pathOf(
  { hash }: Transaction,
  { block }: TransactionContext,
): Pick<TransactionExplanation, 'merkle'> {
  if (isUnknown(block)) return {};
  const { hashes, index, merkleRoot } = block;
  const steps = merklePath(hashes, index);
  const root = steps.at(-1)?.parent ?? hash;
  return { merkle: { steps, own: hash, headerRoot: merkleRoot, isRoot: equalBytes(root, merkleRoot) } };
}
