import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hexToBytes } from '../../../src/bytes/hex.ts';
import { checkBlock, checkBlockContext } from '../../../src/consensus/checkBlock.ts';
import { coinbaseHeightScript } from '../../../src/consensus/coinbaseHeight.ts';
import { subsidyAt } from '../../../src/consensus/subsidy.ts';
import { verdictOf } from '../../../src/consensus/verdict.ts';
import { mainnet } from '../../../src/params/mainnet.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { type Block, makeBlock } from '../../../src/primitives/block.ts';
import { merkleRoot } from '../../../src/primitives/merkle.ts';
import { makeTransaction, type Transaction } from '../../../src/primitives/transaction.ts';
import { after, COIN, coinbase, FINAL, makeKeys, solve, solvedBlock } from '../../support/blocks.ts';
import { networkWith } from '../../support/consensusCases.ts';

const keys = makeKeys();
const genesis = after(regtest.genesis);
const block = (plan: Partial<Parameters<typeof solvedBlock>[0]> = {}) =>
  solvedBlock({ parent: genesis, height: 1, lockingScript: keys.lockingScript, ...plan });
const codeOf = (it: Block, params = regtest) => checkBlock(it, params)?.code;

/** A transaction that no rule without context objects to; nobody will look for its coin. */
function filler(index: number, outputs = 1): Transaction {
  return makeTransaction({
    version: 1,
    inputs: [
      {
        outpoint: { txHash: new Uint8Array(32).fill(3), index },
        unlockingScript: hexToBytes('09300602010102010101'),
        sequence: FINAL,
      },
    ],
    outputs: Array.from({ length: outputs }, () => ({ amount: 1n, lockingScript: keys.lockingScript })),
    lockTime: 0,
  });
}

function dataTransaction(index: number, bytes: number): Transaction {
  const outputs = [];
  for (let left = bytes - 60; left > 0; left -= 92) {
    const data = Math.min(80, Math.max(2, left - 12));
    outputs.push({ amount: 0n, lockingScript: Uint8Array.of(0x6a, 0x4c, data, ...new Uint8Array(data)) });
  }
  return makeTransaction({ ...filler(index), outputs });
}

/** A block of exactly so many bytes, filled with data. */
function blockOfSize(bytes: number): Block {
  const fillers: Transaction[] = [];
  let size = 80 + 3 + coinbase(1, [{ amount: 50n * COIN, lockingScript: keys.lockingScript }]).bytes.length;
  for (let index = 0; bytes - size > 100_000; index++) {
    const transaction = dataTransaction(index, 90_000);
    fillers.push(transaction);
    size += transaction.bytes.length;
  }
  // Small ones of two sizes, whose difference of one byte closes the gap.
  const small = (index: number, data: number) =>
    makeTransaction({
      ...filler(index),
      outputs: [{ amount: 0n, lockingScript: Uint8Array.of(0x6a, data, ...new Uint8Array(data)) }],
    });
  const base = small(0, 10).bytes.length;
  for (let index = 100; size < bytes; index++) {
    const left = bytes - size;
    const data =
      left > 2 * base + 60
        ? 40
        : left > base + 40
          ? Math.floor((left - 2 * base) / 2) + 10
          : left - base + 10;
    const transaction = small(index, data);
    fillers.push(transaction);
    size += transaction.bytes.length;
  }
  // The count takes three bytes from 253 transactions on.
  if (fillers.length < 252) throw new Error('too few transactions');
  return block({ transactions: fillers });
}

