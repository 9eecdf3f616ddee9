import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { formatAmount, parseAmount } from '../../../src/wallet/amount.ts';

it('formatAmount writes coins with eight decimals', () => {
  assert.equal(formatAmount(0n), '0.00000000');
  assert.equal(formatAmount(1n), '0.00000001');
  assert.equal(formatAmount(150_000_000n), '1.50000000');
  assert.equal(formatAmount(-5n), '-0.00000005');
});

it('parseAmount reads what a person types and refuses the rest', () => {
  assert.equal(parseAmount('1'), 100_000_000n);
  assert.equal(parseAmount('0.5'), 50_000_000n);
  assert.equal(parseAmount('21000000'), 2_100_000_000_000_000n);
  for (const wrong of [
    '',
    '0',
    '0.0',
    '-1',
    '1e8',
    '1,5',
    '0.000000001',
    '.5',
    '1.',
    '21000000.00000001',
    'NaN',
    '0x1',
  ]) {
    assert.throws(() => parseAmount(wrong), { code: 'bad-amount' }, wrong);
  }
});

it('parseAmount undoes formatAmount', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2_100_000_000_000_000n }), (amount) => {
      assert.equal(parseAmount(formatAmount(amount)), amount);
    }),
  );
});
