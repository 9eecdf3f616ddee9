import { equalBytes } from '../bytes/bytes.ts';
import { bytesToHex } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import { AddressError, decodeAddress, encodeAddress } from '../crypto/address.ts';
import { formatAmount } from '../wallet/amount.ts';
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
