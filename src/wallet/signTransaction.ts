import { unlockingScript } from '../consensus/lockingScript.ts';
import { signatureHash } from '../consensus/signatureHash.ts';
import { signDigest } from '../crypto/keys.ts';
import { makeTransaction, type Transaction, type TransactionFields } from '../primitives/transaction.ts';

export type CoinToSign = Readonly<{ lockingScript: Uint8Array }>;

/** A transaction, and which of its inputs this wallet has signed. */
export type SignedTransaction = Readonly<{ transaction: Transaction; isSigned: readonly boolean[] }>;

/** The signature of an input, as its unlocking script. */
export function signInput(
  transaction: TransactionFields,
  input: number,
  lockingScript: Uint8Array,
  privateKey: Uint8Array,
): Uint8Array {
  return unlockingScript(signDigest(signatureHash(transaction, input, lockingScript), privateKey));
}

/** @param coins, privateKeys one for each input; undefined for inputs that are left as they are */
export function signWhatIsOurs(
  transaction: Transaction,
  coins: readonly (CoinToSign | undefined)[],
  privateKeys: readonly (Uint8Array | undefined)[],
): SignedTransaction {
  const isSigned = transaction.inputs.map((_, i) => coins[i] !== undefined && privateKeys[i] !== undefined);
  const inputs = transaction.inputs.map((input, i) =>
    isSigned[i]
      ? { ...input, unlockingScript: signInput(transaction, i, coins[i]!.lockingScript, privateKeys[i]!) }
      : input,
  );
  return { transaction: makeTransaction({ ...transaction, inputs }), isSigned };
}
