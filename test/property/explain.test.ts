import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { equalBytes } from '../../src/bytes/bytes.ts';
import { DecodeError } from '../../src/bytes/decodeError.ts';
import { loadVerifyEngine, type VerifyEngine } from '../../src/crypto/verifyEngine.ts';
import {
  BITCOIN_170_BYTES,
  bitcoin170Context,
  bitcoin170TransactionContext,
} from '../../src/explain/bitcoin170.ts';
import { explainBlock } from '../../src/explain/explainBlock.ts';
import { explainHeader } from '../../src/explain/explainHeader.ts';
import { explainTransaction } from '../../src/explain/explainTransaction.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import { isBroken } from '../../src/explain/explanation.ts';
import { type Field, leavesOf } from '../../src/explain/field.ts';
import { merklePath } from '../../src/explain/merkle.ts';
import { decodeBlock, encodeBlock } from '../../src/primitives/block.ts';
import { decodeHeader } from '../../src/primitives/header.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import { decodeTransaction, makeTransaction, type Transaction } from '../../src/primitives/transaction.ts';

const NOW_SEC = 1_800_000_000;
const blockContext = bitcoin170Context(NOW_SEC);
const transactionContext = bitcoin170TransactionContext(1, NOW_SEC);

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Text that would move the cursor or change colours. */
const rudeText = fc
  .array(fc.constantFrom('\u001b[31m', 'letters', '\r', '\b', '\u0007', '\u009b', ' and more'), {
    minLength: 3,
    maxLength: 9,
  })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));
/** Scripts of all kinds: pushes that fit, pushes that are cut off, and anything. */
const script = fc.oneof(
  bytes(300),
  bytes(75).map((data) => Uint8Array.of(data.length, ...data)),
  bytes(40).map((data) => Uint8Array.of(0x6a, data.length, ...data)),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((x) => Uint8Array.of(0x21, 0x02, ...x, 0xac)),
  rudeText.map((text) => Uint8Array.of(0x6a, text.length, ...text)),
  rudeText,
  bytes(10).map((data) => Uint8Array.of(0x4d, 0xff, 0xff, ...data)),
);
const u32 = fc.nat(0xffff_ffff);
const transaction = fc
  .record({
    version: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    inputs: fc.array(
      fc.record({
        outpoint: fc.record({ txHash: hash, index: u32 }),
        unlockingScript: script,
        sequence: u32,
      }),
      { maxLength: 5 },
    ),
    outputs: fc.array(fc.record({ amount: fc.bigInt(0n, 2n ** 64n - 1n), lockingScript: script }), {
      maxLength: 5,
    }),
    lockTime: u32,
  })
  .map(makeTransaction);
const block = fc
  .tuple(fc.uint8Array({ minLength: 80, maxLength: 80 }), fc.array(transaction, { maxLength: 6 }))
  .map(([header, transactions]) => encodeBlock(header, transactions));
/** Block 170 with some bytes changed, cut off, or put behind it, and bytes that have nothing to do with it. */
const hostile = fc.oneof(
  bytes(600),
  fc.tuple(fc.nat(489), bytes(40)).map(([at, patch]) => {
    const bent = Uint8Array.from(BITCOIN_170_BYTES);
    bent.set(patch.subarray(0, bent.length - at), at);
    return bent;
  }),
  fc.nat(490).map((length) => BITCOIN_170_BYTES.subarray(0, length)),
  bytes(20).map((more) => Uint8Array.of(...BITCOIN_170_BYTES, ...more)),
);
const maxFields = fc.constantFrom(0, 1, 7, 30, 1000);

