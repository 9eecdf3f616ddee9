import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hexToBytes } from '../../../src/bytes/hex.ts';
import { checkTransaction } from '../../../src/consensus/checkTransaction.ts';
import type { TransactionRejection } from '../../../src/consensus/rejection.ts';
import {
  makeTransaction,
  type Transaction,
  type TransactionFields,
  type TransactionInput,
  type TransactionOutput,
} from '../../../src/primitives/transaction.ts';
import { COIN, coinbase, FINAL, makeKeys } from '../../support/blocks.ts';

const MAX_MONEY = 2_100_000_000_000_000n;
const keys = makeKeys();
/** A signature of the right form that signs nothing: the form is all that is asked here. */
const signatureForm = hexToBytes('09300602010102010101');

function input(changes: Partial<TransactionInput> & { index?: number } = {}): TransactionInput {
  const { index = 0, ...rest } = changes;
  return {
    outpoint: { txHash: new Uint8Array(32).fill(7), index },
    unlockingScript: signatureForm,
    sequence: FINAL,
    ...rest,
  };
}

function output(amount: bigint, lockingScript: Uint8Array = keys.lockingScript): TransactionOutput {
  return { amount, lockingScript };
}

function transaction(changes: Partial<TransactionFields>): Transaction {
  return makeTransaction({ version: 1, inputs: [input()], outputs: [output(COIN)], lockTime: 0, ...changes });
}

function ofSize(bytes: number): Transaction {
  // A first output of data takes up the slack that whole key outputs of 44 bytes leave.
  for (let outputs = 0; outputs < 3000; outputs++) {
    for (let data = 0; data <= 75; data++) {
      const script = data === 0 ? Uint8Array.of(0x6a) : Uint8Array.of(0x6a, data, ...new Uint8Array(data));
      const size = 4 + 1 + 41 + 10 + (outputs + 1 < 253 ? 1 : 3) + 9 + script.length + outputs * 44 + 4;
      if (size !== bytes) continue;
      const all = [output(0n, script), ...Array.from({ length: outputs }, () => output(1n))];
      return transaction({ outputs: all });
    }
  }
  throw new Error(`no transaction of ${bytes} bytes`);
}

type Case = { valid: Transaction[]; invalid: Transaction[] };
const data = (hex: string) => output(0n, hexToBytes(hex));
const nullInput = input({ outpoint: { txHash: new Uint8Array(32), index: FINAL } });
const witnessCommitment = `6a24aa21a9ed${'00'.repeat(32)}`;

/** For every rule the last that it lets through and the first that it does not. A new code has no entry and fails to compile. */
const cases: Record<TransactionRejection['code'], Case> = {
  'bad-txns-vin-empty': { valid: [transaction({})], invalid: [transaction({ inputs: [] })] },
  'bad-txns-vout-empty': { valid: [transaction({})], invalid: [transaction({ outputs: [] })] },
  'bad-txns-oversize': { valid: [ofSize(100_000)], invalid: [ofSize(100_001)] },
  'bad-txns-size-64': {
    valid: [63, 65].map((size) => smallOfSize(size)),
    invalid: [smallOfSize(64)],
  },
  'bad-txns-vout-toolarge': {
    valid: [transaction({ outputs: [output(MAX_MONEY)] }), transaction({ outputs: [output(0n)] })],
    invalid: [
      transaction({ outputs: [output(MAX_MONEY + 1n)] }),
      transaction({ outputs: [output(2n ** 64n - 1n)] }),
    ],
  },
  'bad-txns-txouttotal-toolarge': {
    valid: [transaction({ outputs: [output(MAX_MONEY - 1n), output(1n)] })],
    invalid: [transaction({ outputs: [output(MAX_MONEY), output(1n)] })],
  },
  'bad-txns-inputs-duplicate': {
    valid: [transaction({ inputs: [input({ index: 0 }), input({ index: 1 })] })],
    invalid: [transaction({ inputs: [input({ index: 0 }), input({ index: 1 }), input({ index: 0 })] })],
  },
  'bad-cb-length': {
    valid: [2, 100].map((length) => coinbaseWithScript(length)),
    invalid: [0, 1, 101].map((length) => coinbaseWithScript(length)),
  },
  'bad-cb-witness-commitment': {
    valid: [
      coinbase(1, [output(COIN), data(`6a24aa21a9ee${'00'.repeat(32)}`)]),
      transaction({ outputs: [data(witnessCommitment)] }),
    ],
    invalid: [coinbase(1, [output(COIN), data(witnessCommitment)])],
  },
  'bad-txns-prevout-null': {
    valid: [
      transaction({ inputs: [input(), input({ outpoint: { txHash: new Uint8Array(32), index: 0 } })] }),
      transaction({ inputs: [input(), input({ index: FINAL })] }),
    ],
    invalid: [transaction({ inputs: [input(), nullInput] }), transaction({ inputs: [nullInput, input()] })],
  },
  'bad-txns-locking-script': {
    valid: [transaction({ outputs: [data('5202aaaa')] }), transaction({ outputs: [data('6a')] })],
    invalid: [transaction({ outputs: [output(1n), data('51')] }), coinbase(1, [data('')])],
  },
  'bad-txns-unlocking-script': {
    valid: [transaction({}), transaction({ inputs: [input({ unlockingScript: new Uint8Array() })] })],
    invalid: [
      // S is high; a zero too many before R; R is zero; hash type 2; the push is one byte short.
      `4730440220${'01'.repeat(32)}02207f${'ff'.repeat(31)}01`,
      '0a30070202000102010101',
      '09300602010002010101',
      '09300602010102010102',
      '083006020101020101',
      '00',
    ].map((hex) => transaction({ inputs: [input({ unlockingScript: hexToBytes(hex) })] })),
  },
};

function smallOfSize(bytes: number): Transaction {
  // Without a signature: an input of 41 bytes and a data output fill what is left.
  const script = Uint8Array.of(0x6a, ...new Uint8Array(bytes - 61));
  return transaction({
    inputs: [input({ unlockingScript: new Uint8Array() })],
    outputs: [output(0n, script)],
  });
}

function coinbaseWithScript(length: number): Transaction {
  return transaction({ inputs: [{ ...nullInput, unlockingScript: new Uint8Array(length).fill(0x51) }] });
}

describe('checkTransaction', () => {
  for (const [code, { valid, invalid }] of Object.entries(cases)) {
    test(code, () => {
      for (const tx of valid) assert.equal(checkTransaction(tx), undefined);
      for (const tx of invalid) assert.equal(checkTransaction(tx)?.code, code);
    });
  }

  test('the sizes are what they say', () => {
    assert.equal(cases['bad-txns-oversize'].valid[0]!.bytes.length, 100_000);
    assert.equal(cases['bad-txns-oversize'].invalid[0]!.bytes.length, 100_001);
    assert.equal(cases['bad-txns-size-64'].invalid[0]!.bytes.length, 64);
  });
});