describe('checkBlock', () => {
  test('a plain block is fine', () => assert.equal(codeOf(block()), undefined));

  test('high-hash is asked first', () => {
    const bad = makeBlock({ ...block().header, hash: new Uint8Array(32).fill(0xff) }, []);
    assert.equal(
      codeOf({ ...bad, header: { ...bad.header, hash: new Uint8Array(32).fill(0xff) } }),
      'high-hash',
    );
    assert.equal(codeOf(block(), mainnet), 'high-hash');
  });

  test('bad-txnmrklroot, before everything in the body, and the hash stays clean', () => {
    const good = block();
    const swapped = makeBlock(good.header, [filler(1)]);
    assert.equal(codeOf(swapped), 'bad-txnmrklroot');
    assert.equal(verdictOf('bad-txnmrklroot').condemnsHash, false);
    assert.equal(codeOf(makeBlock(good.header, [])), 'bad-txnmrklroot');
  });

  test('bad-txns-duplicate: a tree that repeats its tail (CVE-2012-2459), and the hash stays clean', () => {
    const three = block({ transactions: [filler(1), filler(2)] });
    const mutated = makeBlock(three.header, [...three.transactions, three.transactions[2]!]);
    assert.equal(codeOf(three), undefined);
    assert.equal(codeOf(mutated), 'bad-txns-duplicate');
    assert.equal(verdictOf('bad-txns-duplicate').condemnsHash, false);
    const six = block({ transactions: [1, 2, 3, 4, 5].map((n) => filler(n)) });
    const [, , , , fifth, sixth] = six.transactions;
    assert.equal(codeOf(makeBlock(six.header, [...six.transactions, fifth!, sixth!])), 'bad-txns-duplicate');
  });

  test('bad-txns-size-64: what may be inner nodes of the tree in disguise (BIP54), and the hash stays clean', () => {
    const small = makeTransaction({
      ...filler(1),
      inputs: [{ ...filler(1).inputs[0]!, unlockingScript: new Uint8Array() }],
      outputs: [{ amount: 0n, lockingScript: hexToBytes('6a020000') }],
    });
    assert.equal(small.bytes.length, 64);
    assert.equal(codeOf(block({ transactions: [small] })), 'bad-txns-size-64');
    // Asked before whether the first is a coinbase, which would condemn.
    assert.equal(codeOf(block({ coinbase: small })), 'bad-txns-size-64');
    assert.equal(verdictOf('bad-txns-size-64').condemnsHash, false);
  });

  test('bad-blk-length: 3,000,000 bytes and not one more', () => {
    const last = blockOfSize(3_000_000);
    assert.equal(last.bytes.length, 3_000_000);
    assert.equal(codeOf(last), undefined);
    const first = blockOfSize(3_000_001);
    assert.equal(first.bytes.length, 3_000_001);
    assert.equal(codeOf(first), 'bad-blk-length');
  });

  test('bad-cb-missing', () => {
    assert.equal(codeOf(block({ coinbase: filler(1) })), 'bad-cb-missing');
    const empty = makeBlock(solve({ ...block().header, merkleRoot: new Uint8Array(32) }), []);
    assert.equal(codeOf(empty), 'bad-cb-missing');
  });

  test('bad-cb-multiple', () => {
    const second = coinbase(2, [{ amount: 1n, lockingScript: keys.lockingScript }]);
    assert.equal(codeOf(block({ transactions: [filler(1), second] })), 'bad-cb-multiple');
  });

  test('the rules for transactions hold in it', () => {
    const bad = makeTransaction({ ...filler(1), outputs: [] });
    assert.equal(codeOf(block({ transactions: [bad] })), 'bad-txns-vout-empty');
  });

  test('bad-blk-sigops: ⌊maxBlockBytes / 50⌋ − 2,000 pay-to-public-key outputs and not one more', () => {
    // 250,000 / 50 − 2,000 = 3,000, one of them the coinbase's; data outputs do not count.
    const params = networkWith({ maxBlockBytes: 250_049 });
    const last = block({ transactions: [filler(1, 2000), filler(2, 999)] });
    assert.equal(codeOf(last, params), undefined);
    assert.equal(
      codeOf(block({ transactions: [filler(1, 2000), filler(2, 1000)] }), params),
      'bad-blk-sigops',
    );
    assert.equal(
      codeOf(block({ transactions: [filler(1, 2000), filler(2, 999), dataTransaction(3, 500)] }), params),
      undefined,
    );
  });
});

