import { bytesToHex } from '../bytes/hex.ts';
import { encodeAddress } from '../crypto/address.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { KeyPath } from '../wallet/keyTree.ts';
import type { WalletKeys } from '../wallet/walletKeys.ts';

export type OwnAddressAnswer = Readonly<{
  address: string;
  publicKey: string;
  /** A restore from the words alone would miss it. */
  beyondGap?: boolean;
}>;

/** A key of the wallet as `wallet address` shows it. */
export function describeOwnKey(keys: WalletKeys, path: KeyPath, params: NetworkParams): OwnAddressAnswer {
  const publicKey = keys.ring.publicKey(path);
  return {
    address: encodeAddress(publicKey, params.addressPrefix),
    publicKey: bytesToHex(publicKey),
    ...(keys.isBeyondGap(path) && { beyondGap: true }),
  };
}
