import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { concatBytes } from '../../../src/bytes/bytes.ts';
import { hashToNumber } from '../../../src/bytes/hex.ts';
import { sha256d } from '../../../src/bytes/sha256.ts';
import { checkBlock, checkBlockContext } from '../../../src/consensus/checkBlock.ts';
import { checkHeader } from '../../../src/consensus/checkHeader.ts';
import type { Coin } from '../../../src/consensus/coin.ts';
import {
  beginConnecting,
  connectTransactions,
  finishConnecting,
} from '../../../src/consensus/connectBlock.ts';
import { type HeaderNode, medianTime } from '../../../src/consensus/headerNode.ts';
import type { RejectCode } from '../../../src/consensus/rejection.ts';
import { parseSignature } from '../../../src/crypto/signature.ts';
import { loadVerifyEngine, type VerifyEngine } from '../../../src/crypto/verifyEngine.ts';
import type { BlockContext } from '../../../src/explain/chainContext.ts';
import { explainBlock } from '../../../src/explain/explainBlock.ts';
import { type Block, makeBlock } from '../../../src/primitives/block.ts';
import { makeHeader } from '../../../src/primitives/header.ts';
import { bitsToTarget } from '../../../src/primitives/target.ts';
import {
  makeTransaction,
  type Outpoint,
  outpointKey,
  type Transaction,
  type TransactionFields,
  type TransactionOutput,
} from '../../../src/primitives/transaction.ts';
import {
  COIN,
  coinbase,
  FINAL,
  makeKeys,
  REGTEST_BITS,
  signedTransaction,
  solvedBlock,
} from '../../support/blocks.ts';
import { headerChain, networkWith } from '../../support/consensusCases.ts';
import { dataScript, dataTransaction, dataTransactions, RESERVED } from '../../support/dataBlocks.ts';
import { MapCoinSet } from '../../support/mapCoinSet.ts';

const HEIGHT = 1000;
const START_SEC = 1_700_000_000;
const MAX_MONEY = 2_100_000_000_000_000n;

/** Periods of four blocks that should take four seconds: blocks ten minutes apart leave the target at its easiest. */
const params = networkWith({
  retargetBlocks: 4,
  spacingSec: 1,
  maxBlockBytes: 250_000,
  halvingBlocks: 1_000_000,
});
const keys = makeKeys();
const stranger = makeKeys();

/** Heights 0 to 999, ten minutes apart; the last one may have another time. */
function parentAt(lastSec = START_SEC + 600 * (HEIGHT - 1)): HeaderNode {
  return headerChain(
    Array.from({ length: HEIGHT }, (_, height) => ({
      timeSec: height === HEIGHT - 1 ? lastSec : START_SEC + 600 * height,
      bits: REGTEST_BITS,
    })),
  );
}
const usual = parentAt();
const MEDIAN_SEC = START_SEC + 600 * (HEIGHT - 6);
const PARENT_HASH = new Uint8Array(32).fill(7);

const [owned, young, old, reserved, huge, vast] = [1, 2, 3, 4, 5, 6].map(
  (n): Outpoint => ({ txHash: new Uint8Array(32).fill(n), index: n }),
) as [Outpoint, Outpoint, Outpoint, Outpoint, Outpoint, Outpoint];
const lock = keys.lockingScript;
const COINS: readonly (readonly [Outpoint, Coin])[] = [
  [owned, { amount: 50n * COIN, lockingScript: lock, height: 1, isCoinbase: false }],
  // Spent at 1000 it is 99 deep, and the other 100.
  [young, { amount: 50n * COIN, lockingScript: lock, height: 901, isCoinbase: true }],
  [old, { amount: 50n * COIN, lockingScript: lock, height: 900, isCoinbase: true }],
  [reserved, { amount: 0n, lockingScript: RESERVED, height: 1, isCoinbase: false }],
  [huge, { amount: MAX_MONEY, lockingScript: RESERVED, height: 1, isCoinbase: false }],
  [vast, { amount: 1n, lockingScript: RESERVED, height: 1, isCoinbase: false }],
];
const coinTable = new Map(COINS.map(([{ txHash, index }, coin]) => [outpointKey(txHash, index), coin]));

type Bent = Readonly<{ block: Block; parent?: HeaderNode; nowSec?: number; isBip54Active?: boolean }>;

type Plan = Omit<Partial<Parameters<typeof solvedBlock>[0]>, 'parent'> & { timeSec?: number };

