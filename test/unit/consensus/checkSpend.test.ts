import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hexToBytes } from '../../../src/bytes/hex.ts';
import { checkSpend, type SpendContext } from '../../../src/consensus/checkSpend.ts';
import type { Coin } from '../../../src/consensus/coin.ts';
import type { SpendRejection } from '../../../src/consensus/rejection.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { makeTransaction, type Transaction } from '../../../src/primitives/transaction.ts';
import { COIN, FINAL, makeKeys, signedTransaction } from '../../support/blocks.ts';
import { coinOf, spendContext } from '../../support/consensusCases.ts';

const MAX_MONEY = 2_100_000_000_000_000n;
const keys = makeKeys();

type Spending = { sequences?: number[]; amount?: bigint; version?: number; lockTime?: number };

function spend({
  sequences = [FINAL],
  amount = COIN,
  version = 1,
  lockTime = 0,
}: Spending = {}): Transaction {
  return signedTransaction(
    sequences.map((sequence, index) => ({
      outpoint: { txHash: new Uint8Array(32).fill(9), index },
      lockingScript: keys.lockingScript,
      privateKey: keys.privateKey,
      sequence,
    })),
    [{ amount, lockingScript: keys.lockingScript }],
    { version, lockTime },
  );
}

function codeOf(
  transaction: Transaction,
  coins: readonly (Coin | undefined)[] = [coinOf(keys, COIN)],
  context: Partial<SpendContext> = {},
): string | undefined {
  const result = checkSpend(transaction, coins, spendContext(context));
  return 'rejection' in result ? result.rejection.code : undefined;
}

/** `valid` and `invalid` give the code that each of their cases leads to. */
type Case = { valid: (string | undefined)[]; invalid: (string | undefined)[] };
const oneCoin = coinOf(keys, COIN);
const minedAt = (height: number) => [coinOf(keys, COIN, { height, isCoinbase: true })];
const TIME = 500_000_000;

const cases: Record<Exclude<SpendRejection['code'], 'bad-signature'>, Case> = {
  'bad-txns-nonfinal': {
    valid: [
      codeOf(spend({ lockTime: 999, sequences: [0] })),
      codeOf(spend({ lockTime: 1000, sequences: [FINAL] })),
      codeOf(spend({ lockTime: TIME, sequences: [0] }), [oneCoin], { medianTimeSec: TIME + 1 }),
      // 499,999,999 is still a height.
      codeOf(spend({ lockTime: TIME - 1, sequences: [0] }), [oneCoin], { height: TIME }),
    ],
    invalid: [
      codeOf(spend({ lockTime: 1000, sequences: [0] })),
      codeOf(spend({ lockTime: 1000, sequences: [FINAL, FINAL - 1] }), [oneCoin, oneCoin]),
      codeOf(spend({ lockTime: TIME, sequences: [0] }), [oneCoin], { medianTimeSec: TIME }),
    ],
  },
  'bad-txns-inputs-missingorspent': {
    valid: [codeOf(spend())],
    invalid: [codeOf(spend(), [undefined]), codeOf(spend({ sequences: [1, 2] }), [oneCoin, undefined])],
  },
  'bad-txns-premature-spend-of-coinbase': {
    valid: [codeOf(spend(), minedAt(900)), codeOf(spend(), [coinOf(keys, COIN, { height: 1000 })])],
    invalid: [codeOf(spend(), minedAt(901)), codeOf(spend(), minedAt(999))],
  },
  'bad-txns-inputvalues-outofrange': {
    valid: [codeOf(spend({ sequences: [1, 2] }), [coinOf(keys, MAX_MONEY - 1n), coinOf(keys, 1n)])],
    invalid: [codeOf(spend({ sequences: [1, 2] }), [coinOf(keys, MAX_MONEY), coinOf(keys, 1n)])],
  },
  'bad-txns-in-belowout': {
    valid: [codeOf(spend({ amount: COIN }))],
    invalid: [codeOf(spend({ amount: COIN + 1n }))],
  },
  'non-BIP68-final': {
    valid: [
      // 100 blocks after height 900 is height 1000.
      codeOf(spend({ version: 2, sequences: [100] }), [coinOf(keys, COIN, { height: 900 })]),
      // Version 1, and bit 31, switch the rule off.
      codeOf(spend({ version: 1, sequences: [101] }), [coinOf(keys, COIN, { height: 900 })]),
      codeOf(spend({ version: 2, sequences: [0x80000000 + 101] }), [coinOf(keys, COIN, { height: 900 })]),
      // Only the low 16 bits count.
      codeOf(spend({ version: 2, sequences: [0x00010000 + 100] }), [coinOf(keys, COIN, { height: 900 })]),
      // Two units of 512 s since the median of the block before the coin's, which is 899.
      codeOf(spend({ version: 2, sequences: [0x00400002] }), [coinOf(keys, COIN, { height: 900 })], {
        medianTimeSec: 899 + 1024,
      }),
      // A coin of height 0 counts from the genesis block itself.
      codeOf(spend({ version: 2, sequences: [0x00400001] }), [coinOf(keys, COIN, { height: 0 })], {
        medianTimeSec: 512,
        medianTimeAt: (height) => (height === 0 ? 0 : Number.NaN),
      }),
      // A coin of the same block has no age, and none is asked for.
      codeOf(spend({ version: 2, sequences: [0] }), [coinOf(keys, COIN, { height: 1000 })]),
    ],
    invalid: [
      codeOf(spend({ version: 2, sequences: [101] }), [coinOf(keys, COIN, { height: 900 })]),
      codeOf(spend({ version: -1, sequences: [101] }), [coinOf(keys, COIN, { height: 900 })]),
      codeOf(spend({ version: 2, sequences: [0, 101] }), [oneCoin, coinOf(keys, COIN, { height: 900 })]),
      codeOf(spend({ version: 2, sequences: [1] }), [coinOf(keys, COIN, { height: 1000 })]),
      codeOf(spend({ version: 2, sequences: [0x00400002] }), [coinOf(keys, COIN, { height: 900 })], {
        medianTimeSec: 899 + 1023,
      }),
    ],
  },
};

