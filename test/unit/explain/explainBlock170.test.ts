import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { bytesToHex, hashToHex } from '../../../src/bytes/hex.ts';
import { loadVerifyEngine, type VerifyEngine } from '../../../src/crypto/verifyEngine.ts';
import {
  BITCOIN_170_BYTES,
  BITCOIN_170_HASH,
  BITCOIN_170_TXIDS,
  bitcoin170Context,
  bitcoin170TransactionContext,
} from '../../../src/explain/bitcoin170.ts';
import { explainBlock } from '../../../src/explain/explainBlock.ts';
import { explainHeader } from '../../../src/explain/explainHeader.ts';
import { explainTransaction } from '../../../src/explain/explainTransaction.ts';
import { type Field, leavesOf } from '../../../src/explain/field.ts';
import type { RuleResult } from '../../../src/explain/rule.ts';
import { decodeBlock } from '../../../src/primitives/block.ts';
import * as vector from '../../vectors/block170.ts';

const NOW_SEC = 1_800_000_000;
const DETAIL = { maxFields: 1000, maxReports: 5 };
const COINBASE_TXID = 'b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082';
const SPENT_TXID = '0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9';
const ZEROS = '00'.repeat(32);

/** Offset, length, name and value of every field of the block, from what is published about it. */
const FIELDS: readonly (readonly [number, number, string, string?])[] = [
  [0, 4, 'version', '1'],
  [4, 32, 'previous block', vector.BLOCK_170_HEADER.previousHash],
  [36, 32, 'merkle root', vector.BLOCK_170_HEADER.merkleRoot],
  [68, 4, 'time', '2009-01-12 03:30:25 UTC'],
  [72, 4, 'bits', '1d00ffff'],
  [76, 4, 'nonce', '1889418792'],
  [80, 1, 'number of transactions', '2'],
  [81, 4, 'version', '1'],
  [85, 1, 'number of inputs', '1'],
  [86, 32, 'from transaction', ZEROS],
  [118, 4, 'its output number', 'none'],
  [122, 1, 'script length', '7 bytes'],
  [123, 1, 'push'],
  [124, 4, 'data'],
  [128, 1, 'push'],
  [129, 1, 'data'],
  [130, 4, 'sequence', 'ffffffff'],
  [134, 1, 'number of outputs', '1'],
  [135, 8, 'amount', '50.00000000 coins'],
  [143, 1, 'script length', '67 bytes'],
  [144, 1, 'push'],
  [145, 1, 'key form'],
  [146, 32, 'x'],
  [178, 32, 'y'],
  [210, 1, 'OP_CHECKSIG'],
  [211, 4, 'lock time', '0'],
  [215, 4, 'version', '1'],
  [219, 1, 'number of inputs', '1'],
  [220, 32, 'from transaction', SPENT_TXID],
  [252, 4, 'its output number', '0'],
  [256, 1, 'script length', '72 bytes'],
  [257, 1, 'push'],
  [258, 2, 'DER sequence'],
  [260, 2, 'DER integer'],
  [262, 32, 'r'],
  [294, 2, 'DER integer'],
  [296, 32, 's'],
  [328, 1, 'hash type', 'SIGHASH_ALL'],
  [329, 4, 'sequence', 'ffffffff'],
  [333, 1, 'number of outputs', '2'],
  [334, 8, 'amount', '10.00000000 coins'],
  [342, 1, 'script length', '67 bytes'],
  [343, 1, 'push'],
  [344, 1, 'key form'],
  [345, 32, 'x'],
  [377, 32, 'y'],
  [409, 1, 'OP_CHECKSIG'],
  [410, 8, 'amount', '40.00000000 coins'],
  [418, 1, 'script length', '67 bytes'],
  [419, 1, 'push'],
  [420, 1, 'key form'],
  [421, 32, 'x'],
  [453, 32, 'y'],
  [485, 1, 'OP_CHECKSIG'],
  [486, 4, 'lock time', '0'],
];

/** What is signed: the payment with the lock of the coin in the place of the signature, and the hash type behind it. */
const SIGNED =
  '0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004341' +
  '0411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b86' +
  '43f656b412a3acffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab373' +
  '97f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a38' +
  '2e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac0000000001000000';

