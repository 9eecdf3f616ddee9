import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { payToPublicKey } from '../../../src/consensus/lockingScript.ts';
import { type BumpOptions, planBump } from '../../../src/wallet/feeBump.ts';
import { MAX_FEE, planPayment } from '../../../src/wallet/payment.ts';
import type { WalletCoin } from '../../../src/wallet/walletCoin.ts';
import { makeKeys } from '../../support/blocks.ts';

const alice = makeKeys().publicKey;
const bob = makeKeys().publicKey;
/** Bytes of one input and one output; a further input and a further output, as coinSelection has them. */
const SMALLEST = 14n + 114n + 44n;
const INPUT = 114n;
const OUTPUT = 44n;
const DUST = 1000n;

const coin = (amount: bigint, index = 0): WalletCoin => ({
  outpoint: { txHash: new Uint8Array(32), index },
  amount,
  height: 1,
  isCoinbase: false,
  key: { chain: 'receive', index },
});
const coins = (...amounts: bigint[]) => amounts.map((amount, index) => coin(amount, index));
const amountsOf = (outputs: readonly { amount: bigint }[]) => outputs.map(({ amount }) => amount);

describe('planPayment', () => {
  const pay = (amounts: bigint[], held: WalletCoin[], feeFrom: number[] = [], feeRate = 1n) =>
    planPayment(held, {
      payees: amounts.map((amount, i) => ({ publicKey: i % 2 === 0 ? alice : bob, amount })),
      feeRate,
      feeFrom,
    });

  it('pays each what was asked, and the fee beside it', () => {
    const plan = pay([5000n, 7000n], coins(20_000n));
    assert.deepEqual(amountsOf(plan.outputs), [5000n, 7000n]);
    assert.deepEqual(plan.outputs[1]!.lockingScript, payToPublicKey(bob));
    assert.equal(plan.fee, SMALLEST + 2n * OUTPUT);
    assert.equal(plan.change, 20_000n - 12_000n - plan.fee);
  });

  it('takes the fee from payees in equal shares, what does not divide from the first', () => {
    const plan = pay([5000n, 7000n, 9000n], coins(30_000n), [2, 0]);
    const fee = SMALLEST + 3n * OUTPUT;
    assert.equal(plan.fee, fee);
    assert.deepEqual(amountsOf(plan.outputs), [5000n - fee / 2n, 7000n, 9000n - fee / 2n]);
    assert.equal(plan.change, 9000n);
    const odd = pay([5000n, 7000n, 9000n], coins(21_000n), [1, 0, 2]);
    assert.equal(odd.fee, SMALLEST + 2n * OUTPUT);
    assert.deepEqual(amountsOf(odd.outputs), [5000n - 86n, 7000n - 88n, 9000n - 86n]);
  });

  it('spends all that there is where the payee bears the fee', () => {
    const plan = pay([20_000n], coins(20_000n), [0]);
    assert.deepEqual(amountsOf(plan.outputs), [20_000n - SMALLEST]);
    assert.equal(plan.change, 0n);
    assert.throws(() => pay([20_001n], coins(20_000n), [0]), { code: 'insufficient-funds' });
  });

  it('leaves a payee at least what an output is worth', () => {
    assert.equal(pay([DUST], coins(20_000n)).outputs[0]!.amount, DUST);
    assert.throws(() => pay([DUST - 1n], coins(20_000n)), { code: 'bad-amount' });
    const fee = SMALLEST + OUTPUT;
    assert.equal(pay([DUST + fee], coins(20_000n), [0]).outputs[0]!.amount, DUST);
    assert.throws(() => pay([DUST + fee - 1n], coins(20_000n), [0]), {
      code: 'insufficient-funds',
      message: /too small to pay the fee/,
    });
  });

  it('pays no fee that is surely a slip', () => {
    const rate = MAX_FEE / (SMALLEST + OUTPUT);
    assert.ok(pay([DUST], coins(100n * MAX_FEE), [], rate).fee <= MAX_FEE);
    assert.throws(() => pay([DUST], coins(100n * MAX_FEE), [], rate + 1n), { code: 'fee-too-high' });
  });
});

describe('planBump', () => {
  const outputs = [{ amount: 50_000n, lockingScript: payToPublicKey(alice) }];
  const size = SMALLEST + OUTPUT;
  /** One coin of 100,000 that paid 50,000 and a fee of one base unit a byte. */
  const payment = { coins: coins(100_000n), outputs, change: 50_000n - size };
  const options: BumpOptions = { feeRate: 1n, increment: 1n, isExact: false };

  it('pays at least one base unit a byte more, from the change', () => {
    const plan = planBump(payment, [], options);
    assert.deepEqual([plan.oldFee, plan.fee], [size, 2n * size]);
    assert.equal(plan.change, payment.change - size);
    assert.deepEqual([plan.coins, plan.outputs], [payment.coins, outputs]);
  });

  it('refuses a named rate below that, and takes it from there on', () => {
    assert.throws(() => planBump(payment, [], { ...options, isExact: true }), { code: 'fee-too-low' });
    assert.equal(planBump(payment, [], { ...options, feeRate: 2n, isExact: true }).fee, 2n * size);
    assert.equal(planBump(payment, [], { ...options, feeRate: 9n }).fee, 9n * size);
  });

  it('leaves change out where it would be dust, and adds coins where it is not enough', () => {
    const tight = { coins: coins(50_000n + 2n * size + DUST), outputs, change: size + DUST };
    assert.equal(planBump(tight, [], options).change, DUST);
    const without = { coins: coins(50_000n + 2n * size + DUST - 1n), outputs, change: size + DUST - 1n };
    const plan = planBump(without, coins(90_000n), options);
    assert.deepEqual([plan.change, plan.coins.length], [0n, 1]);
    assert.equal(plan.fee, 2n * size + DUST - 1n);

    const bare = { coins: coins(50_000n + SMALLEST), outputs, change: 0n };
    assert.throws(() => planBump(bare, [], options), { code: 'insufficient-funds' });
    const least = 2n * SMALLEST + INPUT;
    const exact = planBump(bare, coins(least - SMALLEST), options);
    assert.deepEqual([exact.fee, exact.change, exact.coins.length], [least, 0n, 2]);
    assert.throws(() => planBump(bare, coins(least - SMALLEST - 1n), options), {
      code: 'insufficient-funds',
    });
  });

  it('pays no fee that is surely a slip', () => {
    const rich = { coins: coins(100n * MAX_FEE), outputs, change: 100n * MAX_FEE - 50_000n - size };
    const feeRate = MAX_FEE / size;
    assert.ok(planBump(rich, [], { ...options, feeRate }).fee <= MAX_FEE);
    assert.throws(() => planBump(rich, [], { ...options, feeRate: feeRate + 1n }), { code: 'fee-too-high' });
  });
});
