import { recoverPublicKey, sign } from '@noble/secp256k1';
import { equalBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { sha256d } from '../bytes/sha256.ts';
// Gives noble its SHA-256.
import './keys.ts';

/** What makes a signed message no transaction: nobody can be led to sign away a coin. */
const MAGIC = Buffer.from('IndieCoin Signed Message:\n');
/** Header byte of a signature whose key is compressed; 27 to 30 are of keys that are not. */
const COMPRESSED = 31;
const SIGNATURE_BYTES = 65;

/**
 * What is signed for a text, as in Bitcoin: SHA-256 twice over the magic and the text in UTF-8, each behind its length.
 * For "a": `1a` and the 26 bytes of the magic, `01 61`.
 */
export function messageDigest(message: string): Uint8Array {
  const bytes = Buffer.from(message, 'utf8');
  const writer = new ByteWriter(bytes.length + 64);
  writer.compactSize(MAGIC.length).bytes(MAGIC).compactSize(bytes.length).bytes(bytes);
  return sha256d(writer.finish());
}

/** 65 bytes: a header of 31 to 34 (which of the points with this r, the key compressed), then r and s. */
export function signMessage(message: string, privateKey: Uint8Array): Uint8Array {
  const signature = sign(messageDigest(message), privateKey, {
    prehash: false,
    lowS: true,
    format: 'recovered',
  });
  return Uint8Array.of(COMPRESSED + signature[0]!, ...signature.subarray(1));
}

/** Whether the key made the signature: it is computed from the signature, and compared. @param publicKey 33 bytes */
export function verifyMessage(message: string, signature: Uint8Array, publicKey: Uint8Array): boolean {
  const header = signature[0];
  if (signature.length !== SIGNATURE_BYTES || header === undefined) return false;
  // Signed by a key without compression, it belongs to an address that does not exist here.
  if (header < COMPRESSED || header > COMPRESSED + 3) return false;
  try {
    const recovered = Uint8Array.of(header - COMPRESSED, ...signature.subarray(1));
    return equalBytes(recoverPublicKey(recovered, messageDigest(message), { prehash: false }), publicKey);
  } catch {
    // No point has such an x, or a number is out of range.
    return false;
  }
}

/** @returns undefined where the text is no base64 with its padding */
export function decodeBase64(text: string): Uint8Array | undefined {
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);
  const bytes = Buffer.from(text, 'base64');
  // Bits beyond the last byte are zero, as Bitcoin Core has it.
  return isBase64 && bytes.toString('base64') === text ? bytes : undefined;
}
