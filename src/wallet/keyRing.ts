import { createHmac } from 'node:crypto';
import { HDKey } from '@scure/bip32';
import { bytesToKey } from '../bytes/bytes.ts';
import { addToPublicKey } from '../crypto/publicKeyTweak.ts';
import { chainNumber, type KeyChain, type KeyPath } from './keyTree.ts';

/**
 * How many keys beyond the last used one are watched. Restoring from words finds a coin only if no more than this many
 * unused keys lie before it (BIP44's gap limit).
 */
export const GAP_LIMIT = 20;

/** For each chain: keys handed out, and keys seen on the blockchain, both counted from index 0. */
export type KeyCounts = Readonly<{ handedOut: number; used: number }>;

/** The wallet's public keys: derives them, and says of any key whether it is one of them. */
export class KeyRing {
  readonly #nodes: Record<KeyChain, HDKey>;
  readonly #keys: Record<KeyChain, Uint8Array[]> = { receive: [], change: [] };
  readonly #paths = new Map<string, KeyPath>();
  readonly #counts: Record<KeyChain, KeyCounts>;

  /** @param accountKey the account's extended public key, `xpub…` */
  constructor(accountKey: string, counts: Readonly<Record<KeyChain, KeyCounts>>) {
    const account = HDKey.fromExtendedKey(accountKey);
    this.#nodes = {
      receive: account.deriveChild(chainNumber('receive')),
      change: account.deriveChild(chainNumber('change')),
    };
    this.#counts = { ...counts };
    this.#watchAhead('receive');
    this.#watchAhead('change');
  }

  counts(chain: KeyChain): KeyCounts {
    return this.#counts[chain];
  }

  /** Where a public key stands in this wallet; undefined when it is another's. */
  find(publicKey: Uint8Array): KeyPath | undefined {
    return this.#paths.get(bytesToKey(publicKey));
  }

  publicKey({ chain, index }: KeyPath): Uint8Array {
    return this.#keys[chain][index] ?? derivePublicKey(this.#nodes[chain], index);
  }

  /** The first key of the chain that nobody was given yet. */
  handOut(chain: KeyChain): KeyPath {
    const { handedOut, used } = this.#counts[chain];
    this.#counts[chain] = { handedOut: handedOut + 1, used };
    this.#watchAhead(chain);
    return { chain, index: handedOut };
  }

  /** The key was seen in a transaction. @returns whether the counts changed. */
  noteUsed({ chain, index }: KeyPath): boolean {
    const { handedOut, used } = this.#counts[chain];
    if (index < used) return false;
    this.#counts[chain] = { handedOut: Math.max(handedOut, index + 1), used: index + 1 };
    this.#watchAhead(chain);
    return true;
  }

  #watchAhead(chain: KeyChain): void {
    const keys = this.#keys[chain];
    while (keys.length < this.#counts[chain].handedOut + GAP_LIMIT) {
      const path = { chain, index: keys.length };
      const publicKey = derivePublicKey(this.#nodes[chain], path.index);
      keys.push(publicKey);
      this.#paths.set(bytesToKey(publicKey), path);
    }
  }
}

/**
 * BIP32's public derivation, CKDpub, of a child that is not hardened: the parent's point plus the first half of an
 * HMAC-SHA512 over it. All keys are derived at every start, so by the native library where it is there; the library for BIP32
 * does the rest, and the one case in 2^127 that has another rule.
 */
export function derivePublicKey(node: HDKey, index: number): Uint8Array {
  const [parent, chainCode] = [node.publicKey!, node.chainCode!];
  const data = Buffer.alloc(parent.length + 4);
  data.set(parent);
  data.writeUInt32BE(index, parent.length);
  const hash = createHmac('sha512', chainCode).update(data).digest();
  return addToPublicKey(parent, hash.subarray(0, 32)) ?? node.deriveChild(index).publicKey!;
}
