import { bytesToHex } from '../bytes/hex.ts';
import { lockTypeOf, publicKeyIn, pushedSignature } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import { isStrictSignature } from '../crypto/signature.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Field } from './field.ts';
import type { Words } from './fieldRecorder.ts';
import { disassemble } from './opcodes.ts';
import { plural, textIn } from './words.ts';

const COMPRESSED_KEY_BYTES = 33;
const COORDINATE_BYTES = 32;
const SHOWN_SCRIPT_BYTES = 20;

/** What a locking script asks for, in a sentence. */
export function describeLock(script: Uint8Array, params: NetworkParams): Words {
  switch (lockTypeOf(script)) {
    case 'public-key': {
      const key = publicKeyIn(script);
      const meaning = 'pay to public key: whoever can sign with it may spend this';
      return key.length === COMPRESSED_KEY_BYTES
        ? { value: encodeAddress(key, params.addressPrefix), meaning: `${meaning}; its address:` }
        : { meaning };
    }
    case 'data':
      return { meaning: 'data to keep: can never be spent' };
    case 'reserved':
      return { meaning: 'reserved: anyone may spend it until a soft fork gives it a meaning' };
    default:
      return { meaning: 'no lock that this network knows' };
  }
}

/** The parts of a locking script. */
export function splitLockingScript(script: Uint8Array): Field[] {
  const isKey = lockTypeOf(script) === 'public-key';
  return splitOpcodes(script, (data, offset) => (isKey ? splitKey(data, offset) : [dataField(data, offset)]));
}

/** What an unlocking script is, in a sentence. */
export function describeUnlocking(script: Uint8Array): Words {
  if (pushedSignature(script) === undefined)
    return { meaning: 'no signature: right only for a reserved lock' };
  return { meaning: 'the signature that the lock of the coin asks for' };
}

/** The parts of an unlocking script: the push, and the signature's DER within. */
export function splitUnlockingScript(script: Uint8Array): Field[] {
  const signature = pushedSignature(script);
  if (signature === undefined || !isStrictSignature(signature))
    return splitOpcodes(script, (data, offset) => [dataField(data, offset)]);
  const push = field(script, 0, 1, 'push', { meaning: `the next ${script.length - 1} bytes are data` });
  const hashType = field(script, script.length - 1, 1, 'hash type', {
    value: 'SIGHASH_ALL',
    meaning: 'all inputs and outputs are signed',
  });
  return [push, ...splitSignature(script), hashType];
}

/** `30 length 02 length R 02 length S`, as BIP66 writes signatures. The script holds one that was found strict. */
function splitSignature(script: Uint8Array): Field[] {
  const lengthOfR = script[4]!;
  const s = 5 + lengthOfR;
  const lengthOfS = script[s + 1]!;
  const integer = (name: string) => ({ meaning: `02: a number; its length; then ${name}` });
  return [
    field(script, 1, 2, 'DER sequence', { meaning: `30: a list; ${script[2]} bytes of it follow` }),
    field(script, 3, 2, 'DER integer', integer('r')),
    field(script, 5, lengthOfR, 'r', { meaning: 'first half of the signature' }),
    field(script, s, 2, 'DER integer', integer('s')),
    field(script, s + 2, lengthOfS, 's', { meaning: 'second half; of two that fit, the low one (BIP146)' }),
  ];
}

/** The parts of a coinbase's unlocking script, which unlocks nothing: whatever the miner wrote. */
export function splitCoinbaseScript(script: Uint8Array, heightPush: Uint8Array | undefined): Field[] {
  const begins = heightPush?.every((byte, i) => script[i] === byte) === true;
  if (!begins) return splitOpcodes(script, (data, offset) => [dataField(data, offset)]);
  const height = field(script, 0, heightPush.length, 'height', {
    meaning: 'of this block, as a script pushes it (BIP34)',
  });
  const rest = script.subarray(heightPush.length);
  return rest.length === 0 ? [height] : [height, dataField(rest, heightPush.length, 'miner’s own')];
}

function splitOpcodes(script: Uint8Array, splitData: (data: Uint8Array, offset: number) => Field[]): Field[] {
  const fields: Field[] = [];
  let end = 0;
  for (const { offset, headBytes, name, meaning, data } of disassemble(script)) {
    fields.push(field(script, offset, headBytes, name, { meaning }));
    end = offset + headBytes + (data?.length ?? 0);
    if (data !== undefined && data.length > 0) fields.push(...splitData(data, offset + headBytes));
  }
  if (end < script.length) fields.push(dataField(script.subarray(end), end, 'the rest'));
  return fields;
}

/** Prefix and coordinates of a point on the curve. */
function splitKey(key: Uint8Array, offset: number): Field[] {
  const part = (at: number, length: number, name: string, meaning: string): Field => ({
    offset: offset + at,
    bytes: key.subarray(at, at + length),
    name,
    meaning,
  });
  if (key.length === COMPRESSED_KEY_BYTES) {
    const parity = key[0] === 2 ? 'even' : 'odd';
    return [
      part(0, 1, 'key form', `compressed: only x follows, y is the ${parity} one`),
      part(1, COORDINATE_BYTES, 'x', 'of the public key, a point on the curve secp256k1'),
    ];
  }
  return [
    part(0, 1, 'key form', 'uncompressed: x and y follow'),
    part(1, COORDINATE_BYTES, 'x', 'of the public key, a point on the curve secp256k1'),
    part(1 + COORDINATE_BYTES, COORDINATE_BYTES, 'y', 'of the public key'),
  ];
}

function dataField(data: Uint8Array, offset: number, name = 'data'): Field {
  const text = textIn(data);
  return { offset, bytes: data, name, ...(text !== undefined && { value: text, meaning: 'as text' }) };
}

function field(script: Uint8Array, offset: number, length: number, name: string, words: Words): Field {
  return { offset, bytes: script.subarray(offset, offset + length), name, ...words };
}

/** A script as hex for one line, cut off where it is long. */
export function scriptHex(script: Uint8Array): string {
  if (script.length === 0) return 'empty';
  const shown = bytesToHex(script.subarray(0, SHOWN_SCRIPT_BYTES));
  return script.length <= SHOWN_SCRIPT_BYTES ? shown : `${shown}… (${plural(script.length, 'byte')})`;
}
