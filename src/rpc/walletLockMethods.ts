import { z } from 'zod';
import { MAX_UNLOCK_SEC } from '../wallet/unlockedAccount.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { NodeServices } from './nodeServices.ts';
import { text } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Wallet';

/**
 * Bitcoin Core's four methods around the passphrase, with its words (src/wallet/rpc/encrypt.cpp). An unlocked wallet that
 * is unlocked again counts from then on: Core's -17 is not used there either.
 */
export const walletLockMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'encryptwallet',
    theme,
    summary: 'Protects a wallet with its first passphrase. The words stay the same.',
    example: 'indiecoin wallet passphrase',
    parameters: { passphrase: text },
    run: async ({ wallet }, { passphrase }) => {
      requireWallet(wallet);
      if (wallet.isProtected) {
        const message = 'Error: running with an encrypted wallet, but encryptwallet was called.';
        throw new RpcError(RPC_ERROR.wrongEncryptionState, message);
      }
      checkNotEmpty(passphrase);
      await wallet.changePassphrase(undefined, passphrase);
      return 'wallet encrypted; its words are the same as before. Copies of the data directory from before open without the passphrase.';
    },
  }),
  rpcMethod({
    name: 'walletpassphrase',
    theme,
    summary: `Lets payments do without the passphrase for so many seconds, ${MAX_UNLOCK_SEC} at most.`,
    example: 'indiecoin wallet unlock --for 60',
    parameters: { passphrase: text, timeout: z.int() },
    run: async ({ wallet }, { passphrase, timeout }) => {
      requireProtected(wallet, 'walletpassphrase');
      if (timeout < 0) throw new RpcError(RPC_ERROR.invalidParameter, 'Timeout cannot be negative.');
      checkNotEmpty(passphrase);
      await wallet.unlock(passphrase, timeout);
      return null;
    },
  }),
  rpcMethod({
    name: 'walletlock',
    theme,
    summary: 'Forgets the private key that walletpassphrase holds in memory.',
    example: 'indiecoin wallet lock',
    parameters: {},
    run: async ({ wallet }) => {
      requireProtected(wallet, 'walletlock');
      await wallet.lock();
      return null;
    },
  }),
  rpcMethod({
    name: 'walletpassphrasechange',
    theme,
    summary: 'Puts another passphrase in the place of the one that the wallet has.',
    example: 'indiecoin wallet passphrase',
    parameters: { oldpassphrase: text, newpassphrase: text },
    run: async ({ wallet }, given) => {
      requireProtected(wallet, 'walletpassphrasechange');
      checkNotEmpty(given.oldpassphrase);
      checkNotEmpty(given.newpassphrase);
      await wallet.changePassphrase(given.oldpassphrase, given.newpassphrase);
      return null;
    },
  }),
];

/** @throws RpcError -18 */
export function requireWallet(wallet: NodeServices['wallet']): void {
  if (wallet.exists) return;
  const message =
    'No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. (Note: A default wallet is no longer automatically created)';
  throw new RpcError(RPC_ERROR.noWallet, wallet.problem ?? message);
}

function requireProtected(wallet: Wallet, method: string): void {
  requireWallet(wallet);
  if (wallet.isProtected) return;
  const message = `Error: running with an unencrypted wallet, but ${method} was called.`;
  throw new RpcError(RPC_ERROR.wrongEncryptionState, message);
}

function checkNotEmpty(passphrase: string): void {
  if (passphrase === '') throw new RpcError(RPC_ERROR.invalidParameter, 'passphrase cannot be empty');
}