describe('explaining Bitcoin’s block 170', () => {
  let engine: VerifyEngine;
  before(async () => {
    engine = await loadVerifyEngine();
  });

  test('its bytes are those of the vector', () => {
    const { header, transactions } = decodeBlock(BITCOIN_170_BYTES);
    assert.equal(hashToHex(header.hash), vector.BLOCK_170_HASH);
    assert.equal(BITCOIN_170_HASH, vector.BLOCK_170_HASH);
    assert.deepEqual(
      transactions.map(({ bytes }) => bytesToHex(bytes)),
      [vector.BLOCK_170_COINBASE, vector.BLOCK_170_PAYMENT],
    );
    assert.deepEqual(BITCOIN_170_TXIDS, [COINBASE_TXID, vector.BLOCK_170_TXID]);
  });

  test('every field is where it is, and means what it means', () => {
    const { fields } = explainBlock(BITCOIN_170_BYTES, bitcoin170Context(NOW_SEC), engine, DETAIL);
    assert.deepEqual([...leavesOf(fields)].map(summary), FIELDS);
  });

  test('the hash, the target and the work', () => {
    const { proof, height } = explainHeader(BITCOIN_170_BYTES.subarray(0, 80), bitcoin170Context(NOW_SEC));
    assert.equal(height, 170);
    assert.equal(proof?.steps.shown, vector.BLOCK_170_HASH);
    assert.equal(
      bytesToHex(proof!.steps.first),
      '08b2bb46ca900c6a5ce7b918908ae484431b64d8eda251d817fec44f29c7a096',
    );
    assert.equal(proof?.target, 0xffffn << 208n);
    assert.equal(proof?.isBelow, true);
    assert.equal(proof?.difficulty, 1);
    // 2^256 / (target + 1), and 171 times as much for the blocks 0 to 170.
    assert.equal(proof?.work, 0x100010001n);
    assert.equal(proof?.chainWork, 0xab00ab00abn);
  });

  test('all its rules hold, but for the two that came later', () => {
    const { rules } = explainBlock(BITCOIN_170_BYTES, bitcoin170Context(NOW_SEC), engine, DETAIL);
    assert.deepEqual(codes(rules, 'later'), ['bad-version', 'bad-cb-height']);
    assert.deepEqual(codes(rules, 'broken'), []);
    assert.deepEqual(codes(rules, 'unchecked'), []);
    assert.match(detailOf(rules, 'time-too-old'), /after 2009-01-11 23:09:07 UTC/);
    assert.match(detailOf(rules, 'bad-txns-premature-spend-of-coinbase'), /161 deep, at least 100/);
    assert.match(detailOf(rules, 'bad-cb-amount'), /50\.00000000 new and 0\.00000000 of fees/);
    assert.match(detailOf(rules, 'bad-txns-in-belowout'), /50\.00000000 in, 50\.00000000 out/);
  });

  test('the first payment: what was signed, by whom, and that it holds', () => {
    const bytes = BITCOIN_170_BYTES.subarray(215);
    const { signatures, money } = explainTransaction(
      bytes,
      bitcoin170TransactionContext(1, NOW_SEC),
      engine,
      DETAIL,
    );
    assert.deepEqual(money, {
      inputs: 5_000_000_000n,
      outputs: 5_000_000_000n,
      fee: 0n,
      spent: [
        {
          txid: SPENT_TXID,
          output: 0,
          amount: 5_000_000_000n,
          height: 9,
          isCoinbase: true,
          lock: 'key 0411db93e1dcdb8a016b49840f8c53bc…',
        },
      ],
      made: [
        { amount: 1_000_000_000n, lock: 'key 04ae1a62fe09c5f51b13905f07f06b99…', isChange: false },
        { amount: 4_000_000_000n, lock: 'key 0411db93e1dcdb8a016b49840f8c53bc…', isChange: true },
      ],
    });
    assert.equal(signatures.length, 1);
    const [signature] = signatures;
    assert.equal(bytesToHex(signature!.signedBytes), SIGNED);
    assert.equal(
      bytesToHex(signature!.digest),
      '7a05c6145f10101e9d6325494245adf1297d80f8f38d4d576d57cdba220bcb19',
    );
    assert.equal(
      bytesToHex(signature!.r!),
      '4e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd41',
    );
    assert.equal(
      bytesToHex(signature!.s!),
      '181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d09',
    );
    assert.equal(bytesToHex(signature!.publicKey), vector.BLOCK_170_SPENT_SCRIPT.slice(2, -2));
    assert.equal(signature!.holds, true);
  });

  test('the path of each transaction ends in the root of the header', () => {
    for (const index of [0, 1]) {
      const { bytes } = decodeBlock(BITCOIN_170_BYTES).transactions[index]!;
      const { merkle } = explainTransaction(
        bytes,
        bitcoin170TransactionContext(index, NOW_SEC),
        engine,
        DETAIL,
      );
      assert.equal(merkle?.isRoot, true);
      assert.equal(merkle?.steps.length, 1);
      const [step] = merkle!.steps;
      assert.equal(hashToHex(step!.left), COINBASE_TXID);
      assert.equal(hashToHex(step!.right), vector.BLOCK_170_TXID);
      assert.equal(step!.own, index === 0 ? 'left' : 'right');
      assert.equal(hashToHex(step!.parent), vector.BLOCK_170_HEADER.merkleRoot);
    }
  });

  test('a coinbase is asked what concerns it, and spends nothing', () => {
    const { bytes } = decodeBlock(BITCOIN_170_BYTES).transactions[0]!;
    const { rules, money, isCoinbase } = explainTransaction(
      bytes,
      bitcoin170TransactionContext(0, NOW_SEC),
      engine,
      DETAIL,
    );
    assert.equal(isCoinbase, true);
    assert.equal(money?.outputs, 5_000_000_000n);
    assert.deepEqual(money?.spent, []);
    assert.deepEqual(codes(rules, 'broken'), []);
    assert.ok(codes(rules, 'ok').includes('bad-cb-length'));
    assert.ok(!codes(rules, 'ok').includes('bad-signature'));
  });
});

function summary({ offset, bytes, name, value }: Field): readonly [number, number, string, string?] {
  return value === undefined ? [offset, bytes.length, name] : [offset, bytes.length, name, value];
}

function codes(rules: readonly RuleResult[], status: RuleResult['status']): string[] {
  return rules.filter((one) => one.status === status).map(({ code }) => code);
}

function detailOf(rules: readonly RuleResult[], code: string): string {
  return rules.find((one) => one.code === code)!.detail;
}
