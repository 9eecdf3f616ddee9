import { payToPublicKey, unlockingScript } from '../consensus/lockingScript.ts';
import { signatureHash } from '../consensus/signatureHash.ts';
import { signDigest } from '../crypto/keys.ts';
import {
  makeTransaction,
  type Transaction,
  type TransactionFields,
  type TransactionOutput,
} from '../primitives/transaction.ts';
import type { WalletCoin } from './walletCoin.ts';

const TRANSACTION_VERSION = 2;
/** No relative lock time (bit 31), and no lock time either, but the sender may replace it (BIP125). */
const SEQUENCE = 0xffff_fffd;

/**
 * A signed transaction that spends the coins.
 * @param signers for each coin its key pair, in the order of the coins
 */
export function signPayment(
  coins: readonly WalletCoin[],
  outputs: readonly TransactionOutput[],
  signers: readonly { publicKey: Uint8Array; privateKey: Uint8Array }[],
): Transaction {
  const unsigned: TransactionFields = {
    version: TRANSACTION_VERSION,
    inputs: coins.map(({ outpoint }) => ({
      outpoint,
      unlockingScript: new Uint8Array(),
      sequence: SEQUENCE,
    })),
    outputs,
    lockTime: 0,
  };
  const inputs = unsigned.inputs.map((input, i) => {
    const { publicKey, privateKey } = signers[i]!;
    const digest = signatureHash(unsigned, i, payToPublicKey(publicKey));
    return { ...input, unlockingScript: unlockingScript(signDigest(digest, privateKey)) };
  });
  return makeTransaction({ ...unsigned, inputs });
}
