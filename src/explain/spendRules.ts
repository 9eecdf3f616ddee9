import { hashToHex } from '../bytes/hex.ts';
import {
  checkCoins,
  checkCoinsExist,
  checkLockTime,
  checkNotOverspent,
  checkRelativeLocks,
  type SpendContext,
  signatureCheck,
} from '../consensus/checkSpend.ts';
import type { Coin } from '../consensus/coin.ts';
import { lockTypeOf } from '../consensus/lockingScript.ts';
import type { RejectCode } from '../consensus/rejection.ts';
import { signatureTemplate } from '../consensus/signatureHash.ts';
import { MAX_MONEY } from '../params/networkParams.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { broken, isUnknown, ok, type RuleResult, type Unknown, unchecked } from './rule.ts';
import type { SignatureReport } from './signatureReport.ts';
import { coins as coinsText, plural } from './words.ts';

/** A coin that an input names: undefined when there is surely none. */
export type FoundCoin = Coin | undefined | Unknown;

/** Where the transactions stand in the chain; times of blocks that are not at hand are undefined. */
export type SpendSetting = Omit<SpendContext, 'medianTimeAt'> &
  Readonly<{ medianTimeAt: (height: number) => number | undefined }>;

/** A transaction with what its inputs spend, one for each; nothing where it is the coinbase of its block. */
export type Spending = Readonly<{
  /** In its block. */
  at: number;
  transaction: Transaction;
  isPayment: boolean;
  coins: readonly FoundCoin[];
  /** What came of verifying each; undefined where none is asked for. */
  signatures: readonly (Pick<SignatureReport, 'holds'> | Unknown | undefined)[];
}>;

/** What one rule says of one transaction. */
type Finding = Readonly<{ broken?: string; unknown?: Unknown }>;
type Rule = (spending: Spending, setting: SpendSetting) => Finding;

const HOLDS: Finding = {};

const RULES: readonly (readonly [RejectCode, Rule])[] = [
  ['bad-txns-inputs-missingorspent', askExistence],
  ['bad-txns-premature-spend-of-coinbase', askMaturity],
  ['bad-txns-inputvalues-outofrange', askInputTotal],
  ['bad-txns-in-belowout', askBalance],
  ['non-BIP68-final', askRelativeLocks],
  ['bad-txns-unlocking-script', askForms],
  ['bad-signature', askSignatures],
];

/** Every rule about what transactions spend, each asked of all of these. One line for a rule. */
export function spendRules(
  spendings: readonly Spending[],
  setting: SpendSetting | Unknown,
  isAlone: boolean,
): RuleResult[] {
  const finality = askAll('bad-txns-nonfinal', askFinality, spendings, setting, isAlone);
  const payments = spendings.filter(({ isPayment }) => isPayment);
  if (payments.length === 0) return [finality];
  const rules = RULES.map(([code, rule]) => askAll(code, rule, payments, setting, isAlone));
  return [finality, ...rules].map((one) =>
    // The same code as for what is no signature at all, but another question.
    one.code === 'bad-txns-unlocking-script'
      ? { ...one, asks: 'what unlocks a coin is what its lock asks for' }
      : one,
  );
}

function askAll(
  code: RejectCode,
  rule: Rule,
  spendings: readonly Spending[],
  setting: SpendSetting | Unknown,
  isAlone: boolean,
): RuleResult {
  if (isUnknown(setting) && (SETTING_CODES as readonly string[]).includes(code))
    return unchecked(code, setting);
  let unknown: Unknown | undefined;
  for (const spending of spendings) {
    // The rules that read no setting are asked without one.
    const finding = rule(spending, setting as SpendSetting);
    if (finding.broken !== undefined) {
      return broken(code, `${isAlone ? '' : `transaction ${spending.at}: `}${finding.broken}`);
    }
    unknown ??= finding.unknown;
  }
  if (unknown) return unchecked(code, unknown);
  return ok(code, describeAll(code, spendings, setting));
}

