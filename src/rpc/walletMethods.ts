import { z } from 'zod';
import { bytesToHex } from '../bytes/hex.ts';
import { MIN_FEE_RATE } from '../mempool/policy.ts';
import { formatAmount, parseAmount } from '../wallet/amount.ts';
import type { OwnAddress } from '../wallet/wallet.ts';
import type { WatchOnly } from '../wallet/watchOnly.ts';
import { confirmationsOf, type KnownPayment, paymentsOf } from './describePayment.ts';
import type { NodeServices } from './nodeServices.ts';
import { flag, readPublicKey, text } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { submitTransaction } from './transactionMethods.ts';

const theme = 'Wallet';
const passphrase = text.optional();
/** Base units per byte; above it somebody confused it with a fee. */
export const MAX_FEE_RATE = 10_000;
/** Where the sender names none: twice what is relayed at least. */
const DEFAULT_FEE_RATE = 2 * MIN_FEE_RATE;
/** Blocks that a paying node may lack. */
const MAX_BEHIND = 6;

/** The wallet as the command line uses it: amounts are decimal strings in coins. */
export const walletMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'walletnew',
    theme,
    summary: 'Makes a wallet and answers with its words.',
    example: 'indiecoin wallet new',
    parameters: {
      passphrase,
      words: z.union([z.literal(12), z.literal(24)]).default(12),
      words_passphrase: text.optional(),
    },
    run: async ({ wallet }, given) => {
      const options = { wordCount: given.words, wordsPassphrase: given.words_passphrase };
      return { words: await wallet.create(given.passphrase, options) };
    },
  }),
  rpcMethod({
    name: 'walletrestore',
    theme,
    summary: 'Makes the wallet of these words and looks for its coins.',
    example: 'indiecoin wallet restore',
    parameters: { words: text, passphrase, words_passphrase: text.optional() },
    run: async ({ wallet }, given) => {
      await wallet.restore(given.words, given.passphrase, given.words_passphrase);
      return describeAddress(await wallet.address());
    },
  }),
  rpcMethod({
    name: 'walletwords',
    theme,
    summary: 'The words of the wallet, for a backup.',
    example: 'indiecoin wallet backup',
    parameters: { passphrase },
    run: async ({ wallet }, given) => {
      const { words, wordsPassphrase } = await wallet.revealSecret(given.passphrase);
      return { words, ...(wordsPassphrase !== '' && { words_passphrase: wordsPassphrase }) };
    },
  }),
  rpcMethod({
    name: 'walletaddress',
    theme,
    summary: 'An address to be paid at; a new one with fresh.',
    example: 'indiecoin wallet address',
    parameters: { fresh: flag.default(false) },
    run: async ({ wallet }, { fresh }) => describeAddress(await wallet.address(fresh)),
  }),
  rpcMethod({
    name: 'walletbalance',
    theme,
    summary: 'What the wallet holds: confirmed, unconfirmed and immature apart.',
    example: 'indiecoin wallet balance',
    parameters: {},
    run: ({ wallet }) => {
      const { confirmed, unconfirmed, immature } = wallet.balance();
      return {
        confirmed: formatAmount(confirmed),
        unconfirmed: formatAmount(unconfirmed),
        immature: formatAmount(immature),
        height: wallet.height,
        rescanning: wallet.isRescanning,
        exists: wallet.exists,
        protected: wallet.isProtected,
        locked: wallet.isLocked,
        ...describeWatched(wallet.watchOnly),
      };
    },
  }),
  rpcMethod({
    name: 'walletsend',
    theme,
    summary: 'Pays an address: amount in coins, fee rate in base units per byte.',
    example: 'indiecoin wallet send <address> 1.5',
    parameters: {
      address: text,
      amount: z.union([z.string(), z.number()]),
      feerate: z.int().min(1).max(MAX_FEE_RATE).optional(),
      target: z.int().min(1).max(1008).optional(),
      passphrase,
    },
    run: async (services, given) => {
      const amount = parseAmount(String(given.amount));
      const { txid, fee } = await sendPayment(services, {
        payees: [{ address: given.address, amount }],
        feeRate: feeRateFor(services, given.feerate, given.target),
        passphrase: given.passphrase,
      });
      return { txid, amount: formatAmount(amount), fee: formatAmount(fee) };
    },
  }),
  rpcMethod({
    name: 'wallethistory',
    theme,
    summary: 'The payments of the wallet, latest first.',
    example: 'indiecoin wallet history',
    parameters: { limit: z.int().min(1).max(100_000).default(50) },
    run: async (services, { limit }) =>
      (await paymentsOf(services, limit, false)).map((one) =>
        describePayment(one, services.chain.tip.height),
      ),
  }),
];

