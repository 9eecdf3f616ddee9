import { equalBytes } from '../bytes/bytes.ts';
import { bytesToHex } from '../bytes/hex.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import { AddressError, decodeAddress, encodeAddress } from '../crypto/address.ts';
import { formatAmount } from '../wallet/amount.ts';
import { toCoins } from './amounts.ts';
import type { NodeServices } from './nodeServices.ts';
import { readPublicKey, text } from './parameters.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

export const addressMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'validateaddress',
    theme: 'Util',
    summary: 'Whether a text is an address of this network.',
    example: 'indiecoin rpc validateaddress <address>',
    parameters: { address: text },
    run: validateAddress,
  }),
  rpcMethod({
    name: 'gettxoutsetinfo',
    theme: 'Blockchain',
    summary: 'All unspent outputs, counted and added up.',
    example: 'indiecoin rpc gettxoutsetinfo',
    parameters: { hash_type: text.optional() },
    run: describeCoinSet,
  }),
  rpcMethod({
    name: 'addressbalance',
    theme: 'Util',
    summary: 'What an address holds in the chain, found by looking at every coin.',
    example: 'indiecoin rpc addressbalance <address>',
    parameters: { address: text },
    run: sumAddress,
  }),
];

function validateAddress(
  { params }: NodeServices,
  { address }: { address: string },
): Record<string, unknown> {
  try {
    const publicKey = decodeAddress(address, params.addressPrefix);
    return {
      isvalid: true,
      address: encodeAddress(publicKey, params.addressPrefix),
      scriptPubKey: bytesToHex(payToPublicKey(publicKey)),
      isscript: false,
      iswitness: false,
      pubkey: bytesToHex(publicKey),
    };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    return { isvalid: false, error_locations: [], error: error.message };
  }
}

async function describeCoinSet({ chain }: NodeServices): Promise<Record<string, unknown>> {
  const { tip } = chain;
  let amount = 0n;
  let count = 0;
  // Coins come in the order of their txids: where it changes, the next transaction begins.
  let transactions = 0;
  let lastHash: Uint8Array = new Uint8Array();
  for await (const { outpoint, coin } of chain.coins()) {
    count++;
    amount += coin.amount;
    if (equalBytes(outpoint.txHash, lastHash)) continue;
    transactions++;
    lastHash = outpoint.txHash;
  }
  const { coinCount, coinSetHash } = chain.coinSet;
  return {
    height: tip.height,
    bestblock: tip.hash,
    transactions,
    txouts: count,
    coin_set_count: coinCount,
    coin_set_hash: coinSetHash,
    total_amount: toCoins(amount),
  };
}

async function sumAddress(
  { chain, params }: NodeServices,
  { address }: { address: string },
): Promise<Record<string, unknown>> {
  const publicKey = readPublicKey(address, params);
  const script = payToPublicKey(publicKey);
  const { height } = chain.tip;
  let confirmed = 0n;
  let immature = 0n;
  let coins = 0;
  for await (const { coin } of chain.coins()) {
    if (!equalBytes(coin.lockingScript, script)) continue;
    coins++;
    const isImmature = coin.isCoinbase && height + 1 < coin.height + params.coinbaseMaturity;
    if (isImmature) immature += coin.amount;
    else confirmed += coin.amount;
  }
  return {
    address: encodeAddress(publicKey, params.addressPrefix),
    confirmed: formatAmount(confirmed),
    immature: formatAmount(immature),
    coins,
    height,
  };
}
