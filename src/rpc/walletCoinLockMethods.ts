import { z } from 'zod';
import { hashToHex, hexToHash } from '../bytes/hex.ts';
import { type Outpoint, outpointKey } from '../primitives/transaction.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { flag, readHash, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { requireWallet } from './walletLockMethods.ts';

const theme = 'Wallet';

/** Coins that payments leave alone, in Bitcoin Core's names. */
export const walletCoinLockMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'lockunspent',
    theme,
    summary: 'Locks coins, which no payment takes then, or unlocks them: all where none are named.',
    example: 'indiecoin rpc lockunspent false \'[{"txid":"<txid>","vout":0}]\'',
    parameters: {
      unlock: flag,
      transactions: z.array(z.strictObject({ txid: text, vout: whole })).optional(),
      persistent: flag.default(false),
    },
    run: async ({ wallet }, { unlock, transactions, persistent }) => {
      requireWallet(wallet);
      const { spending } = wallet;
      if (persistent && !unlock) throw invalid('Locks are kept in memory only: persistent is not supported');
      if (transactions === undefined) {
        if (unlock) spending.unlockAll();
        return true;
      }
      const outpoints: Outpoint[] = [];
      for (const { txid, vout } of transactions) {
        if (vout < 0) throw invalid('Invalid parameter, vout cannot be negative');
        outpoints.push({ txHash: hexToHash(readHash(txid, 'txid')), index: vout });
      }
      // All of them or none.
      await checkOutpoints(wallet, outpoints, unlock);
      for (const outpoint of outpoints) {
        if (unlock) spending.unlock(outpoint);
        else spending.lock(outpoint);
      }
      return true;
    },
  }),
  rpcMethod({
    name: 'listlockunspent',
    theme,
    summary: 'The coins that are locked.',
    example: 'indiecoin rpc listlockunspent',
    parameters: {},
    run: ({ wallet }) => {
      requireWallet(wallet);
      return wallet.spending
        .lockedCoins()
        .map(({ txHash, index }) => ({ txid: hashToHex(txHash), vout: index }));
    },
  }),
];

async function checkOutpoints(
  wallet: Wallet,
  outpoints: readonly Outpoint[],
  unlock: boolean,
): Promise<void> {
  const unspent = new Set(wallet.unspent().map(({ outpoint }) => keyOf(outpoint)));
  for (const outpoint of outpoints) {
    const isLocked = wallet.spending.isLocked(outpoint);
    if (unlock && !isLocked) throw invalid('Invalid parameter, expected locked output');
    if (unlock) continue;
    if (isLocked) throw invalid('Invalid parameter, output already locked');
    if (unspent.has(keyOf(outpoint))) continue;
    const isKnown = await wallet.knows(hashToHex(outpoint.txHash));
    throw invalid(
      isKnown ? 'Invalid parameter, expected unspent output' : 'Invalid parameter, unknown transaction',
    );
  }
}

function keyOf({ txHash, index }: Outpoint): string {
  return outpointKey(txHash, index);
}

function invalid(message: string): RpcError {
  return new RpcError(RPC_ERROR.invalidParameter, message);
}
