import type { Block } from '../../src/primitives/block.ts';
import {
  makeTransaction,
  type Outpoint,
  type Transaction,
  type TransactionOutput,
} from '../../src/primitives/transaction.ts';
import { after, coinbase, FINAL, outpoint, solvedBlock } from './blocks.ts';

/** A reserved lock: anyone may spend it with nothing, so that transactions of an exact size need no signature. */
export const RESERVED = Uint8Array.of(0x52, 0x02, 0x01, 0x01);

/** `6a` and so many opcodes that push nothing. */
export function dataScript(bytes: number): Uint8Array {
  return Uint8Array.of(0x6a, ...new Uint8Array(bytes - 1));
}

const MAX_OUTPUT_BYTES = 92;
const MIN_OUTPUT_BYTES = 10;

/** A transaction of exactly so many bytes that passes a reserved coin on and fills the rest with data outputs. */
export function dataTransaction(from: Outpoint, bytes: number, amount = 0n): Transaction {
  const outputs: TransactionOutput[] = [{ amount, lockingScript: RESERVED }];
  // Version, lock time, one input, the output above; the second count takes three bytes from 253 outputs on.
  const fixed = 8 + 1 + 41 + 13;
  const countBytes = bytes - fixed > 250 * MAX_OUTPUT_BYTES ? 3 : 1;
  outputs.push(...dataOutputs(bytes - fixed - countBytes));
  const inputs = [{ outpoint: from, unlockingScript: new Uint8Array(), sequence: FINAL }];
  const made = makeTransaction({ version: 1, inputs, outputs, lockTime: 0 });
  if (made.bytes.length !== bytes) throw new RangeError(`${bytes} bytes cannot be filled`);
  return made;
}

/** Data outputs of so many bytes in all, 10 or more. */
function dataOutputs(bytes: number): TransactionOutput[] {
  const outputs: TransactionOutput[] = [];
  for (let left = bytes; left > 0; ) {
    const size = left <= MAX_OUTPUT_BYTES ? left : Math.min(MAX_OUTPUT_BYTES, left - MIN_OUTPUT_BYTES);
    outputs.push({ amount: 0n, lockingScript: dataScript(size - 9) });
    left -= size;
  }
  return outputs;
}

/** A block that is nothing but a coinbase full of data. */
export function dataBlock(parent: Block, height: number, dataBytes: number): Block {
  const first = coinbase(height, dataOutputs(dataBytes));
  return solvedBlock({ parent: after(parent), height, lockingScript: RESERVED, coinbase: first });
}

/** A chain of transactions of these sizes, each spending the one before. */
export function dataTransactions(from: Outpoint, sizes: readonly number[]): Transaction[] {
  const made: Transaction[] = [];
  let at = from;
  for (const size of sizes) {
    const next = dataTransaction(at, size);
    made.push(next);
    at = outpoint(next);
  }
  return made;
}
