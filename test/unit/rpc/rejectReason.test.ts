import assert from 'node:assert/strict';
import { it } from 'node:test';
import { blockRejectReason, rejectReason } from '../../../src/rpc/rejectReason.ts';

it('rejectReason speaks as Bitcoin Core does', () => {
  assert.equal(rejectReason({ code: 'bad-version', version: 3 }), 'bad-version(0x00000003)');
  assert.equal(rejectReason({ code: 'bad-version', version: -1 }), 'bad-version(0xffffffff)');
  const amount = 2_100_000_000_000_001n;
  assert.equal(rejectReason({ code: 'bad-txns-vout-toolarge', output: 0, amount }), 'bad-txns-vout-toolarge');
  const negative = 1n << 63n;
  assert.equal(
    rejectReason({ code: 'bad-txns-vout-toolarge', output: 0, amount: negative }),
    'bad-txns-vout-negative',
  );
  assert.equal(rejectReason({ code: 'non-BIP68-final', input: 0 }), 'non-BIP68-final');
  assert.equal(blockRejectReason({ code: 'non-BIP68-final', input: 0 }), 'bad-txns-nonfinal');
  assert.equal(blockRejectReason({ code: 'bad-cb-missing' }), 'bad-cb-missing');
});
