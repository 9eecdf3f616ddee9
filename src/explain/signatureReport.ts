import { sha256 } from '../bytes/sha256.ts';
import type { Coin } from '../consensus/coin.ts';
import { lockTypeOf, publicKeyIn, pushedSignature } from '../consensus/lockingScript.ts';
import { signedBytes } from '../consensus/signatureHash.ts';
import { encodeAddress } from '../crypto/address.ts';
import { parseSignature } from '../crypto/signature.ts';
import type { VerifyEngine } from '../crypto/verifyEngine.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Transaction } from '../primitives/transaction.ts';

const COMPRESSED_KEY_BYTES = 33;

/** One signature, and all that it takes to verify it by hand. */
export type SignatureReport = Readonly<{
  input: number;
  publicKey: Uint8Array;
  /** Where the key is one that addresses are made of. */
  address?: string;
  /** What was signed. */
  signedBytes: Uint8Array;
  firstHash: Uint8Array;
  /** The hash of that: the number that is signed. */
  digest: Uint8Array;
  /** 32 bytes each, big-endian; undefined when the signature is not strict DER with low S. */
  r?: Uint8Array;
  s?: Uint8Array;
  holds: boolean;
}>;

/** Undefined where no signature is asked for, or none is there. */
export function reportSignature(
  transaction: Transaction,
  input: number,
  { lockingScript }: Coin,
  params: NetworkParams,
  engine: VerifyEngine,
): SignatureReport | undefined {
  const signature = pushedSignature(transaction.inputs[input]!.unlockingScript);
  if (lockTypeOf(lockingScript) !== 'public-key' || signature === undefined) return undefined;
  const publicKey = publicKeyIn(lockingScript);
  const bytes = signedBytes(transaction, input, lockingScript);
  const firstHash = sha256(bytes);
  const digest = sha256(firstHash);
  const compact = parseSignature(signature);
  return {
    input,
    publicKey,
    ...(publicKey.length === COMPRESSED_KEY_BYTES && {
      address: encodeAddress(publicKey, params.addressPrefix),
    }),
    signedBytes: bytes,
    firstHash,
    digest,
    ...(compact && { r: compact.subarray(0, 32), s: compact.subarray(32) }),
    holds: compact !== undefined && engine.verify(digest, compact, publicKey),
  };
}
