import { concatBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { sha256d } from '../bytes/sha256.ts';
import type { TransactionFields } from '../primitives/transaction.ts';

/** SIGHASH_ALL as the four bytes that end what is hashed. */
const HASH_TYPE_ALL = 1;

/**
 * The transaction with every unlocking script blank (its length byte 00) and the hash type at the end. `insertAt[i]` is
 * where input i has its 00: with the coin's locking script put there, this is what input i's signature signs.
 */
export function signatureTemplate(transaction: TransactionFields): {
  template: Uint8Array;
  insertAt: number[];
} {
  const { version, inputs, outputs, lockTime } = transaction;
  const writer = new ByteWriter().i32(version).compactSize(inputs.length);
  const insertAt: number[] = [];
  for (const { outpoint, sequence } of inputs) {
    insertAt.push(writer.bytes(outpoint.txHash).u32(outpoint.index).length);
    writer.u8(0).u32(sequence);
  }
  writer.compactSize(outputs.length);
  for (const { amount, lockingScript } of outputs) {
    writer.u64(amount).compactSize(lockingScript.length).bytes(lockingScript);
  }
  return { template: writer.u32(lockTime).u32(HASH_TYPE_ALL).finish(), insertAt };
}

/** The 32 bytes that the signature of this input signs: Bitcoin's legacy signature hash for SIGHASH_ALL. */
export function signatureHash(
  transaction: TransactionFields,
  input: number,
  lockingScript: Uint8Array,
): Uint8Array {
  const { template, insertAt } = signatureTemplate(transaction);
  const at = insertAt[input]!;
  const script = new ByteWriter().compactSize(lockingScript.length).bytes(lockingScript).finish();
  return sha256d(concatBytes(template.subarray(0, at), script, template.subarray(at + 1)));
}
