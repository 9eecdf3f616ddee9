import { AddressError } from '../crypto/address.ts';
import { WalletError, type WalletErrorCode } from '../wallet/walletError.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';

const WALLET_CODES: Readonly<Record<WalletErrorCode, number>> = {
  'no-wallet': RPC_ERROR.noWallet,
  exists: RPC_ERROR.wallet,
  locked: RPC_ERROR.walletLocked,
  'wrong-passphrase': RPC_ERROR.wrongPassphrase,
  'wrong-state': RPC_ERROR.wrongEncryptionState,
  'bad-words': RPC_ERROR.invalidParameter,
  damaged: RPC_ERROR.wallet,
  pruned: RPC_ERROR.misc,
  'bad-amount': RPC_ERROR.type,
  'insufficient-funds': RPC_ERROR.insufficientFunds,
  'fee-too-low': RPC_ERROR.invalidParameter,
  'fee-too-high': RPC_ERROR.insufficientFunds,
  'too-many-inputs': RPC_ERROR.wallet,
  'too-many-addresses': RPC_ERROR.keypoolRanOut,
  'too-many-labels': RPC_ERROR.invalidLabel,
  'not-own': RPC_ERROR.wallet,
  'own-key': RPC_ERROR.wallet,
  rescanning: RPC_ERROR.wallet,
};

/** What clients of Bitcoin Core look for. */
const CORE_WORDS: Partial<Record<WalletErrorCode, string>> = {
  locked: 'Error: Please enter the wallet passphrase with walletpassphrase first.',
  'wrong-passphrase': 'Error: The wallet passphrase entered was incorrect.',
};

/** What a method threw, as the answer to the one who called it. Unknown errors are the node's own fault. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof WalletError) {
    const { code, message } = error;
    return new RpcError(WALLET_CODES[code], CORE_WORDS[code] ?? message, { cause: error });
  }
  if (error instanceof AddressError) {
    return new RpcError(RPC_ERROR.invalidAddressOrKey, `Invalid address: ${error.message}`, { cause: error });
  }
  return new RpcError(RPC_ERROR.internal, (error as Error).message, { cause: error });
}