/** Those that depend on where in the chain the transaction stands. */
const SETTING_CODES = [
  'bad-txns-nonfinal',
  'bad-txns-premature-spend-of-coinbase',
  'non-BIP68-final',
] satisfies RejectCode[];

function askFinality({ transaction }: Spending, setting: SpendSetting): Finding {
  const { lockTime } = transaction;
  const isBroken = checkLockTime(transaction, lockContext(setting)) !== undefined;
  return isBroken ? { broken: `locked until ${lockTime}, this is height ${setting.height}` } : HOLDS;
}

function askExistence({ transaction, coins }: Spending): Finding {
  // A coin that is not known may exist: only what is surely missing counts.
  const rejection = checkCoinsExist(coins as readonly (Coin | undefined)[]);
  if (rejection && 'input' in rejection)
    return {
      broken: `input ${rejection.input}: ${outpointOf(transaction, rejection.input)} is not there to be spent`,
    };
  return { ...unknownAmong(coins) };
}

function askMaturity({ coins }: Spending, setting: SpendSetting): Finding {
  for (const [input, coin] of coins.entries()) {
    if (coin === undefined || isUnknown(coin)) continue;
    const rejection = checkCoins([coin], { ...lockContext(setting), params: setting.params });
    if (rejection?.code === 'bad-txns-premature-spend-of-coinbase') {
      const { coinbaseMaturity } = setting.params;
      return { broken: `input ${input} is ${rejection.depth} deep, at least ${coinbaseMaturity}` };
    }
  }
  return unknownAmong(coins);
}

function askInputTotal({ coins }: Spending, setting: SpendSetting): Finding {
  const known = knownCoins(coins);
  if (known === undefined) return unknownAmong(coins);
  // As coins of no coinbase, so that their age does not come into it.
  const ageless = known.map((coin) => ({ ...coin, isCoinbase: false }));
  const rejection = checkCoins(ageless, { ...lockContext(setting), params: setting.params });
  return rejection && 'total' in rejection
    ? { broken: `${coinsText(rejection.total)} coins, at most ${coinsText(MAX_MONEY)}` }
    : HOLDS;
}

function askBalance({ transaction, coins }: Spending): Finding {
  const known = knownCoins(coins);
  if (known === undefined) return unknownAmong(coins);
  const [inputs, outputs] = [totalOf(known), totalOf(transaction.outputs)];
  return checkNotOverspent(inputs, outputs)
    ? { broken: `spends ${coinsText(inputs)} and pays ${coinsText(outputs)}` }
    : HOLDS;
}

function askRelativeLocks({ transaction, coins }: Spending, setting: SpendSetting): Finding {
  const known = knownCoins(coins);
  if (known === undefined) return unknownAmong(coins);
  let isTimeMissing = false;
  const medianTimeAt = (height: number) => {
    const time = setting.medianTimeAt(height);
    isTimeMissing ||= time === undefined;
    return time ?? 0;
  };
  const rejection = checkRelativeLocks(transaction, known, { ...setting, medianTimeAt });
  if (isTimeMissing) return { unknown: { needs: 'the time of the block that made the coin' } };
  if (!rejection || !('input' in rejection)) return HOLDS;
  const sequence = transaction.inputs[rejection.input]!.sequence.toString(16);
  return { broken: `input ${rejection.input} has sequence ${sequence}: its coin is too young for it` };
}

/** Whether what unlocks is what the lock asks for; strict DER was asked before. */
function askForms({ transaction, coins }: Spending): Finding {
  const { template, insertAt } = signatureTemplate(transaction);
  for (const [input, coin] of coins.entries()) {
    if (coin === undefined || isUnknown(coin)) continue;
    const { unlockingScript } = transaction.inputs[input]!;
    if (!signatureCheck(unlockingScript, coin.lockingScript, template, insertAt[input]!)) {
      return { broken: `input ${input} does not unlock a ${lockTypeOf(coin.lockingScript)} lock` };
    }
  }
  return unknownAmong(coins);
}