function plan({ timeSec = START_SEC + 600 * HEIGHT, header, ...rest }: Plan = {}): Block {
  const parent = { hash: PARENT_HASH, timeSec };
  return solvedBlock({
    parent,
    height: HEIGHT,
    lockingScript: lock,
    header: { timeSec, ...header },
    ...rest,
  });
}

const bent = (changes: Plan = {}, context: Omit<Bent, 'block'> = {}): Bent => ({
  block: plan(changes),
  ...context,
});
const holding = (...transactions: Transaction[]): Bent => bent({ transactions });

function pay(
  from: Outpoint,
  outputs: readonly TransactionOutput[] = [{ amount: 50n * COIN, lockingScript: lock }],
  changes: { sequence?: number; version?: number; lockTime?: number; privateKey?: Uint8Array } = {},
): Transaction {
  const { sequence = FINAL, privateKey = keys.privateKey, ...fields } = changes;
  return signedTransaction([{ outpoint: from, lockingScript: lock, privateKey, sequence }], outputs, fields);
}

/** Of reserved coins, which need no signature. */
function free(from: readonly Outpoint[], outputs: readonly TransactionOutput[]): Transaction {
  const inputs = from.map((one) => ({ outpoint: one, unlockingScript: new Uint8Array(), sequence: FINAL }));
  return makeTransaction({ version: 1, inputs, outputs, lockTime: 0 });
}

function changed(transaction: Transaction, changes: Partial<TransactionFields>): Transaction {
  return makeTransaction({ ...transaction, ...changes });
}

function withUnlocking(transaction: Transaction, unlockingScript: Uint8Array): Transaction {
  return changed(transaction, { inputs: [{ ...transaction.inputs[0]!, unlockingScript }] });
}

const to = (amount: bigint, lockingScript: Uint8Array = RESERVED): TransactionOutput => ({
  amount,
  lockingScript,
});
const nothing = to(0n, dataScript(9));

function unsolved(): Block {
  const { header, transactions } = plan();
  for (let nonce = 0; ; nonce++) {
    const next = makeHeader({ ...header, nonce });
    if (hashToNumber(next.hash) >= bitsToTarget(REGTEST_BITS)!) return makeBlock(next, transactions);
  }
}

function mutated(): Block {
  const { header, transactions } = plan({ transactions: dataTransactions(reserved, [200, 200]) });
  return makeBlock(header, [...transactions, transactions[2]!]);
}

function ofSize(bytes: number): Bent {
  const rest = bytes - plan().bytes.length - 2 * 99_999;
  return holding(...dataTransactions(reserved, [99_999, 99_999, rest]));
}

function withCoinbase(changes: Partial<TransactionFields>, extra = Uint8Array.of(0, 0)): Plan {
  return { coinbase: coinbase(HEIGHT, [to(0n, lock)], { extra, ...changes }) };
}

const sequenceOf = (sequence: number): Plan => {
  const first = coinbase(HEIGHT, [to(0n, lock)], { lockTime: HEIGHT - 1 });
  return { coinbase: changed(first, { inputs: [{ ...first.inputs[0]!, sequence }] }) };
};
const keyOutputs = (count: number) => Array.from({ length: count }, () => to(0n, lock));
const bip54 = { isBip54Active: true };
const commitment = Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed, ...new Uint8Array(32));
const NULL_OUTPOINT = { txHash: new Uint8Array(32), index: FINAL };
const ahead = parentAt(START_SEC + 600 * HEIGHT + 20_000);

type Case = Readonly<{ valid: Bent; invalid: Bent; also?: readonly RejectCode[] }>;