describe('checkSpend', () => {
  for (const [code, { valid, invalid }] of Object.entries(cases)) {
    test(code, () => {
      assert.deepEqual(new Set(valid), new Set([undefined]));
      assert.deepEqual(new Set(invalid), new Set([code]));
    });
  }

  test('the fee is what the outputs leave', () => {
    const result = checkSpend(spend({ amount: COIN - 7n }), [oneCoin], spendContext());
    assert.ok('fee' in result && result.fee === 7n && result.checks.length === 1);
  });

  test('a public-key coin asks for a signature, a reserved one for nothing at all', () => {
    const blank = makeTransaction({
      ...spend(),
      inputs: spend().inputs.map((input) => ({ ...input, unlockingScript: new Uint8Array() })),
    });
    const reserved = { ...oneCoin, lockingScript: hexToBytes('5202aaaa') };
    assert.equal(codeOf(blank), 'bad-txns-unlocking-script');
    assert.equal(codeOf(spend(), [reserved]), 'bad-txns-unlocking-script');
    const result = checkSpend(blank, [reserved], spendContext());
    assert.ok('fee' in result && result.checks.length === 0);
  });

  test('the signature covers every output, amount and sequence, and the coin’s script', async () => {
    const pool = await VerifyPool.open({ threads: 1 });
    try {
      const verdict = async (transaction: Transaction, coins: Coin[]) => {
        const result = checkSpend(transaction, coins, spendContext());
        assert.ok('fee' in result);
        return pool.verify(result.checks);
      };
      const two = spend({ sequences: [1, 2] });
      const coins = [oneCoin, oneCoin];
      assert.equal(await verdict(two, coins), undefined);
      const [output] = two.outputs;
      const [first, second] = two.inputs;
      const bent = [
        { ...two, lockTime: 1 },
        { ...two, version: 3 },
        { ...two, outputs: [{ ...output!, amount: output!.amount - 1n }] },
        { ...two, outputs: [output!, output!].map((o) => ({ ...o, amount: o.amount / 2n })) },
        { ...two, outputs: [{ ...output!, lockingScript: makeKeys().lockingScript }] },
        { ...two, inputs: [{ ...first!, sequence: 9 }, second!] },
        { ...two, inputs: [first!, { ...second!, outpoint: { ...second!.outpoint, index: 5 } }] },
        { ...two, inputs: [{ ...first!, unlockingScript: second!.unlockingScript }, second!] },
      ];
      for (const fields of bent) assert.notEqual(await verdict(makeTransaction(fields), coins), undefined);
      assert.equal(await verdict(two, [oneCoin, coinOf(makeKeys(), COIN)]), 1);
    } finally {
      await pool.close();
    }
  });
});