/** A payment in requests: amounts in base units, `feeRate` in base units per byte, `feeFrom` as in Payment. */
export type AskedPayment = Readonly<{
  payees: readonly Readonly<{ address: string; amount: bigint }>[];
  feeRate: number;
  feeFrom?: readonly number[];
  passphrase?: string | undefined;
}>;

/** Signs a payment and gives it to the mempool. @throws RpcError, WalletError, AddressError */
export async function sendPayment(
  services: NodeServices,
  { payees, feeRate, feeFrom = [], passphrase }: AskedPayment,
): Promise<{ txid: string; fee: bigint }> {
  const { wallet, params } = services;
  requireUpToDate(services);
  const { transaction, fee } = await wallet.spending.pay({
    payees: payees.map(({ address, amount }) => ({ publicKey: readPublicKey(address, params), amount })),
    feeRate: BigInt(feeRate),
    feeFrom,
    passphrase,
  });
  try {
    return { txid: await submitTransaction(services, transaction), fee };
  } catch (error) {
    await wallet.spending.abandon(transaction);
    throw error;
  }
}

/** What the wallet believes it has may be spent in blocks that it does not know yet. @throws RpcError */
export function requireUpToDate({ wallet, network, chain }: NodeServices): void {
  if (wallet.isRescanning || network.bestPeerHeight() - chain.tip.height > MAX_BEHIND) {
    throw new RpcError(RPC_ERROR.wallet, 'The node is still reading the chain. Try again when it is done.');
  }
}

/**
 * Base units per byte: what the sender named, or what is likely to be in a block within so many blocks, what settxfee said, or
 * the default; never less than the mempool takes. @throws RpcError for a rate that is surely a slip
 */
export function feeRateFor({ mempool, wallet }: NodeServices, named?: number, targetBlocks?: number): number {
  if (named !== undefined && named > MAX_FEE_RATE) {
    const message = `Fee rate (${named}) exceeds the ${MAX_FEE_RATE} base units a byte that are not taken for a slip`;
    throw new RpcError(RPC_ERROR.invalidParameter, message);
  }
  if (named !== undefined) return named;
  const set = wallet.spending.feeRate;
  const estimate = targetBlocks === undefined ? set : mempool.estimateFeeRate(targetBlocks)?.feeRate;
  return Math.ceil(Math.max(estimate ?? DEFAULT_FEE_RATE, mempool.minFeeRate));
}

/** Coins of watched keys, apart from those that can be spent; nothing where none is watched. */
function describeWatched(watchOnly: WatchOnly | undefined): Record<string, unknown> {
  if (watchOnly === undefined || !watchOnly.isWatching) return {};
  const { confirmed, unconfirmed, immature } = watchOnly.balance();
  return {
    watchonly: {
      confirmed: formatAmount(confirmed),
      unconfirmed: formatAmount(unconfirmed),
      immature: formatAmount(immature),
    },
  };
}

function describeAddress({ address, publicKey, isBeyondGap }: OwnAddress): Record<string, unknown> {
  return { address, publicKey: bytesToHex(publicKey), ...(isBeyondGap && { beyondGap: true }) };
}

function describePayment(payment: KnownPayment, tipHeight: number): Record<string, unknown> {
  const { entry, dropped } = payment;
  const { txid, height, blockHash, timeSec, isCoinbase, received, spent, fee } = entry;
  const net = received - spent;
  return {
    txid,
    type: isCoinbase ? 'mined' : net < 0n ? 'sent' : 'received',
    amount: formatAmount(net),
    ...(spent > 0n && fee !== undefined && { fee: formatAmount(fee) }),
    confirmations: confirmationsOf(payment, tipHeight),
    ...(height !== undefined && { height, blockHash }),
    ...(dropped !== undefined && { dropped: true }),
    ...(dropped?.replacedBy !== undefined && { replacedBy: dropped.replacedBy }),
    timeSec,
  };
}