describe('explaining any bytes', () => {
  let engine: VerifyEngine;
  before(async () => {
    engine = await loadVerifyEngine();
  });

  const ofBlock = (given: Uint8Array, fields: number) =>
    explainBlock(given, blockContext, engine, { maxFields: fields, maxReports: 2 });
  const ofTransaction = (given: Uint8Array, fields: number) =>
    explainTransaction(given, transactionContext, engine, { maxFields: fields, maxReports: 2 });

  test('the fields of a block are its bytes, one behind the other, and no error is found', () => {
    fc.assert(
      fc.property(block, maxFields, (given, fields) => {
        const explanation = ofBlock(given, fields);
        covers(explanation.fields, given);
        assert.equal(explanation.error, undefined);
      }),
      { numRuns: 300 },
    );
  });

  test('so are those of a transaction', () => {
    fc.assert(
      fc.property(transaction, maxFields, (given: Transaction, fields) => {
        const explanation = ofTransaction(given.bytes, fields);
        covers(explanation.fields, given.bytes);
        assert.equal(explanation.error, undefined);
        for (const text of textsOf(explanation)) assert.doesNotMatch(text, /\p{Cc}/u);
      }),
      { numRuns: 300 },
    );
  });

  test('what is no block, transaction or header is said to be none, and every byte of it is still shown', () => {
    fc.assert(
      fc.property(hostile, maxFields, (given, fields) => {
        sees(ofBlock(given, fields), given, decodeBlock);
        sees(ofTransaction(given, fields), given, decodeTransaction);
        sees(explainHeader(given, blockContext), given, decodeHeader);
        const from215 = given.subarray(215);
        sees(ofTransaction(from215, fields), from215, decodeTransaction);
      }),
      { numRuns: 1000 },
    );
  });

  test('block 170 is found broken with any single bit flipped, and so is its payment', () => {
    for (let bit = 0; bit < BITCOIN_170_BYTES.length * 8; bit++) {
      // One bit of every byte, another one each time.
      if (bit % 8 !== (bit >> 3) % 8) continue;
      const bent = Uint8Array.from(BITCOIN_170_BYTES);
      bent[bit >> 3]! ^= 1 << (bit & 7);
      assert.ok(isBroken(ofBlock(bent, 0)), `bit ${bit} of the block`);
      if (bit >= 215 * 8) {
        assert.ok(!isValid(ofTransaction(bent.subarray(215), 0)), `bit ${bit} of the payment`);
      }
    }
    assert.ok(!isBroken(ofBlock(BITCOIN_170_BYTES, 0)));
    assert.ok(isValid(ofTransaction(BITCOIN_170_BYTES.subarray(215), 0)));
  });

  test('every path of a tree ends in its root', () => {
    fc.assert(
      fc.property(fc.array(hash, { minLength: 1, maxLength: 20 }), fc.nat(19), (hashes, n) => {
        const index = n % hashes.length;
        const steps = merklePath(hashes, index);
        let at: Uint8Array = hashes[index]!;
        for (const { left, right, own, parent } of steps) {
          assert.ok(equalBytes(own === 'left' ? left : right, at));
          at = parent;
        }
        assert.ok(equalBytes(at, merkleRoot(hashes).root));
      }),
    );
  });
});

/** Every string that may come to the terminal. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const one of Object.values(value)) yield* textsOf(one);
  }
}

/** Neither broken nor left open. */
function isValid({ rules }: Explanation): boolean {
  return rules.every(({ status }) => status === 'ok' || status === 'later');
}

function sees(explanation: Explanation, given: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
  covers(explanation.fields, given);
  let error: string | undefined;
  try {
    decode(given);
  } catch (thrown) {
    assert.ok(thrown instanceof DecodeError);
    error = thrown.message;
  }
  assert.equal(explanation.error, error);
  assert.equal(explanation.rules[0]!.status, error === undefined ? 'ok' : 'broken');
}

function covers(fields: readonly Field[], given: Uint8Array): void {
  let end = 0;
  for (const { offset, bytes: own } of leavesOf(fields)) {
    assert.equal(offset, end);
    end += own.length;
    assert.ok(equalBytes(own, given.subarray(offset, end)));
  }
  assert.equal(end, given.length);
}
