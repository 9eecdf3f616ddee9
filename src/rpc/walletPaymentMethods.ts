import { z } from 'zod';
import { INCREMENTAL_FEE_RATE } from '../mempool/policy.ts';
import { fromCoins, toCoins, toCoinsPerKilobyte } from './amounts.ts';
import type { NodeServices } from './nodeServices.ts';
import { flag, readHash, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { submitTransaction } from './transactionMethods.ts';
import { requireWallet } from './walletLockMethods.ts';
import {
  type AskedPayment,
  feeRateFor,
  MAX_FEE_RATE,
  requireUpToDate,
  sendPayment,
} from './walletMethods.ts';

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
      return send(services, given, {
        payees: [{ address: given.address, amount: readAmount(given.amount) }],
        feeFrom: given.subtractfeefromamount ? [0] : [],
      });
    },
  }),
  rpcMethod({
    name: 'sendmany',
    theme,
    summary: 'Pays several addresses with one transaction.',
    example: 'indiecoin rpc sendmany "" \'{"<address>":0.1,"<address>":0.2}\'',
    parameters: {
      dummy: text.default(''),
      amounts: z.record(text, amountShape),
      minconf: whole.optional(),
      comment: text.optional(),
      subtractfeefrom: z.array(text).default([]),
      replaceable: flag.optional(),
      conf_target: confTarget.optional(),
      estimate_mode: text.optional(),
      fee_rate: amountShape.optional(),
      verbose: flag.default(false),
    },
    run: async (services, given) => {
      requireWallet(services.wallet);
      if (given.dummy !== '') throw invalid('Dummy value must be set to ""');
      const payees = Object.entries(given.amounts).map(([address, amount]) => ({
        address,
        amount: readAmount(amount),
      }));
      if (payees.length === 0)
        throw new RpcError(RPC_ERROR.invalidParameter, 'Transaction must have at least one recipient');
      return send(services, given, { payees, feeFrom: positionsOf(payees, given.subtractfeefrom) });
    },
  }),
  rpcMethod({
    name: 'settxfee',
    theme,
    summary:
      'The fee rate of payments that name none, in coins per 1,000 bytes, until the node ends; 0: what the node thinks.',
    example: 'indiecoin rpc settxfee 0.00005',
    parameters: { amount: amountShape },
    run: ({ wallet, mempool }, given) => {
      requireWallet(wallet);
      const perKilobyte = Number(fromCoins(given.amount));
      const rate = Math.ceil(perKilobyte / 1000);
      if (perKilobyte > 0 && perKilobyte < 1000 * mempool.minFeeRate) {
        const least = toCoinsPerKilobyte(mempool.minFeeRate).toFixed(8);
        throw invalid(`txfee cannot be less than min relay tx fee (${least} per 1,000 bytes)`);
      }
      if (rate > MAX_FEE_RATE) {
        const most = toCoinsPerKilobyte(MAX_FEE_RATE).toFixed(8);
        throw invalid(`txfee cannot be more than wallet max tx fee (${most} per 1,000 bytes)`);
      }
      wallet.spending.feeRate = rate === 0 ? undefined : rate;
      return true;
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
      await wallet.spending.abandon(pending.transaction);
      return null;
    },
  }),
];

/** @returns the txid, with `verbose` beside why the fee is what it is */
async function send(
  services: NodeServices,
  given: { fee_rate?: number | string | undefined; conf_target?: number | undefined; verbose: boolean },
  payment: Omit<AskedPayment, 'feeRate'>,
): Promise<unknown> {
  const asked = readFeeRate(given.fee_rate);
  if (asked !== undefined && given.conf_target !== undefined) {
    const message =
      'Cannot specify both conf_target and fee_rate. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.';
    throw invalid(message);
  }
  const feeRate = feeRateFor(services, asked, given.conf_target);
  const { txid } = await sendPayment(services, { ...payment, feeRate });
  const reason = asked === undefined ? 'Conservative estimate' : 'Set by the caller';
  return given.verbose ? { txid, fee_reason: reason } : txid;
}

function readAmount(given: number | string): bigint {
  const amount = fromCoins(given);
  if (amount === 0n) throw new RpcError(RPC_ERROR.type, 'Invalid amount for send');
  return amount;
}

/** Where they are among the payees. @throws RpcError for one that is not, or twice */
function positionsOf(payees: readonly { address: string }[], addresses: readonly string[]): number[] {
  if (new Set(addresses).size < addresses.length)
    throw invalid(`Invalid parameter 'subtract fee from outputs', duplicated position`);
  return addresses.map((address) => {
    const position = payees.findIndex((payee) => payee.address === address);
    if (position >= 0) return position;
    throw invalid(
      `Invalid parameter 'subtract fee from outputs', destination ${address.slice(0, 100)} not found in tx outputs`,
    );
  });
}

function invalid(message: string): RpcError {
  return new RpcError(RPC_ERROR.invalidParameter, message);
}

async function bumpFee(
  services: NodeServices,
  given: { txid: string; options: z.infer<typeof bumpOptions> },
): Promise<Record<string, unknown>> {
  const { wallet, mempool } = services;
  requireWallet(wallet);
  requireUpToDate(services);
  const txid = readHash(given.txid, 'txid');
  const pending = wallet.pendingTransaction(txid);
  const replacedBy = wallet.dropped().get(txid)?.replacedBy;
  if (replacedBy !== undefined) {
    const message = `Cannot bump transaction ${txid} which was already bumped by transaction ${replacedBy}`;
    throw new RpcError(RPC_ERROR.wallet, message);
  }
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
  const { transaction, fee, oldFee } = await wallet.spending.bump(txid, {
    feeRate: BigInt(feeRateFor(services, asked, given.options.conf_target)),
    increment: BigInt(INCREMENTAL_FEE_RATE),
    isExact: asked !== undefined,
    passphrase: given.options.passphrase,
  });
  try {
    const replacement = await submitTransaction(services, transaction);
    return { txid: replacement, origfee: toCoins(oldFee), fee: toCoins(fee), errors: [] };
  } catch (error) {
    await wallet.spending.unbump(transaction, pending);
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
