/**
 * One signature to verify, as bytes that know nothing of transactions, so that a worker can do all of it.
 *
 * The digest is SHA-256d of `template` with its byte at `insertAt` (an empty script's length, 00) replaced by the length
 * and bytes of `script`: Bitcoin's legacy signature hash, where every input's script is blank but the one signed for.
 * All inputs of a transaction share one template.
 */
export type SignatureCheck = Readonly<{
  template: Uint8Array;
  insertAt: number;
  /** The locking script of the coin, at most 67 bytes. */
  script: Uint8Array;
  /** 33 bytes with prefix 02 or 03, or 65 with prefix 04; perhaps not on the curve. */
  publicKey: Uint8Array;
  /** Strict DER with low S, without the hash type. */
  signature: Uint8Array;
}>;
