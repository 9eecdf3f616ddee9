import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { findWithoutChange, selectCoins } from '../../../src/wallet/coinSelection.ts';

const coins = (...amounts: bigint[]) => amounts.map((amount) => ({ amount, isLast: false }));
const options = { outputs: 1, feeRate: 2n, isLast: (coin: { isLast: boolean }) => coin.isLast };

it('selectCoins takes the smallest coin that is enough, and gives change', () => {
  const {
    coins: chosen,
    fee,
    change,
  } = selectCoins(coins(900_000n, 10_000n, 500_000n, 20_000n), { ...options, target: 100_000n });
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

it('selectCoins takes the largest ones where no single one is enough', () => {
  const { coins: chosen } = selectCoins(coins(10_000n, 60_000n, 20_000n, 70_000n), {
    ...options,
    target: 120_000n,
  });
  assert.deepEqual(
    chosen.map(({ amount }) => amount),
    [70_000n, 60_000n],
  );
});

it('selectCoins prefers coins that need no change', () => {
  // 30,000 + 70,000 + 286 more: what two inputs and one output cost.
  const fitting = coins(500_000n, 70_286n, 30_286n);
  const { fee, change } = selectCoins(fitting, { ...options, target: 100_000n });
  assert.deepEqual([fee, change], [572n, 0n]);
  // One base unit above what an output for change would cost now and later, there is change.
  const tolerance = 2n * 158n;
  assert.equal(
    selectCoins(coins(500_000n, 100_344n + tolerance), { ...options, target: 100_000n }).change,
    0n,
  );
  const [only] = selectCoins(coins(100_344n + tolerance + 1n, 500_000n), {
    ...options,
    target: 100_000n,
  }).coins;
  assert.equal(only!.amount, 100_344n + tolerance + 1n);
});

it('selectCoins takes no coin that costs more than it brings', () => {
  // An input costs 228.
  const useless = coins(...Array.from({ length: 50 }, () => 228n));
  assert.throws(() => selectCoins(useless, { ...options, target: 1_000n }), { code: 'insufficient-funds' });
  const { coins: chosen } = selectCoins([...useless, ...coins(5_000n)], { ...options, target: 1_000n });
  assert.equal(chosen.length, 1);
  assert.equal(
    selectCoins(coins(...Array.from({ length: 50 }, () => 2_000n)), { ...options, target: 1_500n }).coins
      .length,
    1,
  );
});

it('findWithoutChange finds what there is to find, and the best of it', () => {
  const values = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 11 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 200 }), fc.nat(10), (unordered, target, tolerance) => {
      const ordered = [...unordered].sort((a, b) => b - a);
      const found = findWithoutChange(ordered, target, tolerance);
      const sums = Array.from({ length: 2 ** ordered.length }, (_, set) =>
        ordered.reduce((sum, value, i) => sum + ((set >> i) & 1) * value, 0),
      ).filter((sum) => sum >= target && sum <= target + tolerance);
      const sum = found?.reduce((total, i) => total + ordered[i]!, 0);
      assert.equal(sum, sums.length === 0 ? undefined : Math.min(...sums));
      assert.equal(new Set(found).size, found?.length ?? 0);
    }),
  );
});

it('findWithoutChange ends soon on a set that is made to be hard', () => {
  const hard = Array.from({ length: 60 }, (_, i) => 2 ** (40 - (i >> 1)) + i * 2 + 2).sort((a, b) => b - a);
  findWithoutChange(hard, hard.reduce((sum, value) => sum + value, 0) / 2 + 1, 0);
});

it('the order of the coins does not matter', () => {
  const amounts = fc.uniqueArray(fc.bigInt({ min: 500n, max: 10n ** 6n }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(amounts, fc.bigInt({ min: 1000n, max: 10n ** 6n }), (values, target) => {
      const choose = (given: readonly bigint[]) => {
        try {
          const { coins: chosen, fee } = selectCoins(coins(...given), { ...options, target });
          return [fee, ...chosen.map(({ amount }) => amount)];
        } catch (error) {
          return (error as Error).message;
        }
      };
      assert.deepEqual(choose(values), choose([...values].reverse()));
    }),
  );
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
