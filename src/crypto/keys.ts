import { createHash, createHmac } from 'node:crypto';
import { getPublicKey, hashes, sign, utils } from '@noble/secp256k1';
import { encodeSignature } from './signature.ts';

// noble comes without a synchronous SHA-256; RFC 6979 nonces need both of these.
hashes.sha256 = (message) => Uint8Array.from(createHash('sha256').update(message).digest());
hashes.hmacSha256 = (key, message) => Uint8Array.from(createHmac('sha256', key).update(message).digest());

/** 32 secret bytes from the operating system's randomness, a valid scalar. */
export function generatePrivateKey(): Uint8Array {
  return utils.randomSecretKey();
}

/** The compressed public key: 33 bytes, 02 or 03 and then x. @throws Error if the private key is not a valid scalar */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return getPublicKey(privateKey, true);
}

/** Signs a 32-byte digest: DER with low S, 70 or 71 bytes nearly always. Deterministic (RFC 6979). */
export function signDigest(digest: Uint8Array, privateKey: Uint8Array): Uint8Array {
  // Without prehash: false noble would hash the digest once more.
  return encodeSignature(sign(digest, privateKey, { prehash: false, lowS: true }));
}

/** Whether these are 33 bytes (prefix 02, 03) or 65 (04) of a point on the curve: without it, coins would be lost. */
export function isOnCurve(publicKey: Uint8Array): boolean {
  return utils.isValidPublicKey(publicKey);
}