describe('checkBlockContext', () => {
  const plain = networkWith({ deployments: [] });

  /** After a parent that is the first of its chain, so that its time is the median. */
  function contextCode(it: Block, height: number, medianTimeSec = 0): string | undefined {
    const parent = {
      height: height - 1,
      version: 4,
      timeSec: medianTimeSec,
      bits: 0,
      parent: undefined,
      skip: undefined,
    };
    return checkBlockContext(it, parent, plain)?.code;
  }

  test('bad-cb-height: the coinbase begins with the height as Bitcoin pushes it (BIP34)', () => {
    const pushes: [height: number, push: string][] = [
      [1, '51'],
      [16, '60'],
      [17, '0111'],
      [127, '017f'],
      [128, '028000'],
      [255, '02ff00'],
      [256, '020001'],
      [32767, '02ff7f'],
      [32768, '03008000'],
      [500_000, '0320a107'],
      [8_388_607, '03ffff7f'],
      [8_388_608, '0400008000'],
    ];
    for (const [height, push] of pushes) {
      assert.equal(Buffer.from(coinbaseHeightScript(height)).toString('hex'), push);
      assert.equal(contextCode(block({ height }), height), undefined);
      assert.equal(contextCode(block({ height }), height + 1), 'bad-cb-height');
    }
    const withScript = (script: string) =>
      block({
        coinbase: coinbase(1, [{ amount: 1n, lockingScript: keys.lockingScript }], {
          inputs: [{ ...block().transactions[0]!.inputs[0]!, unlockingScript: hexToBytes(script) }],
        }),
      });
    assert.equal(contextCode(withScript('5100'), 1), undefined);
    assert.equal(contextCode(withScript('0101'), 1), 'bad-cb-height');
    assert.equal(contextCode(withScript('0111'), 17), undefined);
    assert.equal(contextCode(withScript('021100'), 17), 'bad-cb-height');
  });

  test('bad-txns-nonfinal: every transaction is final, the coinbase too (BIP113)', () => {
    const locked = (lockTime: number) =>
      block({
        height: 10,
        coinbase: coinbase(10, [{ amount: 1n, lockingScript: keys.lockingScript }], {
          lockTime,
          inputs: [{ ...block({ height: 10 }).transactions[0]!.inputs[0]!, sequence: 0 }],
        }),
      });
    assert.equal(contextCode(locked(9), 10), undefined);
    assert.equal(contextCode(locked(10), 10), 'bad-txns-nonfinal');
    assert.equal(contextCode(locked(500_000_000), 10, 500_000_001), undefined);
    assert.equal(contextCode(locked(500_000_000), 10, 500_000_000), 'bad-txns-nonfinal');
  });
});

test('the subsidy halves every so many blocks until nothing is left', () => {
  assert.equal(subsidyAt(0, mainnet), 5_000_000_000n);
  assert.equal(subsidyAt(209_999, mainnet), 5_000_000_000n);
  assert.equal(subsidyAt(210_000, mainnet), 2_500_000_000n);
  assert.equal(subsidyAt(210_000 * 32, mainnet), 1n);
  assert.equal(subsidyAt(210_000 * 33, mainnet), 0n);
  assert.equal(subsidyAt(210_000 * 64, mainnet), 0n);
  assert.equal(subsidyAt(149, regtest), 5_000_000_000n);
  assert.equal(subsidyAt(150, regtest), 2_500_000_000n);
});

test('the merkle root of Bitcoin’s block 170 and of one hash', () => {
  const hash = new Uint8Array(32).fill(5);
  assert.deepEqual(merkleRoot([hash]), { root: hash, isMutated: false });
  assert.equal(merkleRoot([]).root.length, 32);
});
