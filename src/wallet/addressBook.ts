import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import type { WalletKeys } from './walletKeys.ts';

/** A public key that has a name, or that this wallet gave to somebody. */
export type BookEntry = Readonly<{ publicKey: Uint8Array; label: string; purpose: 'receive' | 'send' }>;

/** Every key of ours that was given out, named or not (its name is empty then), and keys of others that were named. */
export function addressBook(keys: WalletKeys): BookEntry[] {
  const entries: BookEntry[] = [];
  for (let index = 0; index < keys.ring.counts('receive').handedOut; index++) {
    const publicKey = keys.ring.publicKey({ chain: 'receive', index });
    entries.push({ publicKey, label: keys.labels.get(bytesToHex(publicKey)) ?? '', purpose: 'receive' });
  }
  for (const [key, label] of keys.labels) {
    const publicKey = hexToBytes(key);
    const path = keys.ring.find(publicKey);
    const isListed = path?.chain === 'receive' && path.index < keys.ring.counts('receive').handedOut;
    if (!isListed) entries.push({ publicKey, label, purpose: path === undefined ? 'send' : 'receive' });
  }
  return entries;
}

/** What the owner calls a key; undefined for one that was neither named nor given out. */
export function labelOf(keys: WalletKeys, publicKey: Uint8Array): string | undefined {
  const label = keys.labels.get(bytesToHex(publicKey));
  if (label !== undefined) return label;
  const path = keys.ring.find(publicKey);
  const isGivenOut = path?.chain === 'receive' && path.index < keys.ring.counts('receive').handedOut;
  return isGivenOut ? '' : undefined;
}