/** For every rule the last that it lets through and the first that it does not, and what else is broken then. */
const cases: Readonly<Record<Exclude<RejectCode, 'bad-prevblk' | 'duplicate-invalid'>, Case>> = {
  'high-hash': { valid: bent(), invalid: { block: unsolved() } },
  'bad-diffbits': { valid: bent(), invalid: bent({ header: { bits: REGTEST_BITS - 1 } }) },
  'bad-version': { valid: bent({ header: { version: 4 } }), invalid: bent({ header: { version: 3 } }) },
  'time-too-old': { valid: bent({ timeSec: MEDIAN_SEC + 1 }), invalid: bent({ timeSec: MEDIAN_SEC }) },
  'time-too-new': {
    valid: bent({}, { nowSec: START_SEC + 600 * HEIGHT - 7200 }),
    invalid: bent({}, { nowSec: START_SEC + 600 * HEIGHT - 7201 }),
  },
  'time-timewarp-attack': {
    valid: bent({ timeSec: ahead.timeSec - 7200 }, { parent: ahead }),
    invalid: bent({ timeSec: ahead.timeSec - 7201 }, { parent: ahead }),
  },
  'bad-txnmrklroot': { valid: bent(), invalid: bent({ header: { merkleRoot: new Uint8Array(32).fill(1) } }) },
  // The repeated transaction spends what is spent.
  'bad-txns-duplicate': {
    valid: holding(...dataTransactions(reserved, [200, 200])),
    invalid: { block: mutated() },
    also: ['bad-txns-inputs-missingorspent'],
  },
  'bad-txns-size-64': {
    valid: holding(free([reserved], [to(0n, dataScript(5))])),
    invalid: holding(free([reserved], [to(0n, dataScript(4))])),
  },
  'bad-blk-length': { valid: ofSize(250_000), invalid: ofSize(250_001) },
  'bad-cb-missing': { valid: bent(), invalid: bent({ coinbase: pay(owned) }) },
  // A second coinbase spends a coin that is not there.
  'bad-cb-multiple': {
    valid: bent(),
    invalid: holding(coinbase(HEIGHT, [to(0n, lock)], { lockTime: 1 })),
    also: ['bad-txns-inputs-missingorspent'],
  },
  // 250,000 / 50 − 2,000, one of them the coinbase's.
  'bad-blk-sigops': {
    valid: holding(free([reserved], keyOutputs(1500)), free([vast], keyOutputs(1499))),
    invalid: holding(free([reserved], keyOutputs(1500)), free([vast], keyOutputs(1500))),
  },
  'bad-cb-height': { valid: bent(), invalid: bent({ height: HEIGHT + 1 }) },
  'bad-cb-locktime': {
    valid: bent(sequenceOf(0), bip54),
    invalid: bent(
      { coinbase: changed(plan(sequenceOf(0)).transactions[0]!, { lockTime: HEIGHT - 2 }) },
      bip54,
    ),
  },
  'bad-cb-sequence': { valid: bent(sequenceOf(FINAL - 1), bip54), invalid: bent(sequenceOf(FINAL), bip54) },
  'bad-cb-amount': {
    valid: bent({ amount: 51n * COIN, transactions: [pay(owned, [to(49n * COIN)])] }),
    invalid: bent({ amount: 51n * COIN + 1n, transactions: [pay(owned, [to(49n * COIN)])] }),
  },
  'bad-txns-vin-empty': {
    valid: holding(free([reserved], [nothing])),
    invalid: holding(free([], [nothing])),
  },
  'bad-txns-vout-empty': {
    valid: holding(free([reserved], [nothing])),
    invalid: holding(free([reserved], [])),
  },
  'bad-txns-oversize': {
    valid: holding(dataTransaction(reserved, 100_000)),
    invalid: holding(dataTransaction(reserved, 100_001)),
  },
  'bad-txns-vout-toolarge': {
    valid: holding(free([huge], [to(MAX_MONEY), nothing])),
    invalid: holding(free([huge], [to(MAX_MONEY + 1n), nothing])),
    also: ['bad-txns-in-belowout'],
  },
  'bad-txns-txouttotal-toolarge': {
    valid: holding(free([huge], [to(MAX_MONEY - 1n), to(1n)])),
    invalid: holding(free([huge], [to(MAX_MONEY), to(1n)])),
    also: ['bad-txns-in-belowout'],
  },
  'bad-txns-inputs-duplicate': {
    valid: holding(free([reserved, vast], [nothing])),
    invalid: holding(free([reserved, reserved], [nothing])),
    also: ['bad-txns-inputs-missingorspent'],
  },
  'bad-cb-length': {
    valid: bent(withCoinbase({}, new Uint8Array(97))),
    invalid: bent(withCoinbase({}, new Uint8Array(98))),
  },
  'bad-cb-witness-commitment': {
    valid: bent(
      withCoinbase({
        outputs: [
          to(
            0n,
            Uint8Array.from(commitment, (byte, i) => byte + (i === 5 ? 1 : 0)),
          ),
        ],
      }),
    ),
    invalid: bent(withCoinbase({ outputs: [to(0n, commitment)] })),
  },
  'bad-txns-prevout-null': {
    valid: holding(free([reserved, vast], [nothing])),
    invalid: holding(free([reserved, NULL_OUTPOINT], [nothing])),
    also: ['bad-txns-inputs-missingorspent'],
  },
  'bad-txns-locking-script': {
    valid: holding(free([reserved], [to(0n, dataScript(83))])),
    invalid: holding(free([reserved], [to(0n, dataScript(84))])),
  },
  'bad-txns-unlocking-script': {
    valid: holding(pay(owned)),
    invalid: holding(withUnlocking(pay(owned), Uint8Array.of(0x09, ...new Uint8Array(8), 0x01))),
  },
  'bad-txns-nonfinal': {
    valid: holding(pay(owned, undefined, { lockTime: HEIGHT - 1, sequence: 0 })),
    invalid: holding(pay(owned, undefined, { lockTime: HEIGHT, sequence: 0 })),
  },
  'bad-txns-inputs-missingorspent': {
    valid: holding(pay(owned)),
    invalid: holding(pay({ ...owned, index: 9 })),
  },
  'bad-txns-premature-spend-of-coinbase': { valid: holding(pay(old)), invalid: holding(pay(young)) },
  'bad-txns-inputvalues-outofrange': {
    valid: holding(free([huge, reserved], [nothing])),
    invalid: holding(free([huge, vast], [nothing])),
  },
  'bad-txns-in-belowout': {
    valid: holding(pay(owned, [to(50n * COIN)])),
    invalid: holding(pay(owned, [to(50n * COIN + 1n)])),
  },
  // The coin is of height 1.
  'non-BIP68-final': {
    valid: holding(pay(owned, undefined, { version: 2, sequence: HEIGHT - 1 })),
    invalid: holding(pay(owned, undefined, { version: 2, sequence: HEIGHT })),
  },
  'bad-signature': {
    valid: holding(pay(owned)),
    invalid: holding(pay(owned, undefined, { privateKey: stranger.privateKey })),
  },
};

