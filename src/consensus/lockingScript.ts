/**
 * What an output asks of whoever spends it. There is no script interpreter: three shapes of script have a meaning,
 * and any other makes its transaction invalid. All three are also valid Bitcoin scripts with the same meaning.
 */
export type Lock =
  /** A signature by this key, 33 or 65 bytes; whether it is on the curve is asked only when it is spent. */
  | { type: 'public-key'; publicKey: Uint8Array }
  /** Data to keep; can never be spent and is never a coin. */
  | { type: 'data' }
  /** Anyone may spend it until a soft fork gives it a meaning. In Bitcoin: witness programs of versions 2 to 16. */
  | { type: 'reserved' };

const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA2 = 0x4d;
const OP_PUSHDATA4 = 0x4e;
const OP_2 = 0x52;
const OP_16 = 0x60;
const OP_RETURN = 0x6a;
const OP_CHECKSIG = 0xac;

const COMPRESSED_KEY_BYTES = 33;
const UNCOMPRESSED_KEY_BYTES = 65;
const MAX_DATA_SCRIPT_BYTES = 83;
const SIGHASH_ALL = 0x01;

/** The lock that a locking script stands for, or undefined when it stands for none. */
export function parseLockingScript(script: Uint8Array): Lock | undefined {
  const type = lockTypeOf(script);
  return type === 'public-key' ? { type, publicKey: publicKeyIn(script) } : type && { type };
}

/** The key in a pay-to-public-key script. A view. */
export function publicKeyIn(script: Uint8Array): Uint8Array {
  return script.subarray(1, -1);
}

/** The type alone, which takes no memory: a block has tens of thousands of outputs, each asked for it more than once. */
export function lockTypeOf(script: Uint8Array): Lock['type'] | undefined {
  const first = script[0];
  if (first === COMPRESSED_KEY_BYTES || first === UNCOMPRESSED_KEY_BYTES)
    return isPublicKeyScript(script) ? 'public-key' : undefined;
  if (first === OP_RETURN) return isDataScript(script) ? 'data' : undefined;
  return isReservedScript(script) ? 'reserved' : undefined;
}

/** `21 <key> ac`: the lock that the wallet makes. `publicKey` has 33 bytes. */
export function payToPublicKey(publicKey: Uint8Array): Uint8Array {
  return Uint8Array.of(publicKey.length, ...publicKey, OP_CHECKSIG);
}

/** The script that opens a public-key lock: one push of the DER signature and the hash type. */
export function unlockingScript(signature: Uint8Array): Uint8Array {
  return Uint8Array.of(signature.length + 1, ...signature, SIGHASH_ALL);
}

/** The DER signature in an unlocking script of the right shape; whether it is strict DER is not looked at here. */
export function pushedSignature(script: Uint8Array): Uint8Array | undefined {
  const length = script[0];
  if (length === undefined || length < 0x09 || length > 0x49 || script.length !== length + 1)
    return undefined;
  return script[length] === SIGHASH_ALL ? script.subarray(1, length) : undefined;
}

function isPublicKeyScript(script: Uint8Array): boolean {
  const length = script[0]!;
  const prefix = script[1];
  if (script.length !== length + 2 || script[length + 1] !== OP_CHECKSIG) return false;
  // The hybrid prefixes 06 and 07, which Bitcoin allows, are left out: engines disagree about them.
  return length === COMPRESSED_KEY_BYTES ? prefix === 0x02 || prefix === 0x03 : prefix === 0x04;
}

/** `6a` and any number of complete opcodes `00`..`60`, each with its data. */
function isDataScript(script: Uint8Array): boolean {
  if (script.length > MAX_DATA_SCRIPT_BYTES) return false;
  let at = 1;
  while (at < script.length) {
    const opcode = script[at]!;
    if (opcode > OP_16) return false;
    const pushed = pushedBytes(script, at);
    if (pushed === undefined) return false;
    at += pushed;
  }
  return at === script.length;
}

/** How many bytes the opcode at `at` takes with its length and data, or undefined when its length is cut off. */
function pushedBytes(script: Uint8Array, at: number): number | undefined {
  const opcode = script[at]!;
  if (opcode < OP_PUSHDATA1) return 1 + opcode;
  const lengthBytes =
    opcode === OP_PUSHDATA1 ? 1 : opcode === OP_PUSHDATA2 ? 2 : opcode === OP_PUSHDATA4 ? 4 : 0;
  if (lengthBytes === 0) return 1;
  if (at + lengthBytes >= script.length) return undefined;
  let length = 0;
  for (let i = lengthBytes; i > 0; i--) length = length * 256 + script[at + i]!;
  return 1 + lengthBytes + length;
}

/** `52`..`60` and one direct push of 2 to 40 bytes that Bitcoin does not call false. */
function isReservedScript(script: Uint8Array): boolean {
  const opcode = script[0];
  const length = script[1];
  if (opcode === undefined || length === undefined || opcode < OP_2 || opcode > OP_16) return false;
  if (length < 0x02 || length > 0x28 || script.length !== length + 2) return false;
  // Bitcoin runs such a script before a soft fork knows it, and a last push of zero or minus zero would fail there.
  const last = script[script.length - 1]!;
  return (last !== 0 && last !== 0x80) || script.subarray(2, -1).some((byte) => byte !== 0);
}
