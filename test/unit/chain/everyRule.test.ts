import assert from 'node:assert/strict';
import { after as afterAll, before, describe, test } from 'node:test';
import { hashToHex, hashToNumber } from '../../../src/bytes/hex.ts';
import type { Chain } from '../../../src/chain/chain.ts';
import type { BlockRejection, HeaderRejection } from '../../../src/consensus/rejection.ts';
import { verdictOf } from '../../../src/consensus/verdict.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { type Block, makeBlock } from '../../../src/primitives/block.ts';
import { makeHeader } from '../../../src/primitives/header.ts';
import { bitsToTarget } from '../../../src/primitives/target.ts';
import { makeTransaction, type Transaction } from '../../../src/primitives/transaction.ts';
import {
  after,
  COIN,
  coinbase,
  FINAL,
  makeKeys,
  outpoint,
  REGTEST_BITS,
  signedTransaction,
  solvedBlock,
} from '../../support/blocks.ts';
import { TEST_CLOCK_SEC, withChain } from '../../support/chains.ts';
import { networkWith } from '../../support/consensusCases.ts';
import { dataScript, dataTransactions, RESERVED } from '../../support/dataBlocks.ts';

/** Periods of four blocks that should take four seconds: blocks ten minutes apart leave the target at its easiest. */
const params = networkWith({
  retargetBlocks: 4,
  spacingSec: 1,
  coinbaseMaturity: 1,
  maxBlockBytes: 250_000,
  halvingBlocks: 1_000_000,
  // Started from block 2 on, locked in by blocks 2 and 3, active from block 6 on.
  deployments: [
    { name: 'bip54', bit: 0, startTimeSec: 0, timeoutSec: 2_000_000_000, windowBlocks: 2, threshold: 2 },
  ],
});
const keys = makeKeys();
const stranger = makeKeys();
const START_SEC = params.genesis.header.timeSec;

/** Heights 1 to 3, which signal; the third is from far ahead, as BIP54's rule for the fourth needs. */
const trunk: Block[] = [];
for (const timeSec of [START_SEC + 600, START_SEC + 1200, START_SEC + 20_000]) {
  const parent = trunk.at(-1) ?? params.genesis;
  const lockingScript = trunk.length === 0 ? RESERVED : keys.lockingScript;
  trunk.push(
    solvedBlock({
      parent: after(parent),
      height: trunk.length + 1,
      lockingScript,
      header: { timeSec, version: 0x20000001 },
    }),
  );
}
const [first, second, third] = trunk as [Block, Block, Block];
const reserved = outpoint(first.transactions[0]!);
const owned = {
  outpoint: outpoint(second.transactions[0]!),
  lockingScript: keys.lockingScript,
  privateKey: keys.privateKey,
};

type Plan = Omit<Partial<Parameters<typeof solvedBlock>[0]>, 'parent'>;

/** The block of height 4. */
function fourth({ header, ...plan }: Plan = {}): Block {
  const timeSec = third.header.timeSec + 600;
  return solvedBlock({
    parent: after(third),
    height: 4,
    lockingScript: keys.lockingScript,
    header: { timeSec, ...header },
    ...plan,
  });
}

function at(timeSec: number): Block {
  return fourth({ header: { timeSec } });
}

/** In place of the third, where the fourth's rule about the clock is not in the way. */
function thirdAt(timeSec: number): Block {
  return solvedBlock({
    parent: after(second),
    height: 3,
    lockingScript: keys.lockingScript,
    header: { timeSec },
  });
}

function unsolved(): Block {
  const { header, transactions } = fourth();
  for (let nonce = 0; ; nonce++) {
    const next = makeHeader({ ...header, nonce });
    if (hashToNumber(next.hash) >= bitsToTarget(REGTEST_BITS)!) return makeBlock(next, transactions);
  }
}

function childOf(parent: Block): Block {
  const header = { timeSec: parent.header.timeSec + 600 };
  return solvedBlock({ parent: after(parent), height: 5, lockingScript: keys.lockingScript, header });
}

/** Up to the first block for which BIP54's rule for coinbases holds; the one before it does not meet it. */
function upToSixth(lockTime: number, sequence: number): Block[] {
  const fifth = childOf(fourth());
  const outputs = [{ amount: 50n * COIN, lockingScript: keys.lockingScript }];
  const plain = coinbase(6, outputs, { lockTime });
  const sixth = solvedBlock({
    parent: after(fifth),
    height: 6,
    lockingScript: keys.lockingScript,
    coinbase: makeTransaction({ ...plain, inputs: [{ ...plain.inputs[0]!, sequence }] }),
    header: { timeSec: fifth.header.timeSec + 600 },
  });
  return [fourth(), fifth, sixth];
}

function withData(sizes: readonly number[]): Block {
  return fourth({ transactions: dataTransactions(reserved, sizes) });
}

function ofSize(bytes: number): Block {
  return withData([99_999, 99_999, bytes - fourth().bytes.length - 2 * 99_999]);
}

function smallTransaction(bytes: number): Transaction {
  const inputs = [{ outpoint: reserved, unlockingScript: new Uint8Array(), sequence: FINAL }];
  const outputs = [{ amount: 0n, lockingScript: dataScript(bytes - 60) }];
  return makeTransaction({ version: 1, inputs, outputs, lockTime: 0 });
}

