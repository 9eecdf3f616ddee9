import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HDKey } from '@scure/bip32';
import { addToPublicKey } from '../../../src/crypto/publicKeyTweak.ts';
import { derivePublicKey } from '../../../src/wallet/keyRing.ts';

const master = HDKey.fromMasterSeed(Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'));
/** The order of the curve's group: no scalar any more. */
const ORDER = Buffer.from('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141', 'hex');

it('derivePublicKey gives what the library for BIP32 gives, first and last index included', () => {
  const node = HDKey.fromExtendedKey(master.derive("m/44'/8888'/0'/0").publicExtendedKey);
  for (const index of [0, 1, 2, 19, 20, 999, 0x7fff_fffe, 0x7fff_ffff])
    assert.deepEqual(
      Buffer.from(derivePublicKey(node, index)),
      Buffer.from(node.deriveChild(index).publicKey!),
    );
});

it('derivePublicKey gives the key of BIP32’s first test vector', () => {
  // m/0'/1, from m/0'.
  const parent = HDKey.fromExtendedKey(
    'xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw',
  );
  assert.equal(
    Buffer.from(derivePublicKey(parent, 1)).toString('hex'),
    '03501e454bf00751f24b1b489aa925215d66af2234e3891c3b21a52bedb3cd711c',
  );
});

it('addToPublicKey has no answer where there is no such key', () => {
  const { publicKey, privateKey } = master;
  const last = Buffer.from(ORDER);
  last[31]!--;
  assert.equal(addToPublicKey(publicKey!, last)?.length, 33);
  assert.equal(addToPublicKey(publicKey!, ORDER), undefined);
  // The key's own negative: the sum is the point at infinity.
  const negative =
    BigInt(`0x${ORDER.toString('hex')}`) - BigInt(`0x${Buffer.from(privateKey!).toString('hex')}`);
  const scalar = Buffer.from(negative.toString(16).padStart(64, '0'), 'hex');
  assert.equal(addToPublicKey(publicKey!, scalar), undefined);
});
