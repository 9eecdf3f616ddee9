import { z } from 'zod';
import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import { labelOf } from '../wallet/addressBook.ts';
import type { UnspentCoin } from '../wallet/walletCoin.ts';
import { fromCoins, toCoins } from './amounts.ts';
import { describeScript } from './descriptor.ts';
import type { NodeServices } from './nodeServices.ts';
import { flag, readPublicKey, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { requireWallet } from './walletLockMethods.ts';

const theme = 'Wallet';
/** What Bitcoin Core takes for all heights that there can be. */
const MAX_CONFIRMATIONS = 9_999_999;
const amountShape = z.union([z.number(), text]);

const queryOptions = z.strictObject({
  minimumAmount: amountShape.default(0),
  maximumAmount: amountShape.optional(),
  maximumCount: whole.min(0).default(0),
  minimumSumAmount: amountShape.optional(),
  include_immature_coinbase: flag.default(false),
});

type Query = Readonly<{
  minconf: number;
  maxconf: number;
  addresses: readonly string[];
  include_unsafe: boolean;
  query_options?: z.infer<typeof queryOptions> | undefined;
}>;

type ListedCoin = Omit<UnspentCoin, 'key'>;
type Listed = Readonly<{ coin: ListedCoin; publicKey: Uint8Array; isOurs: boolean }>;

/** What the wallet has, in Bitcoin Core's names. */
export const walletCoinMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'getbalances',
    theme,
    summary: 'What the wallet has: to be spent, still unconfirmed from others, and too new to be spent.',
    example: 'indiecoin rpc getbalances',
    parameters: {},
    run: describeBalances,
  }),
  rpcMethod({
    name: 'getbalance',
    theme,
    summary: 'What can be spent, of coins with so many confirmations.',
    example: "indiecoin rpc getbalance '*' 6",
    parameters: {
      dummy: text.default('*'),
      minconf: whole.min(0).default(0),
      include_watchonly: flag.optional(),
      avoid_reuse: flag.optional(),
    },
    run: ({ wallet, chain }, { dummy, minconf }) => {
      requireWallet(wallet);
      if (dummy !== '*') {
        const message = 'dummy first argument must be excluded or set to "*".';
        throw new RpcError(RPC_ERROR.methodDeprecated, message);
      }
      const enough = wallet
        .unspent()
        .filter((coin) => coin.isSpendable && confirmationsOf(coin, chain.tip.height) >= minconf);
      return toCoins(enough.reduce((sum, { amount }) => sum + amount, 0n));
    },
  }),
  rpcMethod({
    name: 'listunspent',
    theme,
    summary: 'The coins of the wallet, by confirmations, addresses and amounts.',
    example: 'indiecoin rpc listunspent 0',
    parameters: {
      minconf: whole.default(1),
      maxconf: whole.default(MAX_CONFIRMATIONS),
      addresses: z.array(text).default([]),
      include_unsafe: flag.default(true),
      query_options: queryOptions.optional(),
    },
    run: listUnspent,
  }),
];

function describeBalances({ wallet }: NodeServices): Record<string, unknown> {
  requireWallet(wallet);
  const coins = wallet.unspent();
  const sum = (chosen: readonly UnspentCoin[]) =>
    toCoins(chosen.reduce((total, { amount }) => total + amount, 0n));
  const { tip, watchOnly } = wallet;
  const watched = watchOnly?.isWatching === true ? watchOnly.balance() : undefined;
  return {
    mine: {
      trusted: sum(coins.filter(({ isSpendable }) => isSpendable)),
      untrusted_pending: sum(coins.filter((coin) => coin.height === undefined && !coin.isSpendable)),
      immature: sum(coins.filter((coin) => coin.height !== undefined && !coin.isSpendable)),
    },
    ...(watched && {
      watchonly: {
        trusted: toCoins(watched.confirmed),
        untrusted_pending: toCoins(watched.unconfirmed),
        immature: toCoins(watched.immature),
      },
    }),
    ...(tip && { lastprocessedblock: { hash: tip.hash, height: tip.height } }),
  };
}

