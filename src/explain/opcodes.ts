import { ByteReader } from '../bytes/byteReader.ts';
import { DecodeError } from '../bytes/decodeError.ts';

/** One step of a script: an opcode, and the data that it pushes if it does. */
export type Opcode = Readonly<{
  offset: number;
  /** Of the opcode with the length behind it, without the data. */
  headBytes: number;
  name: string;
  meaning: string;
  data?: Uint8Array;
}>;

/** Opcodes that are told apart in one script; the longest one with a meaning has 83 bytes. */
const MAX_OPCODES = 100;
const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA4 = 0x4e;
const OP_1 = 0x51;
const OP_16 = 0x60;

/** Those that this network or its reader meets; Bitcoin's other opcodes have no meaning here. */
const NAMES: Readonly<Record<number, readonly [string, string]>> = {
  0: ['OP_0', 'push nothing'],
  79: ['OP_1NEGATE', 'push the number -1'],
  106: ['OP_RETURN', 'ends the script: never to be spent'],
  118: ['OP_DUP', 'copy what is on top (no meaning here)'],
  135: ['OP_EQUAL', 'are the two on top equal? (no meaning here)'],
  136: ['OP_EQUALVERIFY', 'the two on top must be equal (no meaning here)'],
  169: ['OP_HASH160', 'hash what is on top (no meaning here)'],
  172: ['OP_CHECKSIG', 'does the signature fit the key?'],
  174: ['OP_CHECKMULTISIG', 'several signatures (no meaning here)'],
};

/**
 * Takes a script apart as far as it goes. Nothing runs a script here: its shape alone has a meaning.
 * @returns the opcodes; less than the whole when there are too many, or a push says more bytes than there are
 */
export function disassemble(script: Uint8Array): Opcode[] {
  const reader = new ByteReader(script);
  const opcodes: Opcode[] = [];
  try {
    while (reader.remaining > 0 && opcodes.length < MAX_OPCODES) opcodes.push(readOpcode(reader));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  return opcodes;
}

function readOpcode(reader: ByteReader): Opcode {
  const offset = reader.offset;
  const opcode = reader.u8();
  if (opcode === 0 || opcode > OP_PUSHDATA4) {
    const [name, meaning] = nameOf(opcode);
    return { offset, headBytes: 1, name, meaning };
  }
  const length = opcode < OP_PUSHDATA1 ? opcode : readLength(reader, opcode);
  const headBytes = reader.offset - offset;
  const name = opcode < OP_PUSHDATA1 ? 'push' : `OP_PUSHDATA${2 ** (opcode - OP_PUSHDATA1)}`;
  const meaning = `the next ${length} ${length === 1 ? 'byte is' : 'bytes are'} data`;
  return { offset, headBytes, name, meaning, data: reader.bytes(length) };
}

function readLength(reader: ByteReader, opcode: number): number {
  if (opcode === OP_PUSHDATA1) return reader.u8();
  return opcode === OP_PUSHDATA4 ? reader.u32() : reader.u16();
}

function nameOf(opcode: number): readonly [string, string] {
  if (opcode >= OP_1 && opcode <= OP_16)
    return [`OP_${opcode - OP_1 + 1}`, `push the number ${opcode - OP_1 + 1}`];
  return NAMES[opcode] ?? [`opcode ${opcode.toString(16).padStart(2, '0')}`, 'no meaning here'];
}
