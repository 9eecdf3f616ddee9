import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { DecodeError } from '../../src/bytes/decodeError.ts';
import { hashToHex, hexToBytes, hexToHash } from '../../src/bytes/hex.ts';
import { checkBlock } from '../../src/consensus/checkBlock.ts';
import { checkSpend } from '../../src/consensus/checkSpend.ts';
import { checkTransaction } from '../../src/consensus/checkTransaction.ts';
import {
  beginConnecting,
  connectTransactions,
  finishConnecting,
  nextOutpoints,
} from '../../src/consensus/connectBlock.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { type Block, decodeBlock, makeBlock } from '../../src/primitives/block.ts';
import { makeHeader } from '../../src/primitives/header.ts';
import { bitsToTarget } from '../../src/primitives/target.ts';
import { decodeTransaction, outpointKey } from '../../src/primitives/transaction.ts';
import { networkWith, spendContext } from '../support/consensusCases.ts';
import { MapCoinSet } from '../support/mapCoinSet.ts';
import * as vector from '../vectors/block170.ts';

const params = {
  ...networkWith({ subsidy: 5_000_000_000n, halvingBlocks: 210_000, maxBlockBytes: 1_000_000 }),
  easiestBits: 0x1d00ffff,
  easiestTarget: bitsToTarget(0x1d00ffff)!,
};
const context = spendContext({ height: 170, params });
const coin = {
  amount: 5_000_000_000n,
  lockingScript: hexToBytes(vector.BLOCK_170_SPENT_SCRIPT),
  height: 9,
  isCoinbase: true,
};
const payment = decodeTransaction(hexToBytes(vector.BLOCK_170_PAYMENT));
const { header: h } = { header: vector.BLOCK_170_HEADER };
const block = makeBlock(
  makeHeader({ ...h, previousHash: hexToHash(h.previousHash), merkleRoot: hexToHash(h.merkleRoot) }),
  [decodeTransaction(hexToBytes(vector.BLOCK_170_COINBASE)), payment],
);

describe('Bitcoin’s block 170', () => {
  let pool: VerifyPool;
  before(async () => {
    pool = await VerifyPool.open({ threads: 2 });
  });
  after(() => pool.close());

  /** All the rules but those that came after it: the height in its coinbase, and a version of 4. */
  async function isValid(candidate: Block): Promise<boolean> {
    if (checkBlock(candidate, params)) return false;
    const key = outpointKey(payment.inputs[0]!.outpoint.txHash, 0);
    const connection = beginConnecting(candidate, context, new MapCoinSet([[key, coin]]));
    assert.equal(nextOutpoints(connection).length, 1);
    const result = connectTransactions(connection);
    if ('rejection' in result || finishConnecting(connection)) return false;
    return (await pool.verify(result.checks)) === undefined;
  }

  test('is valid as it stands, signature and all', async () => {
    assert.equal(hashToHex(block.header.hash), vector.BLOCK_170_HASH);
    assert.equal(hashToHex(payment.hash), vector.BLOCK_170_TXID);
    assert.equal(await isValid(block), true);
  });

  test('is invalid with any single bit flipped', async () => {
    for (let bit = 0; bit < block.bytes.length * 8; bit++) {
      const bytes = Uint8Array.from(block.bytes);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      let candidate: Block;
      try {
        candidate = decodeBlock(bytes);
      } catch (error) {
        assert.ok(error instanceof DecodeError);
        continue;
      }
      assert.equal(await isValid(candidate), false, `bit ${bit}`);
    }
  });

  test('its payment is invalid by itself with any single bit flipped: nothing in it is left unsigned', async () => {
    for (let bit = 0; bit < payment.bytes.length * 8; bit++) {
      const bytes = Uint8Array.from(payment.bytes);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(await isPaymentValid(bytes), false, `bit ${bit}`);
    }
    assert.equal(await isPaymentValid(payment.bytes), true);
  });

  test('decoders throw nothing but DecodeError, and what they take they give back', () => {
    const bytesLikeThese = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.tuple(fc.nat(block.bytes.length - 1), fc.uint8Array({ maxLength: 40 })).map(([at, patch]) => {
        const bytes = Uint8Array.from(block.bytes);
        bytes.set(patch.subarray(0, bytes.length - at), at);
        return bytes;
      }),
      fc.nat(block.bytes.length).map((length) => Uint8Array.from(block.bytes.subarray(0, length))),
    );
    fc.assert(
      fc.property(bytesLikeThese, (bytes) => {
        try {
          const decoded = decodeBlock(bytes);
          assert.deepEqual(
            Buffer.from(makeBlock(decoded.header, decoded.transactions).bytes),
            Buffer.from(bytes),
          );
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  async function isPaymentValid(bytes: Uint8Array): Promise<boolean> {
    try {
      const transaction = decodeTransaction(bytes);
      if (checkTransaction(transaction)) return false;
      const [input] = transaction.inputs;
      const { txHash, index } = input!.outpoint;
      const isKnown = outpointKey(txHash, index) === outpointKey(payment.inputs[0]!.outpoint.txHash, 0);
      const result = checkSpend(transaction, [isKnown ? coin : undefined], context);
      return 'fee' in result && (await pool.verify(result.checks)) === undefined;
    } catch (error) {
      if (error instanceof DecodeError) return false;
      throw error;
    }
  }
});
