import { hashToHex } from '../bytes/hex.ts';
import {
  checkAmounts,
  checkCoinbaseScript,
  checkInputsDistinct,
  checkLockingScripts,
  checkNotEmpty,
  checkOutpointsNotNull,
  checkSize,
  checkUnlockingScripts,
  FORBIDDEN_TRANSACTION_BYTES,
  MAX_COINBASE_SCRIPT_BYTES,
  MAX_TRANSACTION_BYTES,
  MIN_COINBASE_SCRIPT_BYTES,
} from '../consensus/checkTransaction.ts';
import { lockTypeOf, pushedSignature } from '../consensus/lockingScript.ts';
import type { RejectCode, TransactionRejection } from '../consensus/rejection.ts';
import { MAX_MONEY } from '../params/networkParams.ts';
import { isCoinbase, type Transaction } from '../primitives/transaction.ts';
import { scriptHex } from './annotateScript.ts';
import { broken, judged, ok, type RuleResult } from './rule.ts';
import { coins, plural, whole } from './words.ts';

type Check = (transaction: Transaction) => TransactionRejection | undefined;

/** What a transaction breaks, and which of them it is. */
type Broken = Readonly<{ at: number; transaction: Transaction; rejection: TransactionRejection }>;

const COINBASE_CODES: readonly RejectCode[] = ['bad-cb-length', 'bad-cb-witness-commitment'];

/** Every rule about transactions by themselves, each asked of all of these. One line for a rule. */
export function transactionRules(transactions: readonly Transaction[]): RuleResult[] {
  const results = [
    ...countRules(transactions),
    ...sizeRules(transactions),
    ...amountRules(transactions),
    ...inputRules(transactions),
    ...scriptRules(transactions),
  ];
  // Of one transaction, only what concerns its kind.
  if (transactions.length !== 1) return results;
  const isOfCoinbase = isCoinbase(transactions[0]!);
  const others: readonly RejectCode[] = isOfCoinbase
    ? ['bad-txns-prevout-null', 'bad-txns-unlocking-script']
    : COINBASE_CODES;
  return results.filter(({ code }) => !others.some((other) => other === code));
}

function countRules(transactions: readonly Transaction[]): RuleResult[] {
  const inputs = sum(transactions.map((one) => one.inputs.length));
  const outputs = sum(transactions.map((one) => one.outputs.length));
  return [
    judge('bad-txns-vin-empty', checkNotEmpty, transactions, plural(inputs, 'input'), () => 'no input'),
    judge('bad-txns-vout-empty', checkNotEmpty, transactions, plural(outputs, 'output'), () => 'no output'),
  ];
}

function sizeRules(transactions: readonly Transaction[]): RuleResult[] {
  const largest = transactions.reduce((most, { bytes }) => Math.max(most, bytes.length), 0);
  const most = `${plural(largest, 'byte')}, at most ${whole(MAX_TRANSACTION_BYTES)}`;
  const size = transactions.length === 1 ? most : `the largest has ${most}`;
  const shown = ({ transaction }: Broken) =>
    `${plural(transaction.bytes.length, 'byte')}, at most ${whole(MAX_TRANSACTION_BYTES)}`;
  return [
    judge('bad-txns-oversize', checkSize, transactions, size, shown),
    judge(
      'bad-txns-size-64',
      checkSize,
      transactions,
      transactions.length === 1 ? plural(largest, 'byte') : `none has ${FORBIDDEN_TRANSACTION_BYTES}`,
      () => `${FORBIDDEN_TRANSACTION_BYTES} bytes`,
    ),
  ];
}

function amountRules(transactions: readonly Transaction[]): RuleResult[] {
  const all = transactions.flatMap(({ outputs }) => outputs.map(({ amount }) => amount));
  const largest = all.reduce((most, amount) => (amount > most ? amount : most), 0n);
  const limit = `at most ${coins(MAX_MONEY)}`;
  // The check stops at an output or a sum, whichever is first: each output by itself tells the two rules apart.
  const single = (one: Transaction) => ofEachOutput(one, checkAmounts);
  const total = transactions.length === 1 ? `${coins(sumOf(all))} together` : 'each adds up to less';
  return [
    judge(
      'bad-txns-vout-toolarge',
      single,
      transactions,
      `the largest is ${coins(largest)} coins, ${limit}`,
      ({ rejection }) => `${coins('amount' in rejection ? rejection.amount : 0n)} coins, ${limit}`,
    ),
    judge(
      'bad-txns-txouttotal-toolarge',
      checkAmounts,
      transactions,
      `${total}, ${limit}`,
      ({ rejection }) => `${coins('total' in rejection ? rejection.total : 0n)} coins together, ${limit}`,
    ),
  ];
}

