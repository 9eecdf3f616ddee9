import { concatBytes } from '../bytes/bytes.ts';
import { ByteWriter, compactSizeBytes } from '../bytes/byteWriter.ts';
import { sha256d } from '../bytes/sha256.ts';
import { makeTransaction, type Transaction, type TransactionFields } from '../primitives/transaction.ts';

/** SIGHASH_ALL as the four bytes that end what is hashed. */
const HASH_TYPE_ALL = 1;

/** An outpoint: hash and index. */
const OUTPOINT_BYTES = 36;
const SEQUENCE_BYTES = 4;

/**
 * The transaction with every unlocking script blank (its length byte 00) and the hash type at the end. `insertAt[i]` is
 * where input i has its 00: with the coin's locking script put there, this is what input i's signature signs.
 */
export function signatureTemplate({ bytes, inputs }: Transaction): {
  template: Uint8Array;
  insertAt: number[];
} {
  let length = bytes.length + 4;
  for (const { unlockingScript } of inputs) length -= scriptBytes(unlockingScript) - 1;
  const template = Buffer.allocUnsafe(length);
  const insertAt = new Array<number>(inputs.length);
  // Copied in runs from the end of one script to the beginning of the next, byte by byte: short runs, of which a block has
  // thousands.
  let from = 0;
  let to = 0;
  let run = 4 + compactSizeBytes(inputs.length) + OUTPOINT_BYTES;
  for (let input = 0; input < inputs.length; input++) {
    for (let i = 0; i < run; i++) template[to++] = bytes[from++]!;
    insertAt[input] = to;
    template[to++] = 0;
    from += scriptBytes(inputs[input]!.unlockingScript);
    run = SEQUENCE_BYTES + OUTPOINT_BYTES;
  }
  while (from < bytes.length) template[to++] = bytes[from++]!;
  template.writeUInt32LE(HASH_TYPE_ALL, length - 4);
  return { template, insertAt };
}

/** The 32 bytes that the signature of this input signs: Bitcoin's legacy signature hash for SIGHASH_ALL. */
export function signatureHash(
  transaction: TransactionFields,
  input: number,
  lockingScript: Uint8Array,
): Uint8Array {
  return sha256d(signedBytes(makeTransaction(transaction), input, lockingScript));
}

/** What is hashed for that: the template with the coin's locking script in its place. */
export function signedBytes(transaction: Transaction, input: number, lockingScript: Uint8Array): Uint8Array {
  const { template, insertAt } = signatureTemplate(transaction);
  const at = insertAt[input]!;
  const script = new ByteWriter().compactSize(lockingScript.length).bytes(lockingScript).finish();
  return concatBytes(template.subarray(0, at), script, template.subarray(at + 1));
}

/** Of a script with its length before it. */
function scriptBytes(script: Uint8Array): number {
  return compactSizeBytes(script.length) + script.length;
}
