import { z } from 'zod';
import { bytesToHex } from '../bytes/hex.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import { decodeBase64, verifyMessage } from '../crypto/messageSignature.ts';
import { addressBook, labelOf } from '../wallet/addressBook.ts';
import { GAP_LIMIT } from '../wallet/keyRing.ts';
import { ACCOUNT_PATH, chainNumber } from '../wallet/keyTree.ts';
import { toCoins, toCoinsPerKilobyte } from './amounts.ts';
import { describeScript } from './descriptor.ts';
import type { NodeServices } from './nodeServices.ts';
import { readPublicKey, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { requireWallet } from './walletLockMethods.ts';

const theme = 'Wallet';
/** Core's kinds of addresses. There is one kind here, and it stands for each of them. */
const addressType = z.enum(['legacy', 'p2sh-segwit', 'bech32', 'bech32m', '']);
/** What Core writes where keys come from no HD seed of the old kind. */
const NO_SEED_ID = '0'.repeat(40);

/** Keys, addresses, labels and messages of the wallet, in Bitcoin Core's names. */
export const walletKeyMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'getwalletinfo',
    theme,
    summary: 'The state of the wallet.',
    example: 'indiecoin rpc getwalletinfo',
    parameters: {},
    run: describeWallet,
  }),
  rpcMethod({
    name: 'getnewaddress',
    theme,
    summary: 'An address that nobody was given yet. Makes a wallet where there is none.',
    example: 'indiecoin wallet address --new --label rent',
    parameters: { label: text.default(''), address_type: text.optional() },
    run: async ({ wallet }, given) => {
      checkLabel(given.label);
      checkType(given.address_type);
      const { address, publicKey } = await wallet.address(true);
      if (given.label !== '') await wallet.setLabel(publicKey, given.label);
      return address;
    },
  }),
  rpcMethod({
    name: 'getrawchangeaddress',
    theme,
    summary: 'An address for change.',
    example: 'indiecoin rpc getrawchangeaddress',
    parameters: { address_type: text.optional() },
    run: async ({ wallet }, given) => {
      requireWallet(wallet);
      checkType(given.address_type);
      return (await wallet.changeAddress()).address;
    },
  }),
  rpcMethod({
    name: 'getaddressinfo',
    theme,
    summary: 'What the wallet knows about an address.',
    example: 'indiecoin rpc getaddressinfo $(indiecoin wallet address)',
    parameters: { address: text },
    run: describeAddress,
  }),
  rpcMethod({
    name: 'setlabel',
    theme,
    summary: 'Names an address, of the wallet or of somebody else.',
    example: 'indiecoin rpc setlabel $(indiecoin wallet address) rent',
    parameters: { address: text, label: text },
    run: async ({ wallet, params }, given) => {
      requireWallet(wallet);
      const publicKey = readPublicKey(given.address, params);
      checkLabel(given.label);
      await wallet.setLabel(publicKey, given.label);
      return null;
    },
  }),
  rpcMethod({
    name: 'listlabels',
    theme,
    summary: 'All labels, or those of addresses to be paid at (receive) or of others (send).',
    example: 'indiecoin rpc listlabels',
    parameters: { purpose: z.enum(['', 'receive', 'send']).default('') },
    run: ({ wallet }, { purpose }) => {
      requireWallet(wallet);
      const entries = addressBook(wallet.keys).filter((entry) => purpose === '' || entry.purpose === purpose);
      return [...new Set(entries.map(({ label }) => label))].sort();
    },
  }),
  rpcMethod({
    name: 'getaddressesbylabel',
    theme,
    summary: 'The addresses of a label, and what each is for.',
    example: "indiecoin rpc getaddressesbylabel ''",
    parameters: { label: text },
    run: ({ wallet, params }, { label }) => {
      requireWallet(wallet);
      const found = addressBook(wallet.keys).filter((entry) => entry.label === label);
      if (found.length === 0) throw new RpcError(RPC_ERROR.invalidLabel, `No addresses with label ${label}`);
      return Object.fromEntries(
        found.map(({ publicKey, purpose }) => [encodeAddress(publicKey, params.addressPrefix), { purpose }]),
      );
    },
  }),
  rpcMethod({
    name: 'signmessage',
    theme,
    summary: 'Signs a text with the private key of an address: a signature in base64.',
    example: 'indiecoin wallet sign-message $(indiecoin wallet address) "it was me"',
    parameters: { address: text, message: text, passphrase: text.optional() },
    run: async ({ wallet, params }, { address, message, passphrase }) => {
      requireWallet(wallet);
      const publicKey = readPublicKey(address, params);
      const signature = await wallet.signMessage(publicKey, message, passphrase);
      return Buffer.from(signature).toString('base64');
    },
  }),
  rpcMethod({
    name: 'verifymessage',
    theme: 'Util',
    summary: 'Whether the signature of a text was made with the private key of an address.',
    example: 'indiecoin wallet verify-message <address> <signature> "it was me"',
    parameters: { address: text, signature: text, message: text },
    run: ({ params }, { address, signature, message }) => {
      const publicKey = readPublicKey(address, params);
      const bytes = decodeBase64(signature);
      if (bytes === undefined) throw new RpcError(RPC_ERROR.type, 'Malformed base64 encoding');
      return verifyMessage(message, bytes, publicKey);
    },
  }),
  rpcMethod({
    name: 'importpubkey',
    theme,
    summary:
      'Shows the coins of a public key, or of an address, that is not of the wallet. They are never spent.',
    example: 'indiecoin wallet watch <address>',
    parameters: {
      pubkey: text,
      label: text.optional(),
      rescan: z.boolean().default(true),
      from_height: whole.min(0).default(0),
    },
    run: async ({ wallet, params }, given) => {
      requireWallet(wallet);
      const publicKey = readPublicKey(given.pubkey, params);
      if (given.label !== undefined) checkLabel(given.label);
      const fromHeight = given.rescan ? given.from_height : undefined;
      await wallet.watch(publicKey, { label: given.label, fromHeight });
      return null;
    },
  }),
  rpcMethod({
    name: 'rescanblockchain',
    theme,
    summary: 'Counts the coins of the wallet again from the chain, and answers when it is done.',
    example: 'indiecoin wallet rescan',
    parameters: { start_height: whole.default(0), stop_height: whole.optional() },
    isWaiting: true,
    run: rescan,
  }),
];

