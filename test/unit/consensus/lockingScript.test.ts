import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hexToBytes } from '../../../src/bytes/hex.ts';
import { parseLockingScript, pushedSignature } from '../../../src/consensus/lockingScript.ts';

const typeOf = (hex: string) => parseLockingScript(hexToBytes(hex))?.type;
const key33 = '11'.repeat(32);
const key65 = '22'.repeat(64);

describe('parseLockingScript', () => {
  const cases: [what: string, script: string, type: string | undefined][] = [
    ['compressed key, even', `2102${key33}ac`, 'public-key'],
    ['compressed key, odd', `2103${key33}ac`, 'public-key'],
    ['compressed prefix 01', `2101${key33}ac`, undefined],
    ['compressed prefix 04', `2104${key33}ac`, undefined],
    ['uncompressed key', `4104${key65}ac`, 'public-key'],
    ['hybrid prefix 06', `4106${key65}ac`, undefined],
    ['hybrid prefix 07', `4107${key65}ac`, undefined],
    ['uncompressed prefix 02', `4102${key65}ac`, undefined],
    ['another opcode behind the key', `2102${key33}ad`, undefined],
    ['a byte behind the opcode', `2102${key33}ac00`, undefined],
    ['a key one byte short', `2002${key33.slice(2)}ac`, undefined],
    ['nothing', '', undefined],
    ['Bitcoin pay-to-public-key-hash', `76a914${'33'.repeat(20)}88ac`, undefined],

    ['data: nothing behind 6a', '6a', 'data'],
    ['data: a direct push', '6a04deadbeef', 'data'],
    ['data: opcode 60', '6a60', 'data'],
    ['data: opcode 61', '6a61', undefined],
    ['data: 4f and 50 push nothing more', '6a4f50', 'data'],
    ['data: a push cut off', '6a04deadbe', undefined],
    ['data: PUSHDATA1', '6a4c02beef', 'data'],
    ['data: PUSHDATA1 without its length', '6a4c', undefined],
    ['data: PUSHDATA1 cut off', '6a4c02be', undefined],
    ['data: PUSHDATA1 of nothing', '6a4c00', 'data'],
    ['data: PUSHDATA2', '6a4d0100aa', 'data'],
    ['data: PUSHDATA2 with half its length', '6a4d01', undefined],
    ['data: PUSHDATA4', '6a4e01000000aa', 'data'],
    ['data: PUSHDATA4 of 4 GB', '6a4effffffffaa', undefined],
    ['data: 83 bytes', `6a4c50${'aa'.repeat(80)}`, 'data'],
    ['data: 84 bytes', `6a4c51${'aa'.repeat(81)}`, undefined],

    ['reserved: version 2, 2 bytes', '5202aaaa', 'reserved'],
    ['reserved: version 16', '6002aaaa', 'reserved'],
    ['reserved: version 1 is taken in Bitcoin', '5102aaaa', undefined],
    ['reserved: version 0 is taken in Bitcoin', '0002aaaa', undefined],
    ['reserved: opcode 61', '6102aaaa', undefined],
    ['reserved: 1 byte', '5201aa', undefined],
    ['reserved: 40 bytes', `5228${'aa'.repeat(40)}`, 'reserved'],
    ['reserved: 41 bytes', `5229${'aa'.repeat(41)}`, undefined],
    ['reserved: a byte more than pushed', '5202aaaaaa', undefined],
    ['reserved: a byte less than pushed', '5203aaaa', undefined],
    ['reserved: zero', '52020000', undefined],
    ['reserved: minus zero', '52020080', undefined],
    ['reserved: 80 that is not last', '52028000', 'reserved'],
    ['reserved: 81 last', '52020081', 'reserved'],
    ['reserved: no push', '52', undefined],
  ];
  for (const [what, script, type] of cases) {
    test(`${what}: ${type ?? 'no lock'}`, () => assert.equal(typeOf(script), type));
  }
});

describe('pushedSignature', () => {
  const push = (length: number, hashType = 1) =>
    Uint8Array.of(length, ...new Uint8Array(length - 1).fill(0x30), hashType);
  test('takes 9 to 73 bytes that end in 01, and nothing else', () => {
    assert.equal(pushedSignature(push(9))?.length, 8);
    assert.equal(pushedSignature(push(73))?.length, 72);
    assert.equal(pushedSignature(push(8)), undefined);
    assert.equal(pushedSignature(push(74)), undefined);
    assert.equal(pushedSignature(push(71, 2)), undefined);
    assert.equal(pushedSignature(push(71, 0x81)), undefined);
    assert.equal(pushedSignature(Uint8Array.of(...push(71), 0)), undefined);
    assert.equal(pushedSignature(push(71).subarray(0, -1)), undefined);
    assert.equal(pushedSignature(new Uint8Array()), undefined);
  });
});
