import { randomInt } from 'node:crypto';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import {
  makeTransaction,
  type Transaction,
  type TransactionFields,
  type TransactionOutput,
} from '../primitives/transaction.ts';
import { formatAmount } from './amount.ts';
import { type CoinSelection, DUST, selectCoins } from './coinSelection.ts';
import { signInput } from './signTransaction.ts';
import type { WalletCoin } from './walletCoin.ts';
import { WalletError } from './walletError.ts';

const TRANSACTION_VERSION = 2;
/** No relative lock time (bit 31), and no lock time either, but the sender may replace it (BIP125). */
const SEQUENCE = 0xffff_fffd;

/** Base units. A higher fee is taken for a slip of the keyboard, as by Bitcoin Core's -maxtxfee. */
export const MAX_FEE = 10_000_000n;

/** Who is paid (33 bytes), and how many base units. */
export type Payee = Readonly<{ publicKey: Uint8Array; amount: bigint }>;

export type Payment = Readonly<{
  payees: readonly Payee[];
  /** Base units per byte. */
  feeRate: bigint;
  /** Positions of payees who get less by the fee, in equal shares; nobody when left out. */
  feeFrom?: readonly number[];
}>;

export type PaymentPlan = CoinSelection<WalletCoin> & Readonly<{ outputs: readonly TransactionOutput[] }>;
export type Signer = Readonly<{ publicKey: Uint8Array; privateKey: Uint8Array }>;

/**
 * Which coins pay it, what its payees get, and what is left. Confirmed coins first.
 * @throws WalletError `bad-amount`, `insufficient-funds`, `fee-too-high`, `too-many-inputs`
 */
export function planPayment(spendable: readonly WalletCoin[], payment: Payment): PaymentPlan {
  const { payees, feeRate, feeFrom = [] } = payment;
  if (payees.some(({ amount }) => amount < DUST)) {
    throw new WalletError('bad-amount', `Less than ${DUST} base units costs more to spend than it is worth.`);
  }
  const target = payees.reduce((sum, { amount }) => sum + amount, 0n);
  const plan = selectCoins(spendable, {
    target,
    outputs: payees.length,
    feeRate,
    isFeeInside: feeFrom.length > 0,
    isLast: ({ height }) => height === undefined,
  });
  if (plan.fee > MAX_FEE) throw feeTooHigh(plan.fee);
  const spent = plan.coins.reduce((sum, { amount }) => sum + amount, 0n);
  const amounts = takeFee(payees, feeFrom, plan.fee - (spent - target - plan.change));
  const outputs = payees.map(({ publicKey }, i) => ({
    amount: amounts[i]!,
    lockingScript: payToPublicKey(publicKey),
  }));
  return { ...plan, outputs };
}

export function feeTooHigh(fee: bigint): WalletError {
  return new WalletError(
    'fee-too-high',
    `The fee would be ${formatAmount(fee)} coins, and more than ${formatAmount(MAX_FEE)} is not paid: a slip? A lower fee rate or several payments need less.`,
  );
}

/** Equal shares; the first of them pays what does not divide, as Bitcoin Core has it. */
function takeFee(payees: readonly Payee[], feeFrom: readonly number[], fee: bigint): bigint[] {
  const amounts = payees.map(({ amount }) => amount);
  const count = BigInt(feeFrom.length);
  feeFrom.forEach((position, i) => {
    amounts[position]! -= fee / count + (i === 0 ? fee % count : 0n);
    if (amounts[position]! < DUST) {
      const message = 'The transaction amount is too small to pay the fee';
      throw new WalletError('insufficient-funds', message);
    }
  });
  return amounts;
}

/**
 * The signed transaction of a plan.
 * @param changeKey who gets the change, if there is any
 * @param signers for each coin its key pair, in the order of the coins
 */
export function signPayment(
  plan: PaymentPlan,
  changeKey: Uint8Array | undefined,
  signers: readonly Signer[],
): Transaction {
  const outputs = [...plan.outputs];
  if (changeKey !== undefined) {
    // At any place: the order must not tell which output is the change.
    const output = { amount: plan.change, lockingScript: payToPublicKey(changeKey) };
    outputs.splice(randomInt(outputs.length + 1), 0, output);
  }
  return signInputs(plan.coins, outputs, signers);
}

/** The transaction with a signature in each input. `signers` in the order of the coins. */
export function signInputs(
  coins: readonly WalletCoin[],
  outputs: readonly TransactionOutput[],
  signers: readonly Signer[],
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
    return { ...input, unlockingScript: signInput(unsigned, i, payToPublicKey(publicKey), privateKey) };
  });
  return makeTransaction({ ...unsigned, inputs });
}
