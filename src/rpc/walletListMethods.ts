import { z } from 'zod';
import { writeNewFile } from '../bytes/atomicFile.ts';
import { bytesToHex } from '../bytes/hex.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { flag, text } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { requireWallet } from './walletLockMethods.ts';

const theme = 'Wallet';
/** A data directory holds one wallet, and its name is empty, as that of Bitcoin Core's default one. */
const OWN_NAME = '';

/**
 * Which wallets there are, for clients that load one before they use it. These are asked without a wallet, or by its name
 * in a parameter: a name in the path means nothing to them.
 */
export const walletListMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'listwallets',
    theme,
    summary: 'The names of the loaded wallets: one empty name, or none.',
    example: 'indiecoin rpc listwallets',
    parameters: {},
    run: ({ wallet }) => (wallet.exists ? [OWN_NAME] : []),
  }),
  rpcMethod({
    name: 'listwalletdir',
    theme,
    summary: 'The wallets in the data directory.',
    example: 'indiecoin rpc listwalletdir',
    parameters: {},
    run: ({ wallet }) => ({ wallets: wallet.exists ? [{ name: OWN_NAME }] : [] }),
  }),
  rpcMethod({
    name: 'createwallet',
    theme,
    summary: 'Makes the wallet, whose name is empty, where there is none.',
    example: "indiecoin rpc createwallet ''",
    parameters: {
      wallet_name: text,
      disable_private_keys: flag.default(false),
      blank: flag.default(false),
      passphrase: text.nullable().default(null),
      avoid_reuse: flag.default(false),
      descriptors: flag.default(true),
      load_on_startup: flag.nullable().default(null),
      external_signer: flag.default(false),
    },
    run: createWallet,
  }),
  rpcMethod({
    name: 'loadwallet',
    theme,
    summary: 'Answers that the wallet is loaded already: it always is.',
    example: "indiecoin rpc loadwallet ''",
    parameters: { filename: text, load_on_startup: flag.nullable().default(null) },
    run: ({ wallet }, { filename }) => {
      if (isThere(wallet, filename))
        throw new RpcError(RPC_ERROR.walletLoaded, `Wallet "${filename}" is already loaded.`);
      const message = `Wallet file verification failed. Failed to load database path '${filename}'. Path does not exist.`;
      throw new RpcError(RPC_ERROR.noWallet, message);
    },
  }),
  rpcMethod({
    name: 'unloadwallet',
    theme,
    summary: 'Refused: the wallet of a data directory is there while its node runs.',
    example: "indiecoin rpc unloadwallet ''",
    parameters: {
      wallet_name: text.default(OWN_NAME),
      load_on_startup: z.boolean().nullable().default(null),
    },
    run: ({ wallet }, given) => {
      if (isThere(wallet, given.wallet_name))
        throw new RpcError(RPC_ERROR.wallet, 'The wallet stays loaded while the node runs.');
      throw unknownWallet();
    },
  }),
];

/** What else reads and writes whole wallets. */
export const walletFileMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'backupwallet',
    theme,
    summary:
      'Copies the wallet to a new file on the machine of the node. Without a passphrase the copy is the money.',
    example: 'indiecoin rpc backupwallet /media/usb/wallet-copy.json',
    parameters: { destination: text },
    run: async ({ wallet }, { destination }) => {
      requireWallet(wallet);
      try {
        await writeNewFile(destination, wallet.keys.copyBackup());
      } catch (error) {
        const message = `Error: Wallet backup failed! ${(error as Error).message}`;
        throw new RpcError(RPC_ERROR.wallet, message, { cause: error });
      }
      return null;
    },
  }),
  rpcMethod({
    name: 'walletrestorebackup',
    theme,
    summary: 'Makes the wallet of a backup, whose text is given, and looks for its coins.',
    example: 'indiecoin wallet restore --file /media/usb/wallet-backup.json',
    parameters: { name: text, backup: text, passphrase: text.optional() },
    run: async ({ wallet }, { name, backup, passphrase }) => {
      await wallet.restoreBackup(name, backup, passphrase);
      const { address, publicKey } = await wallet.address();
      return { address, publicKey: bytesToHex(publicKey) };
    },
  }),
];

const WITHOUT_WALLET = new Set(walletListMethods.map(({ name }) => name));

/**
 * Looks at `/wallet/NAME`, with which clients choose a wallet.
 * @throws RpcError -18 for a method of the wallet, where it is not this one
 */
export function checkWalletPath({ name, theme: of }: RpcMethod, path: string): void {
  const wallet = /^\/wallet\/([^?#]*)/.exec(path)?.[1];
  if (wallet === undefined || wallet === OWN_NAME || of !== theme || WITHOUT_WALLET.has(name)) return;
  throw unknownWallet();
}

async function createWallet(
  { wallet }: { wallet: Wallet },
  given: {
    wallet_name: string;
    disable_private_keys: boolean;
    blank: boolean;
    passphrase: string | null;
    avoid_reuse: boolean;
    descriptors: boolean;
    external_signer: boolean;
  },
): Promise<Record<string, unknown>> {
  const refuse = (why: string) => new RpcError(RPC_ERROR.wallet, why);
  if (given.wallet_name !== OWN_NAME)
    throw refuse('A data directory holds one wallet, whose name is empty: use "", or another --data-dir.');
  if (wallet.exists)
    throw refuse('Wallet file verification failed. Failed to create database path. Database already exists.');
  if (!given.descriptors) throw refuse('descriptors argument must be set to "true"');
  if (given.disable_private_keys || given.blank || given.avoid_reuse || given.external_signer)
    throw refuse(
      'Wallets without private keys, blank ones, avoid_reuse and external signers are not offered.',
    );
  const passphrase = given.passphrase === '' ? undefined : (given.passphrase ?? undefined);
  await wallet.create(passphrase);
  const warnings =
    given.passphrase === ''
      ? ['Empty string given as passphrase, wallet will not be encrypted.']
      : ['Write its words down: `indiecoin wallet backup` shows them.'];
  return { name: OWN_NAME, warnings };
}

function isThere(wallet: Wallet, name: string): boolean {
  return wallet.exists && name === OWN_NAME;
}

function unknownWallet(): RpcError {
  return new RpcError(RPC_ERROR.noWallet, 'Requested wallet does not exist or is not loaded');
}
