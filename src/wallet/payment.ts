import { randomInt } from 'node:crypto';
import { payToPublicKey, unlockingScript } from '../consensus/lockingScript.ts';
import { signatureHash } from '../consensus/signatureHash.ts';
import { signDigest } from '../crypto/keys.ts';
import {
  makeTransaction,
  type Transaction,
  type TransactionFields,
  type TransactionOutput,
} from '../primitives/transaction.ts';
import { type CoinSelection, DUST, selectCoins } from './coinSelection.ts';
import type { WalletCoin } from './walletCoin.ts';
import { WalletError } from './walletError.ts';

const TRANSACTION_VERSION = 2;
/** No relative lock time (bit 31), and no lock time either, but the sender may replace it (BIP125). */
const SEQUENCE = 0xffff_fffd;

export type Payment = Readonly<{
  /** Who is paid, 33 bytes. */
  publicKey: Uint8Array;
  amount: bigint;
  /** Base units per byte. */
  feeRate: bigint;
}>;

/** Which coins pay it, and what is left of them. Confirmed ones first. @throws WalletError */
export function planPayment(spendable: readonly WalletCoin[], payment: Payment): CoinSelection<WalletCoin> {
  if (payment.amount < DUST) {
    throw new WalletError('bad-amount', `Less than ${DUST} base units costs more to spend than it is worth.`);
  }
  return selectCoins(spendable, {
    target: payment.amount,
    outputs: 1,
    feeRate: payment.feeRate,
    isLast: ({ height }) => height === undefined,
  });
}

/**
 * The signed transaction of a plan.
 * @param changeKey who gets the change, if there is any
 * @param signers for each coin its key pair, in the order of the coins
 */
export function signPayment(
  { coins, change }: CoinSelection<WalletCoin>,
  { publicKey, amount }: Payment,
  changeKey: Uint8Array | undefined,
  signers: readonly { publicKey: Uint8Array; privateKey: Uint8Array }[],
): Transaction {
  const outputs = [{ amount, lockingScript: payToPublicKey(publicKey) }];
  if (changeKey !== undefined) {
    // At either place: the order must not tell which output is the change.
    outputs.splice(randomInt(2), 0, { amount: change, lockingScript: payToPublicKey(changeKey) });
  }
  return signInputs(coins, outputs, signers);
}

/** The transaction with a signature in each input. `signers` in the order of the coins. */
export function signInputs(
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
