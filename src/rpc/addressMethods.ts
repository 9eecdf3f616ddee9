import { equalBytes } from '../bytes/bytes.ts';
import { bytesToHex } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
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
  let amount = 0n;
  // Coins come in the order of their txids: where it changes, the next transaction begins.
  let transactions = 0;
  let lastHash: Uint8Array = new Uint8Array();
  const { tip, coinCount, coinSetHash } = await chain.scanCoins(({ txHash }, coin) => {
    amount += coin.amount;
    if (equalBytes(txHash, lastHash)) return;
    transactions++;
    lastHash = txHash;
  });
  return {
    height: tip.height,
    bestblock: tip.hash,
    transactions,
    txouts: coinCount,
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
  const found: Coin[] = [];
  const { tip } = await chain.scanCoins((_, coin) => {
    if (equalBytes(coin.lockingScript, script)) found.push(coin);
  });
  const { height } = tip;
  const isImmature = ({ isCoinbase, height: madeAt }: Coin) =>
    isCoinbase && height + 1 < madeAt + params.coinbaseMaturity;
  const sum = (coins: readonly Coin[]) => coins.reduce((total, { amount }) => total + amount, 0n);
  const immature = sum(found.filter(isImmature));
  const confirmed = sum(found) - immature;
  return {
    address: encodeAddress(publicKey, params.addressPrefix),
    confirmed: formatAmount(confirmed),
    immature: formatAmount(immature),
    coins: found.length,
    height,
  };
}
