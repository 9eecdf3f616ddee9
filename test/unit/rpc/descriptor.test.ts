import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.ts';
import { encodeAddress } from '../../../src/crypto/address.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { describeScript, readDescriptor } from '../../../src/rpc/descriptor.ts';

const KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const read = (descriptor: string) => bytesToHex(readDescriptor(descriptor, regtest));

test('keys, addresses and scripts are understood, with or without a checksum', () => {
  const script = `21${KEY}ac`;
  assert.equal(read(`pk(${KEY})`), script);
  assert.equal(read(`combo(${KEY})`), script);
  assert.equal(read(`addr(${encodeAddress(hexToBytes(KEY), regtest.addressPrefix)})`), script);
  assert.equal(read('raw()'), '');
  // BIP380's test vector.
  assert.equal(read('raw(deadbeef)#89f8spxm'), 'deadbeef');
});

test('what BIP380 says is wrong, is refused', () => {
  const wrong: [string, RegExp][] = [
    ['raw(deadbeef)#', /Expected 8 character checksum, not 0/],
    ['raw(deadbeef)#89f8spxmx', /not 9 characters/],
    ['raw(deadbeef)#89f8spx', /not 7 characters/],
    ['raw(dedbeef)#89f8spxm', /does not match/],
    ['raw(deadbeef)##9f8spxm', /Multiple '#'/],
    ['raw(Ü)#00000000', /Invalid characters/],
    ['raw(abc)', /not hex/],
    ['wpkh(abc)', /not a valid descriptor function/],
    [`pk(02${'0'.repeat(64)})`, /is not valid/],
    ['addr(nonsense)', /Address is not valid/],
    ['', /not a valid descriptor function/],
  ];
  for (const [descriptor, message] of wrong) assert.throws(() => read(descriptor), { code: -5, message });
});

test('a script is described so that it can be read again', () => {
  assert.equal(describeScript(hexToBytes('deadbeef')), 'raw(deadbeef)#89f8spxm');
  const described = describeScript(hexToBytes(`21${KEY}ac`));
  assert.match(described, /^pk\(0279be.*\)#[a-z0-9]{8}$/);
  assert.equal(read(described), `21${KEY}ac`);
});
