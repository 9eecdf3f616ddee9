import { bech32m } from '@scure/base';
import { isOnCurve } from './keys.ts';

/**
 * An address is a public key in bech32m (BIP350), so that a typo is found before money is sent: the network's prefix,
 * `1`, the 33 bytes of the key in groups of 5 bits with zero bits at the end, and a checksum of 6 characters. There is no
 * version symbol, since there is one kind of lock. The key of private key 1 on regtest:
 *
 *     icrt1 qfumuen7l8wthtz45p3ftn58pvrs9xlumvkuu2xet8egzkcklqtes xueasm
 */

const KEY_BYTES = 33;
const KEY_SYMBOLS = Math.ceil((KEY_BYTES * 8) / 5);
const CHECKSUM_SYMBOLS = 6;

/** Text that is not an address of this network. The message is a sentence for the person who typed it. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/** The address of a compressed public key (33 bytes), in lower case. */
export function encodeAddress(publicKey: Uint8Array, prefix: string): string {
  if (publicKey.length !== KEY_BYTES) throw new RangeError(`an address holds ${KEY_BYTES} bytes`);
  // BIP173's limit of 90 characters belongs to Bitcoin's payloads; a network may choose a long prefix.
  return bech32m.encode(prefix, bech32m.toWords(publicKey), false);
}

/** The compressed public key of an address of this network, in lower or in upper case. @throws AddressError */
export function decodeAddress(text: string, prefix: string): Uint8Array {
  const lower = text.toLowerCase();
  checkPrefix(lower, prefix);
  const length = prefix.length + 1 + KEY_SYMBOLS + CHECKSUM_SYMBOLS;
  if (text.length !== length)
    throw new AddressError(`an address of this network has ${length} characters, this has ${text.length}`);
  if (text !== lower && text !== text.toUpperCase())
    throw new AddressError('an address is all lower case or all upper case');
  const publicKey = decodeSymbols(text);
  if (!isOnCurve(publicKey)) throw new AddressError('the address does not hold a public key');
  return publicKey;
}

function checkPrefix(lower: string, prefix: string): void {
  if (lower.startsWith(`${prefix}1`)) return;
  const separator = lower.lastIndexOf('1');
  const found = lower.slice(0, separator);
  if (separator > 0 && separator === lower.length - 1 - KEY_SYMBOLS - CHECKSUM_SYMBOLS)
    throw new AddressError(
      `this is an address of another network: it begins with ${found}1, not with ${prefix}1`,
    );
  throw new AddressError(`an address of this network begins with ${prefix}1`);
}

function decodeSymbols(text: string): Uint8Array {
  const decoded = bech32m.decodeUnsafe(text, false);
  if (decoded === undefined) throw new AddressError('the address has a typo: its checksum does not match');
  const publicKey = bech32m.fromWordsUnsafe(decoded.words);
  if (!(publicKey instanceof Uint8Array) || publicKey.length !== KEY_BYTES)
    throw new AddressError('the address does not hold a public key');
  return publicKey;
}