function listUnspent(services: NodeServices, query: Query): Record<string, unknown>[] {
  const { wallet, chain, params } = services;
  requireWallet(wallet);
  const options = query.query_options ?? queryOptions.parse({});
  const keys = new Set(query.addresses.map((address) => bytesToHex(readPublicKey(address, params))));
  if (keys.size < query.addresses.length) {
    throw new RpcError(RPC_ERROR.invalidParameter, 'Invalid parameter, duplicated address');
  }
  const [least, most] = [fromCoins(options.minimumAmount), options.maximumAmount];
  const isChosen = (coin: ListedCoin) => {
    const confirmations = confirmationsOf(coin, chain.tip.height);
    const isImmature = coin.height !== undefined && !coin.isSpendable;
    return (
      confirmations >= query.minconf &&
      confirmations <= query.maxconf &&
      (query.include_unsafe || isSafe(coin)) &&
      (options.include_immature_coinbase || !isImmature) &&
      coin.amount >= least &&
      (most === undefined || coin.amount <= fromCoins(most))
    );
  };
  const chosen = wallet
    .unspent()
    .filter(
      (coin) =>
        isChosen(coin) &&
        !wallet.spending.isLocked(coin.outpoint) &&
        (keys.size === 0 || keys.has(bytesToHex(wallet.keys.ring.publicKey(coin.key)))),
    );
  const watched = watchedCoins(services).filter(
    ({ coin, publicKey }) => isChosen(coin) && (keys.size === 0 || keys.has(bytesToHex(publicKey))),
  );
  const all = [
    ...chosen.map((coin) => ({ coin, publicKey: wallet.keys.ring.publicKey(coin.key), isOurs: true })),
    ...watched.map((one) => ({ ...one, isOurs: false })),
  ];
  return upTo(all, options).map((one) => describeCoin(services, one));
}

/** Those of watched keys: they are listed, and cannot be spent from here. */
function watchedCoins({ wallet, chain, params }: NodeServices) {
  if (wallet.watchOnly?.isWatching !== true) return [];
  return wallet.watchOnly.coins().map(({ publicKey, ...coin }) => {
    const isImmature = coin.isCoinbase && chain.tip.height + 1 < (coin.height ?? 0) + params.coinbaseMaturity;
    return { coin: { ...coin, isSpendable: coin.height !== undefined && !isImmature }, publicKey };
  });
}

/** The first of them, until they are so many, or so much together. */
function upTo(
  coins: readonly Listed[],
  { maximumCount, minimumSumAmount }: z.infer<typeof queryOptions>,
): readonly Listed[] {
  const counted = maximumCount === 0 ? coins : coins.slice(0, maximumCount);
  if (minimumSumAmount === undefined) return counted;
  const enough = fromCoins(minimumSumAmount);
  let sum = 0n;
  const last = counted.findIndex(({ coin }) => {
    sum += coin.amount;
    return sum >= enough;
  });
  return last < 0 ? counted : counted.slice(0, last + 1);
}

function describeCoin(
  { wallet, chain, params }: NodeServices,
  { coin, publicKey, isOurs }: Listed,
): Record<string, unknown> {
  const script = payToPublicKey(publicKey);
  const label = labelOf(wallet.keys, publicKey);
  return {
    txid: hashToHex(coin.outpoint.txHash),
    vout: coin.outpoint.index,
    address: encodeAddress(publicKey, params.addressPrefix),
    ...(label !== undefined && { label }),
    scriptPubKey: bytesToHex(script),
    amount: toCoins(coin.amount),
    confirmations: confirmationsOf(coin, chain.tip.height),
    spendable: isOurs,
    solvable: true,
    desc: describeScript(script),
    parent_descs: [],
    safe: isSafe(coin),
  };
}

/** Nobody else can take it back. */
function isSafe(coin: ListedCoin): boolean {
  return coin.height !== undefined || coin.isSpendable;
}

function confirmationsOf({ height }: ListedCoin, tipHeight: number): number {
  return height === undefined ? 0 : tipHeight - height + 1;
}