/** A payment to so many keys; the coinbase has one more. */
function withKeyOutputs(count: number): Block {
  const outputs = Array.from({ length: count - 1 }, () => ({
    amount: 1n,
    lockingScript: keys.lockingScript,
  }));
  const halves = [outputs.slice(0, 1500), outputs.slice(1500)];
  const inputs = [reserved, owned.outpoint];
  return fourth({
    transactions: halves.map((half, i) =>
      i === 0
        ? makeTransaction({
            version: 1,
            inputs: [{ outpoint: inputs[0]!, unlockingScript: new Uint8Array(), sequence: FINAL }],
            outputs: half,
            lockTime: 0,
          })
        : signedTransaction([owned], half),
    ),
  });
}

function payment(privateKey = keys.privateKey): Transaction {
  return signedTransaction(
    [{ ...owned, privateKey }],
    [{ amount: 49n * COIN, lockingScript: keys.lockingScript }],
  );
}

function mutated(): Block {
  const { header, transactions } = withData([200, 200]);
  return makeBlock(header, [...transactions, transactions[2]!]);
}

const greedy = fourth({ amount: 50n * COIN + 1n });
const second50 = coinbase(4, [{ amount: 0n, lockingScript: keys.lockingScript }], { lockTime: 1 });

type Case = Readonly<{ valid: Block[]; invalid: Block[] }>;
type Code = (HeaderRejection | BlockRejection)['code'] | 'bad-signature';

/**
 * For every rule the last that it lets through and the first that it does not: of several blocks, what becomes of the last
 * one counts. A new code has no entry and fails to compile; those of transactions are in test/unit/consensus.
 */
const cases: Record<Code, Case> = {
  'high-hash': { valid: [fourth()], invalid: [unsolved()] },
  'bad-diffbits': { valid: [fourth()], invalid: [fourth({ header: { bits: REGTEST_BITS - 1 } })] },
  'bad-version': {
    valid: [fourth({ header: { version: 4 } })],
    invalid: [fourth({ header: { version: 3 } })],
  },
  // The median of the heights 0, 1 and 2 is the time of 1.
  'time-too-old': { valid: [thirdAt(START_SEC + 601)], invalid: [thirdAt(START_SEC + 600)] },
  'time-too-new': { valid: [at(TEST_CLOCK_SEC + 7200)], invalid: [at(TEST_CLOCK_SEC + 7201)] },
  'time-timewarp-attack': {
    valid: [at(START_SEC + 20_000 - 7200)],
    invalid: [at(START_SEC + 20_000 - 7201)],
  },
  'bad-prevblk': { valid: [fourth(), childOf(fourth())], invalid: [greedy, childOf(greedy)] },
  'duplicate-invalid': { valid: [fourth()], invalid: [greedy, greedy] },
  'bad-txnmrklroot': {
    valid: [fourth()],
    invalid: [fourth({ header: { merkleRoot: new Uint8Array(32).fill(1) } })],
  },
  'bad-txns-duplicate': { valid: [withData([200, 200])], invalid: [mutated()] },
  'bad-txns-size-64': {
    valid: [fourth({ transactions: [smallTransaction(65)] })],
    invalid: [fourth({ transactions: [smallTransaction(64)] })],
  },
  'bad-blk-length': { valid: [ofSize(250_000)], invalid: [ofSize(250_001)] },
  'bad-cb-missing': { valid: [fourth()], invalid: [fourth({ coinbase: payment() })] },
  'bad-cb-multiple': { valid: [fourth()], invalid: [fourth({ transactions: [second50] })] },
  // 250,000 / 50 − 2,000.
  'bad-blk-sigops': { valid: [withKeyOutputs(3000)], invalid: [withKeyOutputs(3001)] },
  'bad-cb-height': { valid: [fourth({ height: 4 })], invalid: [fourth({ height: 5 })] },
  'bad-cb-locktime': { valid: upToSixth(5, 0), invalid: upToSixth(4, 0) },
  'bad-cb-sequence': { valid: upToSixth(5, 0xfffffffe), invalid: upToSixth(5, 0xffffffff) },
  'bad-cb-amount': {
    valid: [fourth({ amount: 51n * COIN, transactions: [payment()] })],
    invalid: [fourth({ amount: 51n * COIN + 1n, transactions: [payment()] })],
  },
  'bad-signature': {
    valid: [fourth({ transactions: [payment()] })],
    invalid: [fourth({ transactions: [payment(stranger.privateKey)] })],
  },
};

describe('every rule for headers and blocks, in a chain', () => {
  let verifyPool: VerifyPool;
  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
  });
  afterAll(() => verifyPool.close());

  for (const [code, { valid, invalid }] of Object.entries(cases) as [Code, Case][]) {
    test(code, async () => {
      await withChain(
        async (chain) => {
          for (const block of trunk) await accept(chain, block);
          assert.equal(await lastOf(chain, invalid), code);
          const node = chain.node(hashToHex(invalid.at(-1)!.header.hash));
          assert.equal(
            node?.isInvalid ?? false,
            verdictOf(code).condemnsHash,
            'what is remembered of the hash',
          );
          const { coinSet } = chain;
          assert.deepEqual(await chain.recountCoins(), coinSet);
          assert.match((await lastOf(chain, valid)) ?? '', /^(connected|stored)$/);
        },
        { verifyPool, params },
      );
    });
  }

  async function lastOf(chain: Chain, blocks: readonly Block[]): Promise<string | undefined> {
    let said: string | undefined;
    for (const block of blocks) said = await accept(chain, block);
    return said;
  }

  async function accept(chain: Chain, block: Block): Promise<string> {
    const verdict = await chain.acceptBlock(block, { requested: true, source: 'test' });
    if (verdict.status === 'held') return 'time-too-new';
    return verdict.status === 'rejected' ? verdict.rejection.code : verdict.status;
  }
});
