import { isStrictSignature } from '../crypto/signature.ts';
import { MAX_MONEY } from '../params/networkParams.ts';
import {
  isCoinbase,
  isNullOutpoint,
  outpointKey,
  type Transaction,
  type TransactionInput,
} from '../primitives/transaction.ts';
import { lockTypeOf, pushedSignature } from './lockingScript.ts';
import type { TransactionRejection } from './rejection.ts';

export const MAX_TRANSACTION_BYTES = 100_000;
/** As long as an inner node of the merkle tree, which it could pass for (CVE-2017-12842, BIP54). */
export const FORBIDDEN_TRANSACTION_BYTES = 64;
export const MIN_COINBASE_SCRIPT_BYTES = 2;
export const MAX_COINBASE_SCRIPT_BYTES = 100;
/** Bitcoin reads a coinbase output that begins so as a commitment to witnesses (BIP141), which nothing here has. */
const WITNESS_COMMITMENT = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

type Check = (transaction: Transaction) => TransactionRejection | undefined;

/** The rules for a transaction by itself, in the order they are asked, cheapest first. None needs the chain, and each can be asked by itself. */
const CHECKS: readonly Check[] = [
  checkNotEmpty,
  checkSize,
  checkAmounts,
  checkInputsDistinct,
  checkCoinbaseScript,
  checkOutpointsNotNull,
  checkLockingScripts,
  checkUnlockingScripts,
];

/** What is wrong with a transaction whatever the chain, or undefined. */
export function checkTransaction(transaction: Transaction): TransactionRejection | undefined {
  for (const check of CHECKS) {
    const rejection = check(transaction);
    if (rejection) return rejection;
  }
  return undefined;
}

export function checkNotEmpty({ inputs, outputs }: Transaction): TransactionRejection | undefined {
  if (inputs.length === 0) return { code: 'bad-txns-vin-empty' };
  if (outputs.length === 0) return { code: 'bad-txns-vout-empty' };
  return undefined;
}

export function checkSize({ bytes }: Transaction): TransactionRejection | undefined {
  if (bytes.length > MAX_TRANSACTION_BYTES) {
    return { code: 'bad-txns-oversize', bytes: bytes.length, maxBytes: MAX_TRANSACTION_BYTES };
  }
  return bytes.length === FORBIDDEN_TRANSACTION_BYTES ? { code: 'bad-txns-size-64' } : undefined;
}

/** Each and their sum: a sum that wrapped around once made 184 billion bitcoins (CVE-2010-5139). */
export function checkAmounts({ outputs }: Transaction): TransactionRejection | undefined {
  let total = 0n;
  for (let output = 0; output < outputs.length; output++) {
    const { amount } = outputs[output]!;
    if (amount > MAX_MONEY) return { code: 'bad-txns-vout-toolarge', output, amount };
    total += amount;
    if (total > MAX_MONEY) return { code: 'bad-txns-txouttotal-toolarge', total };
  }
  return undefined;
}

/** The same coin twice in one transaction would be counted twice (CVE-2018-17144). */
export function checkInputsDistinct({ inputs }: Transaction): TransactionRejection | undefined {
  if (inputs.length === 1) return undefined;
  const seen = new Set<string>();
  for (const [input, { outpoint }] of inputs.entries()) {
    seen.add(outpointKey(outpoint.txHash, outpoint.index));
    if (seen.size !== input + 1) return { code: 'bad-txns-inputs-duplicate', input };
  }
  return undefined;
}

export function checkCoinbaseScript(transaction: Transaction): TransactionRejection | undefined {
  if (!isCoinbase(transaction)) return undefined;
  const bytes = transaction.inputs[0]!.unlockingScript.length;
  return bytes < MIN_COINBASE_SCRIPT_BYTES || bytes > MAX_COINBASE_SCRIPT_BYTES
    ? { code: 'bad-cb-length', bytes }
    : undefined;
}

export function checkOutpointsNotNull(transaction: Transaction): TransactionRejection | undefined {
  if (isCoinbase(transaction)) return undefined;
  const input = transaction.inputs.findIndex(isNull);
  return input >= 0 ? { code: 'bad-txns-prevout-null', input } : undefined;
}

export function checkLockingScripts(transaction: Transaction): TransactionRejection | undefined {
  const isInCoinbase = isCoinbase(transaction);
  for (let output = 0; output < transaction.outputs.length; output++) {
    const { lockingScript } = transaction.outputs[output]!;
    if (!lockTypeOf(lockingScript)) return { code: 'bad-txns-locking-script', output };
    if (isInCoinbase && isWitnessCommitment(lockingScript)) {
      return { code: 'bad-cb-witness-commitment', output };
    }
  }
  return undefined;
}

/** Empty (for a reserved lock) or one signature in its only encoding: which of the two fits, the coin will tell. */
export function checkUnlockingScripts(transaction: Transaction): TransactionRejection | undefined {
  if (isCoinbase(transaction)) return undefined;
  for (let input = 0; input < transaction.inputs.length; input++) {
    const { unlockingScript } = transaction.inputs[input]!;
    if (unlockingScript.length === 0) continue;
    const signature = pushedSignature(unlockingScript);
    if (!signature || !isStrictSignature(signature)) return { code: 'bad-txns-unlocking-script', input };
  }
  return undefined;
}

function isNull({ outpoint }: TransactionInput): boolean {
  return isNullOutpoint(outpoint);
}

function isWitnessCommitment(script: Uint8Array): boolean {
  return WITNESS_COMMITMENT.every((byte, i) => script[i] === byte);
}
