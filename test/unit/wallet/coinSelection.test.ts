import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { selectCoins } from '../../../src/wallet/coinSelection.ts';

const coins = (...amounts: bigint[]) => amounts.map((amount) => ({ amount, isLast: false }));
const options = { outputs: 1, feeRate: 2n, isLast: (coin: { isLast: boolean }) => coin.isLast };

it('selectCoins takes the largest first and gives change', () => {
  const {
    coins: chosen,
    fee,
    change,
  } = selectCoins(coins(10_000n, 500_000n, 20_000n), { ...options, target: 100_000n });
  assert.deepEqual(
    chosen.map(({ amount }) => amount),
    [500_000n],
  );
  // 14 + 114 + 2 × 44 bytes at 2 units each.
  assert.equal(fee, 432n);
  assert.equal(change, 399_568n);
});

it('selectCoins leaves change that is dust to the miner', () => {
  // With change the fee is 432, so 431 + 1000 is the largest rest that is not worth an output.
  const { fee, change } = selectCoins(coins(101_431n), { ...options, target: 100_000n });
  assert.deepEqual([fee, change], [1_431n, 0n]);
  assert.equal(selectCoins(coins(101_432n), { ...options, target: 100_000n }).change, 1_000n);
});

it('selectCoins pays exactly what there is, and not one unit more', () => {
  assert.equal(selectCoins(coins(100_344n), { ...options, target: 100_000n }).fee, 344n);
  assert.throws(() => selectCoins(coins(100_343n), { ...options, target: 100_000n }), {
    code: 'insufficient-funds',
  });
  assert.throws(() => selectCoins([], { ...options, target: 1n }), { code: 'insufficient-funds' });
});

it('selectCoins touches the last ones only when the rest is not enough', () => {
  const last = { amount: 900_000n, isLast: true };
  const rest = coins(60_000n, 70_000n);
  const enough = selectCoins([last, ...rest], { ...options, target: 100_000n });
  assert.equal(enough.coins.includes(last), false);
  assert.equal(selectCoins([last, ...rest], { ...options, target: 200_000n }).coins.includes(last), true);
});

it('selectCoins refuses a transaction that no block could hold', () => {
  const many = coins(...Array.from({ length: 2000 }, () => 10_000n));
  assert.throws(() => selectCoins(many, { ...options, target: 15_000_000n }), { code: 'too-many-inputs' });
});

it('what goes in comes out: target, fee and change', () => {
  const amounts = fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(amounts, fc.bigInt({ min: 1n, max: 10n ** 12n }), (values, target) => {
      try {
        const { coins: chosen, fee, change } = selectCoins(coins(...values), { ...options, target });
        assert.equal(
          chosen.reduce((sum, { amount }) => sum + amount, 0n),
          target + fee + change,
        );
        const bytes = 14 + 114 * chosen.length + 44 * (change > 0n ? 2 : 1);
        assert.ok(fee >= BigInt(2 * bytes));
        assert.equal(new Set(chosen).size, chosen.length);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'insufficient-funds');
      }
    }),
  );
});
