import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashToNumber } from '../../../src/bytes/hex.ts';
import {
  checkHeader,
  checkProofOfWork,
  minTimeAgainstTimewarp,
  nextBits,
} from '../../../src/consensus/checkHeader.ts';
import { ancestorAt, medianTime } from '../../../src/consensus/headerNode.ts';
import { mainnet } from '../../../src/params/mainnet.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { type BlockHeader, decodeHeader, encodeHeader, makeHeader } from '../../../src/primitives/header.ts';
import { bitsToTarget, targetToBits, workOfTarget } from '../../../src/primitives/target.ts';
import { solve } from '../../support/blocks.ts';
import { headerChain, networkWith } from '../../support/consensusCases.ts';

const EASY = 0x207fffff;
const T0 = 1_700_000_000;

function header(changes: Partial<BlockHeader>): BlockHeader {
  return makeHeader({
    version: 4,
    previousHash: new Uint8Array(32),
    merkleRoot: new Uint8Array(32),
    timeSec: T0,
    bits: EASY,
    nonce: 0,
    ...changes,
  });
}

describe('checkProofOfWork', () => {
  test('takes a hash below the target and not one above', () => {
    const solved = solve(header({}));
    assert.equal(checkProofOfWork(solved, regtest), undefined);
    let nonce = 0;
    let unsolved = header({ nonce });
    while (hashToNumber(unsolved.hash) < bitsToTarget(EASY)!) unsolved = header({ nonce: ++nonce });
    assert.equal(checkProofOfWork(unsolved, regtest)?.code, 'high-hash');
  });

  test('a hash equal to the target is not below it', () => {
    const solved = solve(header({}));
    const at = (number: bigint) => ({ ...solved, hash: hexLittleEndian(number) });
    assert.equal(checkProofOfWork(at(bitsToTarget(EASY)! - 1n), regtest), undefined);
    assert.equal(checkProofOfWork(at(bitsToTarget(EASY)!), regtest)?.code, 'high-hash');
  });

  test('takes no target easier than the network allows, negative, zero or too large', () => {
    const zero = { hash: new Uint8Array(32) };
    assert.equal(checkProofOfWork({ ...header({ bits: 0x1d0fffff }), ...zero }, mainnet), undefined);
    assert.equal(checkProofOfWork({ ...header({ bits: 0x1d100000 }), ...zero }, mainnet)?.code, 'high-hash');
    for (const bits of [0, 0x01003456, 0x1d8fffff, 0xff7fffff, 0x20800001]) {
      assert.equal(checkProofOfWork({ ...header({ bits }), ...zero }, regtest)?.code, 'high-hash');
    }
  });
});

describe('checkHeader', () => {
  const parent = headerChain([{ timeSec: T0, bits: EASY }]);
  const check = (changes: Partial<BlockHeader>, nowSec = T0 + 10_000) =>
    checkHeader(header({ timeSec: T0 + 1, ...changes }), parent, regtest, nowSec)?.code;

  test('bits are exactly those of the parent where there is no retarget', () => {
    assert.equal(check({}), undefined);
    assert.equal(check({ bits: EASY - 1 }), 'bad-diffbits');
  });

  test('the time is above the median of the last eleven', () => {
    assert.equal(check({ timeSec: T0 }), 'time-too-old');
    const times = [5, 1, 9, 3, 7, 2, 8, 4, 6, 0, 10, 100];
    const node = headerChain(times.map((t) => ({ timeSec: T0 + t, bits: EASY })));
    // Of the last eleven (1 … 100 without the 5) the sixth is 6.
    assert.equal(medianTime(node), T0 + 6);
    const at = (timeSec: number) => checkHeader(header({ timeSec }), node, regtest, T0 + 1000)?.code;
    assert.equal(at(T0 + 6), 'time-too-old');
    assert.equal(at(T0 + 7), undefined);
  });

  test('the median of an even number is the upper of the two', () => {
    const node = headerChain([T0, T0 + 4, T0 + 2, T0 + 6].map((timeSec) => ({ timeSec, bits: EASY })));
    assert.equal(medianTime(node), T0 + 4);
  });

  test('the time is at most two hours ahead of the clock', () => {
    assert.equal(check({ timeSec: T0 + 7200 }, T0), undefined);
    assert.equal(check({ timeSec: T0 + 7201 }, T0), 'time-too-new');
  });

  test('the version is 4 or more, as a signed number', () => {
    assert.equal(check({ version: 4 }), undefined);
    assert.equal(check({ version: 0x7fffffff }), undefined);
    for (const version of [3, 0, -1, -0x80000000]) assert.equal(check({ version }), 'bad-version');
  });
});

