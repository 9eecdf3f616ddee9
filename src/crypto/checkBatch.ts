import { sha256d } from '../bytes/sha256.ts';
import { parseSignature } from './signature.ts';
import type { SignatureCheck } from './signatureCheck.ts';
import type { VerifyEngine } from './verifyEngine.ts';

/**
 * Checks on their way to a worker: one piece of shared memory, because 5,000 objects in a message cost 26 ms of cloning
 * and this costs 50 µs. All integers are u32, in the machine's own order:
 *
 *     template count | each: length, bytes
 *     check count    | each: template index, insertAt, script length, key length, signature length, then those bytes
 *
 * with every list of bytes padded to a multiple of 4, so that the integers stay aligned.
 */
export function encodeCheckBatch(checks: readonly SignatureCheck[]): SharedArrayBuffer {
  const templates = templatesOf(checks);
  const writer = new SharedWriter(batchBytes(checks, templates));
  writer.u32(templates.length);
  for (const template of templates) {
    writer.u32(template.length);
    writer.bytes(template);
  }
  writer.u32(checks.length);
  let at = -1;
  for (const { template, insertAt, script, publicKey, signature } of checks) {
    if (template !== templates[at]) at++;
    writer.u32(at);
    writer.u32(insertAt);
    writer.u32(script.length);
    writer.u32(publicKey.length);
    writer.u32(signature.length);
    writer.bytes(script);
    writer.bytes(publicKey);
    writer.bytes(signature);
  }
  return writer.buffer;
}

/** Each once for the run of checks that share it: the inputs of a transaction stand side by side. */
function templatesOf(checks: readonly SignatureCheck[]): Uint8Array[] {
  const templates: Uint8Array[] = [];
  for (const { template } of checks)
    if (template !== templates[templates.length - 1]) templates.push(template);
  return templates;
}

/** The checks again, as views into the shared memory. */
export function decodeCheckBatch(buffer: SharedArrayBuffer): SignatureCheck[] {
  const reader = new SharedReader(buffer);
  const templates = Array.from({ length: reader.u32() }, () => reader.bytes(reader.u32()));
  return Array.from({ length: reader.u32() }, () => {
    const template = templates[reader.u32()]!;
    const insertAt = reader.u32();
    const scriptBytes = reader.u32();
    const keyBytes = reader.u32();
    const signatureBytes = reader.u32();
    const script = reader.bytes(scriptBytes);
    const publicKey = reader.bytes(keyBytes);
    return { template, insertAt, script, publicKey, signature: reader.bytes(signatureBytes) };
  });
}

/** Whether the signature is the one form of a valid signature of the digest by the key. */
export function passesCheck(check: SignatureCheck, engine: VerifyEngine): boolean {
  const compact = parseSignature(check.signature);
  return compact !== undefined && engine.verify(checkDigest(check), compact, check.publicKey);
}

/** The 32-byte digest that is signed: see SignatureCheck. */
export function checkDigest({ template, insertAt, script }: SignatureCheck): Uint8Array {
  if (script.length >= 0xfd)
    throw new RangeError('a locking script that is signed for has one byte of length');
  const preimage = Buffer.allocUnsafe(template.length + script.length);
  preimage.set(template.subarray(0, insertAt));
  preimage[insertAt] = script.length;
  preimage.set(script, insertAt + 1);
  preimage.set(template.subarray(insertAt + 1), insertAt + 1 + script.length);
  return sha256d(preimage);
}

const WORD = 4;

function batchBytes(checks: readonly SignatureCheck[], templates: readonly Uint8Array[]): number {
  let bytes = 2 * WORD;
  for (const template of templates) bytes += WORD + padded(template.length);
  for (const { script, publicKey, signature } of checks)
    bytes += 5 * WORD + padded(script.length) + padded(publicKey.length) + padded(signature.length);
  return bytes;
}

function padded(length: number): number {
  return (length + WORD - 1) & -WORD;
}

class SharedWriter {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(length: number) {
    this.buffer = new SharedArrayBuffer(length);
    this.#words = new Uint32Array(this.buffer);
    this.#bytes = new Uint8Array(this.buffer);
  }

  u32(value: number): void {
    this.#words[this.#offset / WORD] = value;
    this.#offset += WORD;
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#offset);
    this.#offset += padded(value.length);
  }
}

class SharedReader {
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  u32(): number {
    const value = this.#words[this.#offset / WORD]!;
    this.#offset += WORD;
    return value;
  }

  bytes(length: number): Uint8Array {
    const start = this.#offset;
    this.#offset += padded(length);
    return this.#bytes.subarray(start, start + length);
  }
}
