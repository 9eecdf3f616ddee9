import { z } from 'zod';
import { INCREMENTAL_FEE_RATE } from '../mempool/policy.ts';
import { fromCoins, toCoins } from './amounts.ts';
import type { NodeServices } from './nodeServices.ts';
import { flag, readHash, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { submitTransaction } from './transactionMethods.ts';
import { requireWallet } from './walletLockMethods.ts';
import { feeRateFor, requireUpToDate, sendPayment } from './walletMethods.ts';

const theme = 'Wallet';
const amountShape = z.union([z.number(), text]);
const confTarget = whole.min(1).max(1008);

const bumpOptions = z.strictObject({
  conf_target: confTarget.optional(),
  fee_rate: amountShape.optional(),
  replaceable: flag.optional(),
  estimate_mode: text.optional(),
  passphrase: text.optional(),
});

/** Paying, in Bitcoin Core's names. */
export const walletPaymentMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'sendtoaddress',
    theme,
    summary: 'Pays an address; fee_rate in base units a byte, or conf_target blocks to wait.',
    example: 'indiecoin rpc sendtoaddress <address> 0.1',
    parameters: {
      address: text,
      amount: amountShape,
      comment: text.optional(),
      comment_to: text.optional(),
      subtractfeefromamount: flag.default(false),
      replaceable: flag.optional(),
      conf_target: confTarget.optional(),
      estimate_mode: text.optional(),
      avoid_reuse: flag.optional(),
      fee_rate: amountShape.optional(),
      verbose: flag.default(false),
    },
    run: async (services, given) => {
      requireWallet(services.wallet);
      if (given.subtractfeefromamount) {
        const message = 'subtractfeefromamount is not supported: the fee is paid beside the amount';
        throw new RpcError(RPC_ERROR.invalidParameter, message);
      }
      const amount = fromCoins(given.amount);
      if (amount === 0n) throw new RpcError(RPC_ERROR.type, 'Invalid amount for send');
      const feeRate = feeRateFor(services, readFeeRate(given.fee_rate), given.conf_target);
      const { txid } = await sendPayment(services, { address: given.address, amount, feeRate });
      const reason = given.fee_rate === undefined ? 'Conservative estimate' : 'Set by the caller';
      return given.verbose ? { txid, fee_reason: reason } : txid;
    },
  }),
  rpcMethod({
    name: 'bumpfee',
    theme,
    summary: 'Replaces a payment of ours that waits for a block by one with a higher fee.',
    example: 'indiecoin wallet bump <txid>',
    parameters: { txid: text, options: bumpOptions.default({}) },
    run: bumpFee,
  }),
  rpcMethod({
    name: 'abandontransaction',
    theme,
    summary: 'Gives up a payment of ours that is in no mempool any more: its coins are free again.',
    example: 'indiecoin wallet abandon <txid>',
    parameters: { txid: text },
    run: async ({ wallet, mempool }, given) => {
      requireWallet(wallet);
      const txid = readHash(given.txid, 'txid');
      const pending = wallet.pendingTransaction(txid);
      if (pending === undefined && !(await wallet.knows(txid))) {
        throw new RpcError(RPC_ERROR.invalidAddressOrKey, 'Invalid or non-wallet transaction id');
      }
      if (pending?.isOwn !== true || mempool.has(txid)) {
        throw new RpcError(RPC_ERROR.invalidAddressOrKey, 'Transaction not eligible for abandonment');
      }
      await wallet.abandon(pending.transaction);
      return null;
    },
  }),
];

async function bumpFee(
  services: NodeServices,
  given: { txid: string; options: z.infer<typeof bumpOptions> },
): Promise<Record<string, unknown>> {
  const { wallet, mempool } = services;
  requireWallet(wallet);
  requireUpToDate(services);
  const txid = readHash(given.txid, 'txid');
  const pending = wallet.pendingTransaction(txid);
  if (pending === undefined) {
    if (!(await wallet.knows(txid)))
      throw new RpcError(RPC_ERROR.invalidAddressOrKey, 'Invalid or non-wallet transaction id');
    const message = 'Transaction has been mined, or is conflicted with a mined transaction';
    throw new RpcError(RPC_ERROR.wallet, message);
  }
  if (!pending.isOwn) {
    const message = "Transaction contains inputs that don't belong to this wallet";
    throw new RpcError(RPC_ERROR.wallet, message);
  }
  if ((mempool.get(txid)?.descendants.count ?? 1) > 1)
    throw new RpcError(RPC_ERROR.invalidParameter, 'Transaction has descendants in the mempool');
  const asked = readFeeRate(given.options.fee_rate);
  const { transaction, fee, oldFee } = await wallet.bump(txid, {
    feeRate: BigInt(feeRateFor(services, asked, given.options.conf_target)),
    increment: BigInt(INCREMENTAL_FEE_RATE),
    isExact: asked !== undefined,
    passphrase: given.options.passphrase,
  });
  try {
    const replacement = await submitTransaction(services, transaction);
    return { txid: replacement, origfee: toCoins(oldFee), fee: toCoins(fee), errors: [] };
  } catch (error) {
    await wallet.unbump(transaction, pending);
    throw error;
  }
}

/** Base units a byte, rounded up: the wallet reckons in whole ones. */
function readFeeRate(rate: number | string | undefined): number | undefined {
  if (rate === undefined) return undefined;
  const value = Number(rate);
  if (!Number.isFinite(value) || value < 1) {
    throw new RpcError(
      RPC_ERROR.invalidParameter,
      `Fee rate (${String(rate).slice(0, 40)}) is lower than 1 base unit a byte`,
    );
  }
  return Math.ceil(value);
}