describe('nextBits', () => {
  const params = networkWith({ retargetBlocks: 4, spacingSec: 100 });
  const HARD = 0x1e0fffff;
  /** A chain of eight headers whose second period took so long; the ninth is a retarget. */
  const period = (tookSec: number, bits = HARD) =>
    headerChain([
      ...Array.from({ length: 4 }, (_, i) => ({ timeSec: T0 + i, bits })),
      ...[0, 1, 2, tookSec].map((t) => ({ timeSec: T0 + 10 + t, bits })),
    ]);

  const scaled = (numerator: bigint, denominator: bigint) =>
    targetToBits((bitsToTarget(HARD)! * numerator) / denominator);

  test('scales the target by the time that the period took', () => {
    assert.equal(nextBits(period(400), params), HARD);
    assert.equal(nextBits(period(399), params), scaled(399n, 400n));
    assert.equal(nextBits(period(401), params), scaled(401n, 400n));
  });

  test('clamps at a quarter and at four times', () => {
    assert.equal(nextBits(period(101), params), scaled(101n, 400n));
    assert.equal(nextBits(period(100), params), scaled(1n, 4n));
    assert.equal(nextBits(period(99), params), scaled(1n, 4n));
    assert.equal(nextBits(period(-5000), params), scaled(1n, 4n));
    assert.equal(nextBits(period(1600), params), scaled(4n, 1n));
    assert.equal(nextBits(period(1601), params), scaled(4n, 1n));
  });

  test('never gets easier than the easiest', () => {
    assert.equal(nextBits(period(1600, EASY), params), EASY);
  });

  test('changes nothing between retargets', () => {
    const node = headerChain(Array.from({ length: 7 }, (_, i) => ({ timeSec: T0 + i, bits: HARD })));
    assert.equal(nextBits(node, params), HARD);
  });

  test("Bitcoin's first adjustments", () => {
    // Heights 32255 and 30240; 40319 and 38304; 68543 and 66528: the cases of Bitcoin Core's pow_tests.cpp.
    const bitcoin = networkWith({
      retargetBlocks: 2016,
      spacingSec: 600,
      easiestTarget: bitsToTarget(0x1d00ffff)!,
    });
    const withLimit = { ...bitcoin, easiestTarget: bitsToTarget(0x1d00ffff)! };
    const adjusted = (firstSec: number, lastSec: number, bits: number) =>
      nextBits(
        headerChain([
          ...Array.from({ length: 2015 }, () => ({ timeSec: firstSec, bits })),
          { timeSec: lastSec, bits },
        ]),
        withLimit,
      );
    assert.equal(adjusted(1261130161, 1262152739, 0x1d00ffff), 0x1d00d86a);
    assert.equal(adjusted(1231006505, 1233061996, 0x1d00ffff), 0x1d00ffff);
    assert.equal(adjusted(1279008237, 1279297671, 0x1c05a3f4), 0x1c0168fd);
    assert.equal(adjusted(1263163443, 1269211443, 0x1c387f6f), 0x1d00e1fd);
  });
});

describe('minTimeAgainstTimewarp (BIP54)', () => {
  const params = networkWith({ retargetBlocks: 4, spacingSec: 100 });
  const chain = (length: number) =>
    headerChain(Array.from({ length }, (_, i) => ({ timeSec: T0 + i * 10_000, bits: EASY })));
  const check = (parent: ReturnType<typeof chain>, timeSec: number) =>
    checkHeader(header({ timeSec, bits: nextBits(parent, params) }), parent, params, T0 + 10 ** 7)?.code;

  test("a period's first block is at most two hours before the one before it", () => {
    const parent = chain(4);
    assert.equal(check(parent, parent.timeSec - 7200), undefined);
    assert.equal(check(parent, parent.timeSec - 7201), 'time-timewarp-attack');
  });

  test("a period's last block is not before its first", () => {
    // Four of the second period's times are low, so that the median leaves room below its first block's time.
    const times = [0, 1, 2, 3, 50, 4, 5].map((t) => ({ timeSec: T0 + t, bits: EASY }));
    const parent = headerChain(times);
    assert.equal(check(parent, T0 + 50), undefined);
    assert.equal(check(parent, T0 + 49), 'time-timewarp-attack');
  });

  test('asks nothing of the others, nor where there is no retarget', () => {
    assert.equal(minTimeAgainstTimewarp(chain(5), params), 0);
    assert.equal(minTimeAgainstTimewarp(chain(6), params), 0);
    assert.equal(minTimeAgainstTimewarp(chain(4), regtest), 0);
  });
});

describe('ancestorAt', () => {
  test('finds every ancestor', () => {
    const last = headerChain(Array.from({ length: 300 }, (_, i) => ({ timeSec: i, bits: EASY })));
    for (let height = 0; height < 300; height++) assert.equal(ancestorAt(last, height).timeSec, height);
    assert.throws(() => ancestorAt(last, 300), RangeError);
    assert.throws(() => ancestorAt(last, -1), RangeError);
  });
});

describe('the compact form of a target', () => {
  test('reads and writes it as Bitcoin does', () => {
    assert.equal(bitsToTarget(0x1d00ffff), 0xffffn << 208n);
    assert.equal(bitsToTarget(0x01123456), 0x12n);
    assert.equal(bitsToTarget(0x02123456), 0x1234n);
    assert.equal(bitsToTarget(0x05009234), 0x92340000n);
    assert.equal(bitsToTarget(0x04923456), undefined);
    assert.equal(bitsToTarget(0x00123456), undefined);
    assert.equal(targetToBits(0x80n), 0x02008000);
    assert.equal(targetToBits(0x12n), 0x01120000);
    assert.equal(targetToBits(0xffffn << 208n), 0x1d00ffff);
    assert.equal(targetToBits(bitsToTarget(EASY)!), EASY);
  });

  test('a block under Bitcoin’s easiest target stands for 4,295,032,833 hashes', () => {
    assert.equal(workOfTarget(bitsToTarget(0x1d00ffff)!), 0x100010001n);
    assert.equal(workOfTarget(bitsToTarget(EASY)!), 2n);
  });
});

test('a header is 80 bytes, and decodes to what was encoded', () => {
  const made = header({ version: -1, nonce: 0xffffffff, bits: 0xffffffff });
  assert.equal(made.bytes.length, 80);
  assert.deepEqual(encodeHeader(decodeHeader(made.bytes)), Buffer.from(made.bytes));
});

function hexLittleEndian(number: bigint): Uint8Array {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
}
