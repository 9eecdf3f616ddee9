import { UNCONFIRMED } from '../../explain/chainContext.ts';
import type {
  BlockExplanation,
  Explanation,
  HeaderExplanation,
  TransactionExplanation,
} from '../../explain/explanation.ts';
import { isUnknown } from '../../explain/rule.ts';
import { coins, date, plural, whole } from '../../explain/words.ts';
import type { Terminal } from '../terminal.ts';
import { Page } from './page.ts';
import { showFields } from './showFields.ts';
import { showMoney } from './showMoney.ts';
import { showPath, showProof, showSignature, showSteps, showTree } from './showProof.ts';
import { showRules, verdictOf } from './showRules.ts';

/** How it is shown. */
export type Showing = Readonly<{ title: string; isFull: boolean; hint: string }>;

/** An explanation for a person, from top to bottom. */
export function showExplanation(explanation: Explanation, terminal: Terminal, showing: Showing): string[] {
  const page = new Page(terminal);
  page.title(showing.title);
  page.blank();
  switch (explanation.kind) {
    case 'header':
      showHeader(page, explanation, showing);
      break;
    case 'block':
      showBlock(page, explanation, showing);
      break;
    case 'transaction':
      showTransaction(page, explanation, showing);
      break;
  }
  showRules(page, explanation.rules);
  page.blank();
  page.title(verdictOf(explanation));
  return page.lines;
}

const COLUMNS_OF_BYTES =
  'On the left where the bytes stand, then the bytes in hex (of long ones the first, and how many follow: --full shows ' +
  'all), then what they mean. Numbers are little-endian, the lowest byte first.';

function showHeader(page: Page, header: HeaderExplanation, { isFull }: Showing): void {
  page.table([
    ...optional('hash', header.proof?.steps.shown),
    ...optional('height', header.height),
    ['verdict', verdictOf(header)],
  ]);
  page.heading('The bytes', `A header is 80 bytes: all that miners hash. ${COLUMNS_OF_BYTES}`);
  page.blank();
  showFields(page, header.fields, isFull);
  if (header.proof) showProof(page, header.proof);
}

function showBlock(page: Page, block: BlockExplanation, { isFull, hint }: Showing): void {
  page.table([
    ...optional('hash', block.proof?.steps.shown),
    ...optional('height', block.height),
    ...optional('time', block.timeSec === undefined ? undefined : date(block.timeSec)),
    ['size', describeSize(block)],
    ...optional('new coins', block.money && describeMoney(block.money)),
    ['verdict', verdictOf(block)],
  ]);
  page.heading(
    'The bytes',
    `A block is a header of 80 bytes and a list of transactions. ${COLUMNS_OF_BYTES}`,
  );
  showFields(page, block.fields, isFull);
  if (block.proof) showProof(page, block.proof);
  if (block.merkle) showTree(page, block.merkle.levels, block.merkle.headerRoot, block.merkle.isRoot, isFull);
  for (const signature of block.signatures) showSignature(page, signature, isFull, true);
  showFurther(page, block.furtherSignatures, hint);
}

function describeSize({ bytes, transactions }: BlockExplanation): string {
  const size = plural(bytes, 'byte');
  return transactions === undefined ? size : `${size}, ${plural(transactions, 'transaction')}`;
}

function describeMoney({ taken, subsidy, fees }: NonNullable<BlockExplanation['money']>): string {
  if (subsidy === undefined) return coins(taken);
  const and = fees === undefined ? '' : ` and ${coins(fees)} fees`;
  return `${coins(taken)} of ${coins(subsidy)} subsidy${and}`;
}

function showTransaction(page: Page, transaction: TransactionExplanation, { isFull, hint }: Showing): void {
  const { block, money, hash, fields, merkle } = transaction;
  page.table([
    ...optional('txid', hash?.shown),
    ['in', describePlace(block)],
    ...optional('spends', money?.inputs === undefined ? undefined : `${coins(money.inputs)} coins`),
    ...optional(transaction.isCoinbase ? 'new coins' : 'pays', money && `${coins(money.outputs)} coins`),
    ...optional('fee', money?.fee === undefined ? undefined : describeFee(money.fee, hash?.bytes ?? 1)),
    ['verdict', verdictOf(transaction)],
  ]);
  const about = transaction.isCoinbase
    ? 'A coinbase, the first transaction of its block: it has one input that names no coin. Its outputs are the miner’s reward.'
    : 'A transaction spends whole coins that earlier ones made (inputs), and makes new ones (outputs): what is too much ' +
      'goes back to the payer. What is left over is the miner’s.';
  if (money) showMoney(page, money, about);
  page.heading('The bytes', COLUMNS_OF_BYTES);
  page.blank();
  showFields(page, fields, isFull);
  if (hash) {
    page.heading('Its txid', 'What a transaction is called is the hash of all its bytes.');
    page.blank();
    showSteps(page, hash, 'the transaction');
  }
  for (const signature of transaction.signatures) showSignature(page, signature, isFull, false);
  showFurther(page, transaction.furtherSignatures, hint);
  if (merkle) showPath(page, merkle);
  else if (isUnknown(block)) page.heading('Its place in the block', `Not shown: needs ${block.needs}.`);
}

function describePlace(block: TransactionExplanation['block']): string {
  if (block === UNCONFIRMED) return 'no block yet: it is judged as one of the next';
  if (isUnknown(block)) return 'not known here';
  return `block ${whole(block.height)}, as transaction ${block.index}; it has ${whole(block.hashes.length)}, counted from 0`;
}

function describeFee(fee: bigint, bytes: number): string {
  const rate = (Number(fee) / bytes).toFixed(2);
  return `${coins(fee)}, what is left over, for the miner: ${rate} base units a byte`;
}

function showFurther(page: Page, count: number, hint: string): void {
  if (count > 0) page.text(`And ${plural(count, 'more signature')}, verified, but not shown here. ${hint}`);
}

function optional(name: string, value: string | number | undefined): [string, string][] {
  return value === undefined ? [] : [[name, String(value)]];
}
