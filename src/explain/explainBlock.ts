import { equalBytes } from '../bytes/bytes.ts';
import { medianTime } from '../consensus/headerNode.ts';
import { subsidyAt } from '../consensus/subsidy.ts';
import type { VerifyEngine } from '../crypto/verifyEngine.ts';
import type { Block } from '../primitives/block.ts';
import { HEADER_BYTES } from '../primitives/header.ts';
import { annotateBlock } from './annotateBlock.ts';
import { bodyRules, coinbaseAmountRule, coinbaseRules, feesOf } from './blockRules.ts';
import type { BlockContext } from './chainContext.ts';
import { explainHeader, heightOf } from './explainHeader.ts';
import type { BlockExplanation, Detail } from './explanation.ts';
import { headerRules } from './headerRules.ts';
import { merkleLevels } from './merkle.ts';
import { proofOfWork } from './proofOfWork.ts';
import { decodeResult, inGroup, isUnknown, type RuleResult, type Unknown, withLater } from './rule.ts';
import { explainSignatures } from './signatureFields.ts';
import { type Spendings, spendingsOfBlock } from './spendings.ts';
import { type SpendSetting, spendRules, totalOf } from './spendRules.ts';
import { transactionRules } from './transactionRules.ts';

/** Everything about bytes that should be a block. */
export function explainBlock(
  bytes: Uint8Array,
  context: BlockContext,
  engine: VerifyEngine,
  detail: Detail,
): BlockExplanation {
  const { params } = context;
  const height = heightOf(context);
  const { fields, decoded, error } = annotateBlock(bytes, { params, ...height }, detail.maxFields);
  const decode = decodeResult(error, 'block');
  const base = { kind: 'block', bytes: bytes.length, fields, ...height } as const;
  if (decoded === undefined) {
    const nothing = { signatures: [], furtherSignatures: 0 };
    return {
      ...base,
      ...(error !== undefined && { error }),
      ...nothing,
      ...ofHeader(bytes, decode, context),
    };
  }
  const { header, transactions } = decoded;
  const verifying = { params, engine, maxReports: detail.maxReports };
  const spent = spendingsOfBlock(transactions, height.height, context.coinOf, verifying);
  const levels = merkleLevels(transactions.map(({ hash }) => hash));
  const root = levels.at(-1)?.[0];
  return {
    ...base,
    ...(context.isGenesis === true && { isGenesis: true }),
    timeSec: header.timeSec,
    transactions: transactions.length,
    proof: proofOfWork(header, context.chainWork),
    merkle: {
      levels,
      headerRoot: header.merkleRoot,
      isRoot: root !== undefined && equalBytes(root, header.merkleRoot),
    },
    ...moneyOf(decoded, spent, height.height, context),
    ...explainSignatures(spent, params, detail.maxFields),
    rules: withLater([decode, ...rulesOf(decoded, spent, context)], context.later),
  };
}

/** Of bytes that are no block, what their header says if they have one. */
function ofHeader(
  bytes: Uint8Array,
  decode: RuleResult,
  context: BlockContext,
): Pick<BlockExplanation, 'proof' | 'rules'> {
  const { proof, rules } = explainHeader(bytes.subarray(0, HEADER_BYTES), context);
  const ofRules = rules.filter(({ code }) => code !== 'decode');
  return { ...(proof && { proof }), rules: [decode, ...inGroup('The header', ofRules)] };
}

function rulesOf(block: Block, { spendings }: Spendings, context: BlockContext): RuleResult[] {
  const { params, parent, isBip54Active } = context;
  const setting = settingOf(context);
  const height = isUnknown(parent) ? parent : parent.height + 1;
  return [
    ...inGroup('The header', headerRules(block.header, context)),
    ...inGroup('The block as a whole', bodyRules(block, params)),
    ...inGroup('Every transaction by itself', transactionRules(block.transactions)),
    ...inGroup('Its place in the chain', coinbaseRules(block, height, isBip54Active)),
    ...inGroup('The coins that it spends', spendRules(spendings, setting, false)),
    ...inGroup('The coins that it spends', [coinbaseAmountRule(block, spendings, setting)]),
  ];
}

/** Where the transactions of the block stand. */
function settingOf({ parent, params, medianTimeAt }: BlockContext): SpendSetting | Unknown {
  if (isUnknown(parent)) return parent;
  return { height: parent.height + 1, medianTimeSec: medianTime(parent), params, medianTimeAt };
}

function moneyOf(
  { transactions }: Block,
  { spendings }: Spendings,
  height: number | undefined,
  { params }: BlockContext,
): Pick<BlockExplanation, 'money'> {
  const coinbase = transactions[0];
  if (coinbase === undefined) return {};
  const fees = feesOf(spendings);
  return {
    money: {
      taken: totalOf(coinbase.outputs),
      ...(height !== undefined && height > 0 && { subsidy: subsidyAt(height, params) }),
      ...(!isUnknown(fees) && { fees }),
    },
  };
}
