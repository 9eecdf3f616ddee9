import { type Block, decodeBlock, MIN_TRANSACTION_BYTES } from '../primitives/block.ts';
import { type BlockHeader, decodeHeader } from '../primitives/header.ts';
import { readTransaction } from '../primitives/transaction.ts';
import { recordHeader } from './annotateHeader.ts';
import { recordCount, recordTransaction, type TransactionSetting } from './annotateTransaction.ts';
import type { Annotation } from './field.ts';
import { annotate, type FieldRecorder } from './fieldRecorder.ts';

/** The fields of bytes that should be one block. */
export function annotateBlock(
  bytes: Uint8Array,
  setting: TransactionSetting,
  maxFields: number,
): Annotation<Block> {
  const read = (recorder: FieldRecorder) => {
    recorder.group('header', () => recordHeader(recorder));
    const count = recordCount(recorder, 'transactions', MIN_TRANSACTION_BYTES);
    recorder.list(count, 0, {
      name: (i) => (i === 0 ? 'transaction 0, the coinbase' : `transaction ${i}`),
      read: () => recordTransaction(recorder, setting),
      skip: readTransaction,
    });
  };
  return annotate(bytes, maxFields, read, decodeBlock);
}

/** The fields of bytes that should be one header. */
export function annotateHeader(bytes: Uint8Array): Annotation<BlockHeader> {
  return annotate(bytes, Number.POSITIVE_INFINITY, recordHeader, decodeHeader);
}