function askSignatures({ signatures, coins }: Spending): Finding {
  for (const [input, signature] of signatures.entries()) {
    if (signature && !isUnknown(signature) && !signature.holds) {
      return { broken: `input ${input}: it does not fit the digest and the key` };
    }
  }
  const unknown = signatures.find(isUnknown);
  return unknown ? { unknown } : unknownAmong(coins);
}

function describeAll(
  code: RejectCode,
  spendings: readonly Spending[],
  setting: SpendSetting | Unknown,
): string {
  const coins = spendings.flatMap((one) => one.coins.filter(isCoin));
  const only = spendings.length === 1 ? spendings[0] : undefined;
  switch (code) {
    case 'bad-txns-nonfinal':
      return describeFinality(spendings, setting);
    case 'bad-txns-inputs-missingorspent':
      return plural(coins.length, 'coin');
    case 'bad-txns-premature-spend-of-coinbase':
      return describeMaturity(coins, setting);
    case 'bad-txns-inputvalues-outofrange':
      return `${coinsText(totalOf(coins))} coins, at most ${coinsText(MAX_MONEY)}`;
    case 'bad-txns-in-belowout':
      return describeBalance(coins, spendings);
    case 'non-BIP68-final':
      return only && only.transaction.version >>> 0 < 2
        ? `version ${only.transaction.version}: not asked below 2`
        : 'all are old enough';
    case 'bad-txns-unlocking-script':
      return 'each is of the form that the lock of its coin asks for';
    default:
      return plural(spendings.flatMap((one) => one.signatures.filter(Boolean)).length, 'signature');
  }
}

function describeFinality(spendings: readonly Spending[], setting: SpendSetting | Unknown): string {
  const locked = spendings.filter(({ transaction }) => transaction.lockTime !== 0).length;
  if (locked === 0) return 'no lock time';
  return isUnknown(setting) ? '' : `${locked} with a lock time; this is height ${setting.height}`;
}

function describeMaturity(coins: readonly Coin[], setting: SpendSetting | Unknown): string {
  const young = coins.filter(({ isCoinbase: isNew }) => isNew).map(({ height }) => height);
  if (young.length === 0 || isUnknown(setting)) return 'no coin of a coinbase is spent';
  const youngest = young.reduce((most, height) => Math.max(most, height), 0);
  const depth = setting.height - youngest;
  return `made at height ${youngest}, spent at ${setting.height}: ${depth} deep, at least ${setting.params.coinbaseMaturity}`;
}

function describeBalance(coins: readonly Coin[], spendings: readonly Spending[]): string {
  const [inputs, outputs] = [
    totalOf(coins),
    totalOf(spendings.flatMap(({ transaction }) => transaction.outputs)),
  ];
  return `${coinsText(inputs)} in, ${coinsText(outputs)} out, so the fee is ${coinsText(inputs - outputs)}`;
}

/** What the rules about locks ask for; that of relative locks brings times of its own. */
function lockContext(setting: SpendSetting): SpendContext {
  return { ...setting, medianTimeAt: () => 0 };
}

/** All of them, or undefined when one is missing. */
export function knownCoins(coins: readonly FoundCoin[]): Coin[] | undefined {
  const known = coins.filter(isCoin);
  return known.length === coins.length ? known : undefined;
}

export function totalOf(parts: readonly { readonly amount: bigint }[]): bigint {
  return parts.reduce((total, { amount }) => total + amount, 0n);
}

function isCoin(coin: FoundCoin): coin is Coin {
  return coin !== undefined && !isUnknown(coin);
}

function unknownAmong(coins: readonly FoundCoin[]): Finding {
  const unknown = coins.find(isUnknown);
  if (unknown) return { unknown };
  return coins.includes(undefined) ? { unknown: { needs: 'every coin to exist' } } : HOLDS;
}

function outpointOf({ inputs }: Transaction, input: number): string {
  const { txHash, index } = inputs[input]!.outpoint;
  return `${hashToHex(txHash)}:${index}`;
}
