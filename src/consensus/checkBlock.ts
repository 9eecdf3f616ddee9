import { inOneGo } from '../bytes/breathe.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Block } from '../primitives/block.ts';
import { hashingMerkleRoot } from '../primitives/merkle.ts';
import { isCoinbase, type Transaction } from '../primitives/transaction.ts';
import { checkProofOfWork } from './checkHeader.ts';
import { checkTransaction, FORBIDDEN_TRANSACTION_BYTES } from './checkTransaction.ts';
import { coinbaseHeightScript } from './coinbaseHeight.ts';
import { type HeaderNode, medianTime } from './headerNode.ts';
import { lockTypeOf } from './lockingScript.ts';
import { isFinal, SEQUENCE_FINAL } from './lockTime.ts';
import type { Rejection } from './rejection.ts';
import { isActiveAfter } from './versionBits.ts';

/** Bitcoin allows one signature operation per so many bytes of block. */
const BYTES_PER_SIGNATURE_OPERATION = 50;
/** Transactions checked before a pause. */
const SLICE = 500;
/** What Bitcoin might count at most in a coinbase's 100 bytes of script: 20 for each byte that says OP_CHECKMULTISIG. */
const COINBASE_SIGNATURE_OPERATIONS = 2000;

/** What is wrong, perhaps after some pauses. */
type Check = (
  block: Block,
  params: NetworkParams,
) => Rejection | undefined | Generator<void, Rejection | undefined>;

/**
 * The rules for a block by itself, in the order they are asked. Proof of work comes first, so that all that follows has
 * cost the sender something. The body is tied to the header second: until then nothing that it breaks may be held
 * against the hash, which may belong to an honest block.
 */
const BODY_CHECKS: readonly Check[] = [
  checkMerkleTree,
  checkBlockSize,
  checkCoinbaseFirstAndOnly,
  checkTransactions,
  checkOutputCount,
];
const CHECKS: readonly Check[] = [({ header }, params) => checkProofOfWork(header, params), ...BODY_CHECKS];

/** What is wrong with a block whatever the chain, or undefined. */
export function checkBlock(block: Block, params: NetworkParams): Rejection | undefined {
  return inOneGo(checkingBlock(block, params));
}

/** checkBlock with pauses: 3 MB take some tens of milliseconds. */
export function checkingBlock(block: Block, params: NetworkParams): Generator<void, Rejection | undefined> {
  return asking(CHECKS, block, params);
}

/** The same for a block that is still to be mined: all but the proof of work. */
export function checkingBody(block: Block, params: NetworkParams): Generator<void, Rejection | undefined> {
  return asking(BODY_CHECKS, block, params);
}

function* asking(
  checks: readonly Check[],
  block: Block,
  params: NetworkParams,
): Generator<void, Rejection | undefined> {
  for (const check of checks) {
    const result = check(block, params);
    const rejection = result && 'next' in result ? yield* result : result;
    if (rejection) return rejection;
    yield;
  }
  return undefined;
}

/** The rules for a block's body that need the chain before it. */
export function checkBlockContext(
  block: Block,
  parent: HeaderNode,
  params: NetworkParams,
): Rejection | undefined {
  const height = parent.height + 1;
  const coinbase = block.transactions[0]!;
  const rejection = checkAllFinal(block, height, medianTime(parent)) ?? checkCoinbaseHeight(coinbase, height);
  if (rejection) return rejection;
  return isActiveAfter(parent, 'bip54', params) ? checkCoinbaseLock(coinbase, height) : undefined;
}

/** No transaction is locked until later. `medianTimeSec` is the parent's (BIP113). */
export function checkAllFinal(
  { transactions }: Block,
  height: number,
  medianTimeSec: number,
): Rejection | undefined {
  for (const transaction of transactions) {
    if (!isFinal(transaction, height, medianTimeSec)) {
      return { code: 'bad-txns-nonfinal', lockTime: transaction.lockTime };
    }
  }
  return undefined;
}

/** The coinbase begins with the height of its block (BIP34). */
export function checkCoinbaseHeight({ inputs }: Transaction, height: number): Rejection | undefined {
  const push = coinbaseHeightScript(height);
  const isThere = equalBytes(inputs[0]!.unlockingScript.subarray(0, push.length), push);
  return isThere ? undefined : { code: 'bad-cb-height', height };
}

/**
 * BIP54: a coinbase is locked until the block before its own, and not by a sequence number that switches the lock off. As no
 * block before could have held it, no two coinbases can ever have the same txid, whatever their scripts say of the height
 * (which BIP34 leaves open where it came late, and BIP30 would have to look for). BIP54's other rules hold here from the
 * first block on: those about times, the 64 bytes, and its 2,500 signature operations, for which 100,000 bytes have no room.
 */
export function checkCoinbaseLock({ lockTime, inputs }: Transaction, height: number): Rejection | undefined {
  if (lockTime !== height - 1) return { code: 'bad-cb-locktime', lockTime, expected: height - 1 };
  return inputs[0]!.sequence === SEQUENCE_FINAL ? { code: 'bad-cb-sequence' } : undefined;
}

/** How many pay-to-public-key outputs a block may have. */
export function maxPublicKeyOutputs(params: NetworkParams): number {
  return Math.floor(params.maxBlockBytes / BYTES_PER_SIGNATURE_OPERATION) - COINBASE_SIGNATURE_OPERATIONS;
}

export function* checkMerkleTree({ header, transactions }: Block): Generator<void, Rejection | undefined> {
  const { root, isMutated } = yield* hashingMerkleRoot(transactions.map(({ hash }) => hash));
  if (!equalBytes(root, header.merkleRoot)) {
    return { code: 'bad-txnmrklroot', root: hashToHex(header.merkleRoot), expected: hashToHex(root) };
  }
  if (isMutated) return { code: 'bad-txns-duplicate' };
  // Someone may have dressed up a row of the tree's inner nodes as transactions: same root, another body.
  const isForged = transactions.some(({ bytes }) => bytes.length === FORBIDDEN_TRANSACTION_BYTES);
  return isForged ? { code: 'bad-txns-size-64' } : undefined;
}

export function checkBlockSize({ bytes }: Block, { maxBlockBytes }: NetworkParams): Rejection | undefined {
  return bytes.length > maxBlockBytes
    ? { code: 'bad-blk-length', bytes: bytes.length, maxBytes: maxBlockBytes }
    : undefined;
}

export function checkCoinbaseFirstAndOnly({ transactions }: Block): Rejection | undefined {
  const [first, ...others] = transactions;
  if (!first || !isCoinbase(first)) return { code: 'bad-cb-missing' };
  const second = others.findIndex(isCoinbase);
  return second >= 0 ? { code: 'bad-cb-multiple', index: second + 1 } : undefined;
}

function* checkTransactions({ transactions }: Block): Generator<void, Rejection | undefined> {
  for (const [index, transaction] of transactions.entries()) {
    const rejection = checkTransaction(transaction);
    if (rejection) return rejection;
    if (index % SLICE === 0) yield;
  }
  return undefined;
}

export function checkOutputCount({ transactions }: Block, params: NetworkParams): Rejection | undefined {
  const max = maxPublicKeyOutputs(params);
  let count = 0;
  for (const { outputs } of transactions) {
    for (const { lockingScript } of outputs) {
      if (lockTypeOf(lockingScript) === 'public-key') count++;
    }
  }
  return count > max ? { code: 'bad-blk-sigops', count, max } : undefined;
}