async function describeWallet({ wallet, chain }: NodeServices): Promise<Record<string, unknown>> {
  requireWallet(wallet);
  const { keys, tip } = wallet;
  const { confirmed, unconfirmed, immature } = wallet.balance();
  const { scanning } = wallet;
  return {
    walletname: '',
    walletversion: 169900,
    format: 'indiecoin',
    balance: toCoins(confirmed),
    unconfirmed_balance: toCoins(unconfirmed),
    immature_balance: toCoins(immature),
    txcount: await wallet.countTransactions(),
    keypoolsize: GAP_LIMIT,
    keypoolsize_hd_internal: GAP_LIMIT,
    ...(wallet.isProtected && { unlocked_until: wallet.unlockedUntilSec }),
    paytxfee: toCoinsPerKilobyte(wallet.spending.feeRate ?? 0),
    private_keys_enabled: true,
    avoid_reuse: false,
    scanning: scanning ?? false,
    descriptors: true,
    external_signer: false,
    blank: false,
    birthtime: chain.nodeAt(Math.min(keys.birthHeight, chain.tip.height))?.timeSec ?? keys.createdSec,
    ...(tip !== undefined && { lastprocessedblock: { hash: tip.hash, height: tip.height } }),
  };
}

function describeAddress(
  { wallet, params }: NodeServices,
  given: { address: string },
): Record<string, unknown> {
  requireWallet(wallet);
  const publicKey = readPublicKey(given.address, params);
  const script = payToPublicKey(publicKey);
  const { keys } = wallet;
  const path = keys.ring.find(publicKey);
  const isWatched = wallet.watchOnly?.has(publicKey) === true;
  const label = labelOf(keys, publicKey);
  return {
    address: encodeAddress(publicKey, params.addressPrefix),
    scriptPubKey: bytesToHex(script),
    ismine: path !== undefined,
    solvable: path !== undefined || isWatched,
    ...((path !== undefined || isWatched) && { desc: describeScript(script) }),
    iswatchonly: isWatched,
    isscript: false,
    iswitness: false,
    pubkey: bytesToHex(publicKey),
    iscompressed: true,
    ischange: path?.chain === 'change' && label === undefined,
    ...(path !== undefined && {
      timestamp: keys.createdSec,
      hdkeypath: `${ACCOUNT_PATH}/${chainNumber(path.chain)}/${path.index}`,
      hdseedid: NO_SEED_ID,
      ...(keys.masterFingerprint !== undefined && { hdmasterfingerprint: keys.masterFingerprint }),
    }),
    labels: label === undefined ? [] : [label],
  };
}

async function rescan(
  { wallet, chain }: NodeServices,
  given: { start_height: number; stop_height?: number | undefined },
): Promise<Record<string, unknown>> {
  requireWallet(wallet);
  const { start_height: start, stop_height: stop = chain.tip.height } = given;
  if (start < 0 || start > chain.tip.height)
    throw new RpcError(RPC_ERROR.invalidParameter, 'Invalid start_height');
  if (stop < 0 || stop > chain.tip.height)
    throw new RpcError(RPC_ERROR.invalidParameter, 'Invalid stop_height');
  if (stop < start)
    throw new RpcError(RPC_ERROR.invalidParameter, 'stop_height must be greater than start_height');
  // The coins are those of the whole chain, so that it is always read to its tip.
  await wallet.rescan(start);
  await wallet.settled();
  if (wallet.problem !== undefined) throw new RpcError(RPC_ERROR.misc, `Rescan failed. ${wallet.problem}`);
  // The node is ending, or another rescan has taken over.
  if ((wallet.tip?.height ?? -1) < stop) throw new RpcError(RPC_ERROR.misc, 'Rescan aborted.');
  return { start_height: start, stop_height: stop };
}

/** Stands for all of them in some of Core's methods. */
function checkLabel(label: string): void {
  if (label === '*') throw new RpcError(RPC_ERROR.invalidLabel, 'Invalid label name');
}

function checkType(type: string | undefined): void {
  if (type === undefined || addressType.safeParse(type).success) return;
  throw new RpcError(RPC_ERROR.invalidAddressOrKey, `Unknown address type '${type}'`);
}
