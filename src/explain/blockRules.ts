import { inOneGo } from '../bytes/breathe.ts';
import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import {
  checkBlockSize,
  checkCoinbaseFirstAndOnly,
  checkCoinbaseHeight,
  checkCoinbaseLock,
  checkMerkleTree,
  checkOutputCount,
  maxPublicKeyOutputs,
} from '../consensus/checkBlock.ts';
import type { CoinSet } from '../consensus/coin.ts';
import { coinbaseHeightScript } from '../consensus/coinbaseHeight.ts';
import { beginConnecting, finishConnecting } from '../consensus/connectBlock.ts';
import { lockTypeOf } from '../consensus/lockingScript.ts';
import { SEQUENCE_FINAL } from '../consensus/lockTime.ts';
import type { RejectCode } from '../consensus/rejection.ts';
import { subsidyAt } from '../consensus/subsidy.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Block } from '../primitives/block.ts';
import { merkleRoot } from '../primitives/merkle.ts';
import { isCoinbase, type Transaction } from '../primitives/transaction.ts';
import { scriptHex } from './annotateScript.ts';
import { broken, isUnknown, judged, ok, type RuleResult, type Unknown, unchecked } from './rule.ts';
import { knownCoins, type Spending, type SpendSetting, totalOf } from './spendRules.ts';
import { coins, plural, whole } from './words.ts';

/** The rules that tie the body to its header, and its size and shape. */
export function bodyRules(block: Block, params: NetworkParams): RuleResult[] {
  const { header, transactions, bytes } = block;
  const { root } = merkleRoot(transactions.map(({ hash }) => hash));
  const tree = inOneGo(checkMerkleTree(block));
  // The other rules of the tree are asked as if the header had the root that the transactions give.
  const tied = inOneGo(checkMerkleTree({ ...block, header: { ...header, merkleRoot: root } }));
  const shape = checkCoinbaseFirstAndOnly(block);
  const isSame = `${hashToHex(root)}, the header has ${hashToHex(header.merkleRoot)}`;
  const keys = transactions.reduce((sum, one) => sum + publicKeyOutputs(one), 0);
  const second = shape?.code === 'bad-cb-multiple' ? `transaction ${shape.index} is one, too` : 'none is';
  return [
    judged('bad-txnmrklroot', tree, tree?.code === 'bad-txnmrklroot' ? isSame : hashToHex(root)),
    judged('bad-txns-duplicate', tied, plural(transactions.length, 'transaction')),
    judged(
      'bad-blk-length',
      checkBlockSize(block, params),
      `${plural(bytes.length, 'byte')}, at most ${whole(params.maxBlockBytes)}`,
    ),
    judged('bad-cb-missing', shape, shape?.code === 'bad-cb-missing' ? 'it is not' : 'it is'),
    judged('bad-cb-multiple', shape, second),
    judged(
      'bad-blk-sigops',
      checkOutputCount(block, params),
      `${whole(keys)}, at most ${whole(maxPublicKeyOutputs(params))}`,
    ),
  ];
}

/** The rules about the coinbase that depend on where in the chain the block stands. */
export function coinbaseRules(
  block: Block,
  height: number | Unknown,
  isBip54Active: boolean | Unknown,
): RuleResult[] {
  const coinbase = block.transactions[0];
  if (!coinbase || !isCoinbase(coinbase)) {
    return COINBASE_CODES.map((code) => unchecked(code, { needs: 'a coinbase' }));
  }
  if (isUnknown(height)) return COINBASE_CODES.map((code) => unchecked(code, height));
  const push = bytesToHex(coinbaseHeightScript(height));
  const script = scriptHex(coinbase.inputs[0]!.unlockingScript);
  const isThere = checkCoinbaseHeight(coinbase, height);
  return [
    judged('bad-cb-height', isThere, `height ${height} is ${push}, the script is ${script}`),
    ...coinbaseLockRules(coinbase, height, isBip54Active),
  ];
}

const LOCK_CODES: readonly RejectCode[] = ['bad-cb-locktime', 'bad-cb-sequence'];
const COINBASE_CODES: readonly RejectCode[] = ['bad-cb-height', ...LOCK_CODES];

function coinbaseLockRules(
  coinbase: Transaction,
  height: number,
  isBip54Active: boolean | Unknown,
): RuleResult[] {
  if (isUnknown(isBip54Active)) return LOCK_CODES.map((code) => unchecked(code, isBip54Active));
  if (!isBip54Active)
    return LOCK_CODES.map((code) => ok(code, 'not in force at this block: BIP54 is not active'));
  const rejection = checkCoinbaseLock(coinbase, height);
  const sequence = coinbase.inputs[0]!.sequence.toString(16).padStart(8, '0');
  return [
    judged('bad-cb-locktime', rejection, `${coinbase.lockTime}, wanted ${height - 1}`),
    judged('bad-cb-sequence', rejection, `${sequence}, not ${SEQUENCE_FINAL.toString(16)}`),
  ];
}

/** The last rule of all, for which every fee must be known. */
export function coinbaseAmountRule(
  block: Block,
  spendings: readonly Spending[],
  setting: SpendSetting | Unknown,
): RuleResult {
  const code = 'bad-cb-amount';
  if (isUnknown(setting)) return unchecked(code, setting);
  if (block.transactions.length === 0) return unchecked(code, { needs: 'a coinbase' });
  const fees = feesOf(spendings);
  if (isUnknown(fees)) return unchecked(code, fees);
  const context = { ...setting, medianTimeAt: () => 0 };
  const rejection = finishConnecting({ ...beginConnecting(block, context, NO_COINS), fees });
  const subsidy = subsidyAt(setting.height, setting.params);
  const taken = totalOf(block.transactions[0]!.outputs);
  const detail = `${coins(taken)}, at most ${coins(subsidy)} new and ${coins(fees)} of fees`;
  return rejection ? broken(code, detail) : ok(code, detail);
}

/** What all payments left for the miner. */
export function feesOf(spendings: readonly Spending[]): bigint | Unknown {
  let fees = 0n;
  for (const { transaction, coins: spent, isPayment } of spendings) {
    if (!isPayment) continue;
    const known = knownCoins(spent);
    if (known === undefined) return spent.find(isUnknown) ?? { needs: 'every coin that is spent to exist' };
    const fee = totalOf(known) - totalOf(transaction.outputs);
    if (fee < 0n) return { needs: 'bad-txns-in-belowout to hold first' };
    fees += fee;
  }
  return fees;
}

function publicKeyOutputs({ outputs }: Transaction): number {
  return outputs.filter(({ lockingScript }) => lockTypeOf(lockingScript) === 'public-key').length;
}

/** Nothing is spent by asking for the last rule. */
const NO_COINS: CoinSet = { spend: () => undefined, add: () => {}, remove: () => {} };