function inputRules(transactions: readonly Transaction[]): RuleResult[] {
  const outpointOf = ({ transaction, rejection }: Broken) => {
    const input = 'input' in rejection ? rejection.input : 0;
    const { txHash, index } = transaction.inputs[input]!.outpoint;
    return `input ${input} names ${hashToHex(txHash)}:${index}`;
  };
  const inputs = sum(transactions.map((one) => one.inputs.length));
  const distinctDetail = inputs === 1 ? 'there is only one input' : 'all are different';
  return [
    judge('bad-txns-inputs-duplicate', checkInputsDistinct, transactions, distinctDetail, outpointOf),
    judge('bad-txns-prevout-null', checkOutpointsNotNull, transactions, 'they do', outpointOf),
    coinbaseLength(transactions),
  ];
}

function coinbaseLength(transactions: readonly Transaction[]): RuleResult {
  const code = 'bad-cb-length';
  const limit = `${MIN_COINBASE_SCRIPT_BYTES} to ${MAX_COINBASE_SCRIPT_BYTES}`;
  const coinbase = transactions.find(isCoinbase);
  if (coinbase === undefined) return ok(code, 'there is no coinbase');
  const bytes = (one: Transaction) => plural(one.inputs[0]!.unlockingScript.length, 'byte');
  const shown = ({ transaction }: Broken) => `${bytes(transaction)}, not ${limit}`;
  return judge(code, checkCoinbaseScript, transactions, `${bytes(coinbase)}, ${limit} are allowed`, shown);
}

function scriptRules(transactions: readonly Transaction[]): RuleResult[] {
  const locking = (one: Transaction) => ofEachOutput(one, checkLockingScripts, LOCK);
  const commitment = (one: Transaction) => ofEachOutput(one, checkLockingScripts, COMMITMENT);
  const scriptOf = ({ transaction, rejection }: Broken) => {
    if ('output' in rejection)
      return `output ${rejection.output} has ${scriptHex(transaction.outputs[rejection.output]!.lockingScript)}`;
    const input = 'input' in rejection ? rejection.input : 0;
    const script = transaction.inputs[input]!.unlockingScript;
    return `input ${input} has ${scriptHex(script)}, ${whyNot(script)}`;
  };
  return [
    judge(LOCK, locking, transactions, describeLocks(transactions), scriptOf),
    judge(COMMITMENT, commitment, transactions, 'none of its outputs begins 6a24aa21a9ed', scriptOf),
    judge(
      'bad-txns-unlocking-script',
      checkUnlockingScripts,
      transactions,
      describeUnlocking(transactions),
      scriptOf,
    ),
  ];
}

/** What is wrong with an unlocking script that is no signature in its one form. */
function whyNot(script: Uint8Array): string {
  return pushedSignature(script) === undefined
    ? 'which is not one push of a signature and 01'
    : 'a signature that is not strict DER, or whose s is not the low one';
}

const LOCK = 'bad-txns-locking-script';
const COMMITMENT = 'bad-cb-witness-commitment';

function describeLocks(transactions: readonly Transaction[]): string {
  const counts = new Map<string, number>();
  for (const { outputs } of transactions) {
    for (const { lockingScript } of outputs) {
      const type = lockTypeOf(lockingScript) ?? 'unknown';
      counts.set(type, (counts.get(type) ?? 0) + 1);
    }
  }
  return [...counts].map(([type, count]) => plural(count, `${type} lock`)).join(', ');
}

function describeUnlocking(transactions: readonly Transaction[]): string {
  const scripts = transactions.filter((one) => !isCoinbase(one)).flatMap(({ inputs }) => inputs);
  return plural(scripts.filter(({ unlockingScript }) => unlockingScript.length > 0).length, 'signature');
}

/** What a check says of the first output that breaks this rule, each asked as if it were the only one. */
function ofEachOutput(
  transaction: Transaction,
  check: Check,
  code?: RejectCode,
): TransactionRejection | undefined {
  for (const [output, one] of transaction.outputs.entries()) {
    const rejection = check({ ...transaction, outputs: [one] });
    if (rejection && (code === undefined || rejection.code === code)) {
      return 'output' in rejection ? { ...rejection, output } : rejection;
    }
  }
  return undefined;
}

/** The first that breaks this rule; or, where none is known to, the first that its check stopped at for another one. */
function firstBroken(
  transactions: readonly Transaction[],
  check: Check,
  code: RejectCode,
): Broken | undefined {
  let other: Broken | undefined;
  for (const [at, transaction] of transactions.entries()) {
    const rejection = check(transaction);
    if (rejection?.code === code) return { at, transaction, rejection };
    if (rejection) other ??= { at, transaction, rejection };
  }
  return other;
}

function judge(
  code: RejectCode,
  check: Check,
  transactions: readonly Transaction[],
  detail: string,
  shown: (found: Broken) => string,
): RuleResult {
  const found = firstBroken(transactions, check, code);
  if (found?.rejection.code !== code) return judged(code, found?.rejection, detail);
  const where = transactions.length === 1 ? '' : `transaction ${found.at}: `;
  return broken(code, `${where}${shown(found)}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function sumOf(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