describe('explaining a block that breaks a rule', () => {
  let engine: VerifyEngine;
  before(async () => {
    engine = await loadVerifyEngine();
  });

  for (const [code, { valid, invalid, also = [] }] of Object.entries(cases) as [RejectCode, Case][]) {
    test(code, () => {
      assert.deepEqual(brokenBy(valid), []);
      assert.equal(saidByNode(valid), undefined);
      assert.deepEqual(brokenBy(invalid).sort(), [code, ...also].sort());
      assert.equal(saidByNode(invalid), code, 'as the node says');
    });
  }

  test('coins of the block itself: made before, made later, and spent twice', () => {
    const first = free([reserved], [to(0n), nothing]);
    const second = free([{ txHash: first.hash, index: 0 }], [nothing]);
    const again = free([{ txHash: first.hash, index: 0 }, vast], [nothing]);
    const unknown = { needs: 'a node' };
    const cases: readonly (readonly [Bent, boolean])[] = [
      [holding(first, second), true],
      [holding(second, first), false],
      [holding(first, second, again), false],
    ];
    for (const [of, isFine] of cases) {
      assert.deepEqual(brokenBy(of), isFine ? [] : ['bad-txns-inputs-missingorspent']);
      assert.equal(saidByNode(of), isFine ? undefined : 'bad-txns-inputs-missingorspent');
    }
    // That they are missing is known without knowing any other coin.
    const { block } = holding(second);
    const alone = { ...contextOf({ block }), coinOf: () => unknown };
    const { rules } = explainBlock(holding(second, first).block.bytes, alone, engine, DETAIL);
    assert.equal(rules.find(({ code }) => code === 'bad-txns-inputs-missingorspent')!.status, 'broken');
  });

  test('every rule is asked', () => {
    const { block } = holding(pay(owned));
    const { rules } = explainBlock(block.bytes, contextOf({ block }), engine, DETAIL);
    const asked = new Set(rules.map(({ code }) => code));
    for (const code of Object.keys(cases)) assert.ok(asked.has(code as RejectCode), code);
  });

  test('a signature where none may be, and none where one must be', () => {
    const signed = pay(owned).inputs[0]!.unlockingScript;
    const unneeded = withUnlocking(free([reserved], [nothing]), signed);
    const missing = withUnlocking(pay(owned), new Uint8Array());
    for (const block of [holding(unneeded), holding(missing)]) {
      assert.deepEqual(brokenBy(block), ['bad-txns-unlocking-script']);
      assert.equal(saidByNode(block), 'bad-txns-unlocking-script');
    }
  });

  test('relative times count from the block before the coin’s, and are not checked where its time is not known', () => {
    const asks = (units: number) =>
      holding(pay(owned, undefined, { version: 2, sequence: 0x0040_0000 | units }));
    // 512 seconds a unit, from the time below to the median of the block before.
    const coinSec = MEDIAN_SEC - 10 * 512;
    const statusOf = (units: number, timeSec: number | undefined) => {
      const of = asks(units);
      const heights: number[] = [];
      const medianTimeAt = (height: number) => {
        heights.push(height);
        return timeSec;
      };
      const { rules } = explainBlock(of.block.bytes, { ...contextOf(of), medianTimeAt }, engine, DETAIL);
      assert.deepEqual(heights, [0]);
      return rules.find(({ code }) => code === 'non-BIP68-final')!.status;
    };
    assert.equal(statusOf(10, coinSec), 'ok');
    assert.equal(statusOf(11, coinSec), 'broken');
    assert.equal(statusOf(10, coinSec + 1), 'broken');
    assert.equal(statusOf(10, undefined), 'unchecked');
  });

  test('coins that are not known are not taken for missing, and nothing is pretended', () => {
    const { block } = holding(pay(owned));
    const unknown = { needs: 'a node' };
    const context = contextOf({ block });
    const { rules } = explainBlock(block.bytes, { ...context, coinOf: () => unknown }, engine, DETAIL);
    assert.deepEqual(
      rules.filter(({ status }) => status === 'unchecked').map(({ code }) => code),
      [
        'bad-txns-inputs-missingorspent',
        'bad-txns-premature-spend-of-coinbase',
        'bad-txns-inputvalues-outofrange',
        'bad-txns-in-belowout',
        'non-BIP68-final',
        'bad-txns-unlocking-script',
        'bad-signature',
        'bad-cb-amount',
      ],
    );
    assert.ok(!rules.some(({ status }) => status === 'broken'));
  });

  test('a block that names no known parent is still asked what needs none', () => {
    const parent = { needs: 'a node' };
    const { block } = holding(pay(owned, [to(50n * COIN + 1n)]));
    const context = { ...contextOf({ block }), parent, isBip54Active: parent };
    const { rules } = explainBlock(block.bytes, context, engine, DETAIL);
    const broken = rules.filter(({ status }) => status === 'broken').map(({ code }) => code);
    assert.deepEqual(broken, ['bad-txns-in-belowout']);
    const unchecked = rules.filter(({ status }) => status === 'unchecked').map(({ code }) => code);
    for (const code of [
      'bad-diffbits',
      'time-too-old',
      'time-timewarp-attack',
      'bad-cb-height',
      'bad-txns-nonfinal',
    ]) {
      assert.ok(unchecked.includes(code as RejectCode), code);
    }
  });

  function brokenBy(of: Bent): string[] {
    const { rules } = explainBlock(of.block.bytes, contextOf(of), engine, DETAIL);
    return rules.filter(({ status }) => status === 'broken').map(({ code }) => code);
  }

  /** What the functions say that a node asks, in its order. */
  function saidByNode({ block, parent = usual, nowSec = Number.MAX_SAFE_INTEGER, isBip54Active }: Bent) {
    const rejection = checkHeader(block.header, parent, params, nowSec) ?? checkBlock(block, params);
    if (rejection) return rejection.code;
    const inForce = isBip54Active ? { ...params, deployments: [ALWAYS] } : params;
    const inContext = checkBlockContext(block, parent, inForce);
    if (inContext) return inContext.code;
    const context = { height: HEIGHT, medianTimeSec: medianTime(parent), medianTimeAt: () => 0, params };
    const connection = beginConnecting(block, context, new MapCoinSet(coinTable));
    const result = connectTransactions(connection);
    if ('rejection' in result) return result.rejection.code;
    const fits = result.checks.every(({ template, insertAt, script, publicKey, signature }) => {
      const signed = concatBytes(
        template.subarray(0, insertAt),
        Uint8Array.of(script.length),
        script,
        template.subarray(insertAt + 1),
      );
      return engine.verify(sha256d(signed), parseSignature(signature)!, publicKey);
    });
    return fits ? finishConnecting(connection)?.code : 'bad-signature';
  }
});

const DETAIL = { maxFields: 50, maxReports: 1 };
/** Locked in by the first window, in which nobody has to signal: every header here has version 4. */
const ALWAYS = {
  name: 'bip54',
  bit: 0,
  startTimeSec: 0,
  timeoutSec: 2_000_000_000,
  windowBlocks: 2,
  threshold: 0,
};

function contextOf({
  parent = usual,
  nowSec = Number.MAX_SAFE_INTEGER / 1e4,
  isBip54Active = false,
}: Bent): BlockContext {
  return {
    params,
    nowSec: Math.min(nowSec, 8_000_000_000),
    parent,
    isParentValid: true,
    isBip54Active,
    coinOf: ({ txHash, index }) => coinTable.get(outpointKey(txHash, index)),
    medianTimeAt: () => 0,
    later: {},
  };
}
