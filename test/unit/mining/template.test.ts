import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashToHex, hexToHash } from '../../../src/bytes/hex.ts';
import { sha256d } from '../../../src/bytes/sha256.ts';
import { checkBlock } from '../../../src/consensus/checkBlock.ts';
import type { HeaderNode } from '../../../src/consensus/headerNode.ts';
import { isFinal } from '../../../src/consensus/lockTime.ts';
import { EntrySet } from '../../../src/mempool/entrySet.ts';
import { merkleBranch, rootOfBranch } from '../../../src/mining/merkleBranch.ts';
import {
  type BlockTemplate,
  blockOfTemplate,
  buildTemplate,
  withExtraNonce,
} from '../../../src/mining/template.ts';
import type { NetworkParams } from '../../../src/params/networkParams.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { decodeBlock } from '../../../src/primitives/block.ts';
import { merkleRoot } from '../../../src/primitives/merkle.ts';
import { makeTransaction, type Transaction } from '../../../src/primitives/transaction.ts';
import { makeKeys, REGTEST_BITS } from '../../support/blocks.ts';

const { lockingScript } = makeKeys();
const PARENT_HASH = '5'.repeat(64);

/** Blocks with these times, ending in a parent whose hash is made up. */
function parentAfter(...times: number[]): HeaderNode & { hash: string } {
  let parent: HeaderNode | undefined;
  for (const [height, timeSec] of times.entries())
    parent = { height, version: 4, timeSec, bits: REGTEST_BITS, parent, skip: parent };
  return { ...parent!, hash: PARENT_HASH };
}

/** A transaction that nothing but its size, outputs and inputs matters of. */
function unsigned(tag: number, spends: readonly Transaction[], outputs = 1, inputs = 1): Transaction {
  const from = spends.length > 0 ? spends.map(({ hash }) => hash) : [sha256d(Uint8Array.of(tag, tag >> 8))];
  return makeTransaction({
    version: 1,
    inputs: from.flatMap((txHash) =>
      Array.from({ length: inputs }, (_, index) => ({
        outpoint: { txHash, index },
        unlockingScript: new Uint8Array(73),
        sequence: 0xffffffff,
      })),
    ),
    outputs: Array.from({ length: outputs }, () => ({ amount: 1000n + BigInt(tag), lockingScript })),
    lockTime: 0,
  });
}

/** A set with these transactions, each with its fee. */
function entriesOf(...waiting: readonly (readonly [Transaction, number])[]): EntrySet {
  const entries = new EntrySet();
  for (const [transaction, fee] of waiting) {
    const txid = hashToHex(transaction.hash);
    entries.add({ transaction, txid, fee: BigInt(fee), addedSec: 0, height: 0, coins: [] });
  }
  return entries;
}

function build(
  entries: EntrySet,
  changes: { params?: NetworkParams; parent?: HeaderNode & { hash: string }; timeSec?: number } = {},
): BlockTemplate {
  return buildTemplate({
    parent: changes.parent ?? parentAfter(1000, 2000),
    entries: entries.inFeeOrder(),
    params: changes.params ?? regtest,
    lockingScript,
    timeSec: changes.timeSec ?? 5000,
    extraNonce: 7n,
  });
}

function txids({ transactions }: BlockTemplate): string[] {
  return transactions.slice(1).map(({ hash }) => hashToHex(hash));
}

test('an empty block: subsidy, height, extra nonce, header', () => {
  const { header, transactions, height, fees } = build(entriesOf());
  assert.equal(height, 2);
  assert.equal(fees, 0n);
  assert.equal(header.version, 0x20000000);
  assert.equal(hashToHex(header.previousHash), PARENT_HASH);
  assert.equal(header.timeSec, 5000);
  assert.equal(header.bits, REGTEST_BITS);
  assert.equal(transactions.length, 1);
  const [coinbase] = transactions;
  assert.deepEqual(header.merkleRoot, coinbase!.hash);
  // Height 2 is the opcode 52; then a push of eight bytes.
  assert.equal(Buffer.from(coinbase!.inputs[0]!.unlockingScript).toString('hex'), '52080700000000000000');
  assert.equal(coinbase!.outputs[0]!.amount, 5_000_000_000n);
  // BIP54's rule for coinbases is met whether or not it is active.
  assert.equal(coinbase!.lockTime, 1);
  assert.equal(coinbase!.inputs[0]!.sequence, 0xfffffffe);
  assert.ok(isFinal(coinbase!, height, 0));
});

test('the subsidy halves, and fees come on top', () => {
  const times = Array.from({ length: 150 }, (_, i) => 1000 + i);
  const { transactions, fees } = build(entriesOf([unsigned(1, []), 300], [unsigned(2, []), 500]), {
    parent: parentAfter(...times),
  });
  assert.equal(fees, 800n);
  assert.equal(transactions[0]!.outputs[0]!.amount, 2_500_000_000n + 800n);
  // 150 as Bitcoin pushes it: two bytes, the second to keep it positive.
  assert.equal(
    Buffer.from(transactions[0]!.inputs[0]!.unlockingScript.subarray(0, 3)).toString('hex'),
    '029600',
  );
});

test('the time is at least one second past the median', () => {
  const parent = parentAfter(...Array.from({ length: 11 }, (_, i) => 1000 + 10 * i));
  assert.equal(build(entriesOf(), { parent, timeSec: 0 }).header.timeSec, 1051);
  assert.equal(build(entriesOf(), { parent, timeSec: 1051 }).header.timeSec, 1051);
  assert.equal(build(entriesOf(), { parent, timeSec: 1052 }).header.timeSec, 1052);
});

test('the time keeps to BIP54 at both ends of a retarget period', () => {
  const params = { ...regtest, retargetBlocks: 4 };
  // The next block, of height 4, begins a period; its parent is far ahead of the median.
  const first = parentAfter(1000, 1000, 1000, 50_000);
  assert.equal(build(entriesOf(), { params, parent: first, timeSec: 2000 }).header.timeSec, 50_000 - 7200);
  // Height 7 ends one that began, at height 4, with a time that the median has not caught up with.
  const last = parentAfter(1000, 1000, 1000, 1000, 9000, 1003, 1004);
  assert.equal(build(entriesOf(), { params, parent: last, timeSec: 2000 }).header.timeSec, 9000);
});

test('a found nonce makes a valid block', () => {
  const a = unsigned(1, []);
  const template = build(entriesOf([a, 300], [unsigned(2, [a]), 5000]));
  for (let nonce = 0; ; nonce++) {
    const block = blockOfTemplate(template, nonce);
    const rejection = checkBlock(block, regtest);
    if (rejection?.code === 'high-hash') continue;
    // The made-up signatures are what is wrong with it.
    assert.equal(rejection?.code, 'bad-txns-unlocking-script');
    assert.equal(decodeBlock(block.bytes).transactions.length, 3);
    break;
  }
});

test('the best paid first, but never before what it spends', () => {
  const cheap = unsigned(1, []);
  const rich = unsigned(2, []);
  const middle = unsigned(3, []);
  const child = unsigned(4, [cheap]);
  const order = build(entriesOf([cheap, 200], [rich, 9000], [middle, 1000], [child, 4000]));
  assert.deepEqual(
    txids(order),
    // The child pays for its parent: together 4,200 for two, more than the middle one's 1,000.
    [rich, cheap, child, middle].map(({ hash }) => hashToHex(hash)),
  );
});

test('a rich child does not come before others just because it is rich: its parent counts too', () => {
  const parent = unsigned(1, [], 40);
  const child = unsigned(2, [parent]);
  const other = unsigned(3, []);
  // 2,000 alone would be the best rate, but with the large parent it is less than that of the other.
  const order = build(entriesOf([parent, 0], [child, 2000], [other, 900]));
  assert.deepEqual(
    txids(order),
    [other, parent, child].map(({ hash }) => hashToHex(hash)),
  );
});

test('no more bytes than a block may have, and the last that fits', () => {
  const data = Uint8Array.of(0x6a);
  const large = (tag: number) =>
    makeTransaction({
      version: 1,
      inputs: [
        {
          outpoint: { txHash: sha256d(Uint8Array.of(tag)), index: 0 },
          unlockingScript: new Uint8Array(39_930),
          sequence: 0,
        },
      ],
      outputs: [{ amount: 0n, lockingScript: data }],
      lockTime: 0,
    });
  const transactions = [1, 2, 3, 4].map(large);
  const size = transactions[0]!.bytes.length;
  const waiting = entriesOf(...transactions.map((transaction) => [transaction, 100_000] as const));
  const coinbaseBytes = build(entriesOf()).transactions[0]!.bytes.length;
  // Header, at most five bytes of count, coinbase, and three of the four.
  const exact = 80 + 5 + coinbaseBytes + 3 * size;
  assert.equal(txids(build(waiting, { params: { ...regtest, maxBlockBytes: exact } })).length, 3);
  assert.equal(txids(build(waiting, { params: { ...regtest, maxBlockBytes: exact - 1 } })).length, 2);
});

test('no transaction without the parent that did not fit', () => {
  const parent = unsigned(1, [], 10);
  const child = unsigned(2, [parent]);
  const small = unsigned(3, []);
  const waiting = entriesOf([parent, 90_000], [child, 90_000], [small, 100]);
  const params = withOutputLimit(11);
  // Ten outputs of the parent and the coinbase's fill the block; the child is left out, and so is the small one.
  assert.deepEqual(txids(build(waiting, { params })), [hashToHex(parent.hash)]);
  // With one less the parent is out, the child with it, and the small one is in.
  assert.deepEqual(txids(build(waiting, { params: withOutputLimit(10) })), [hashToHex(small.hash)]);
});

test('a full block stays full when many more wait', () => {
  const transactions = Array.from({ length: 3000 }, (_, i) => unsigned(i, [], 4));
  const waiting = entriesOf(...transactions.map((transaction, i) => [transaction, 1000 + i] as const));
  const template = build(waiting, { params: withOutputLimit(2001) });
  assert.equal(txids(template).length, 500);
  assert.equal(txids(template)[0], hashToHex(transactions[2999]!.hash));
});

test('another extra nonce changes the coinbase and the root, and nothing else', () => {
  const template = build(entriesOf(...[1, 2, 3, 4].map((tag) => [unsigned(tag, []), 500] as const)));
  const other = withExtraNonce(template, 0xffff_ffff_ffff_ffffn);
  assert.notDeepEqual(other.header.merkleRoot, template.header.merkleRoot);
  assert.deepEqual(other.transactions.slice(1), template.transactions.slice(1));
  assert.deepEqual(other.header.merkleRoot, merkleRoot(other.transactions.map(({ hash }) => hash)).root);
  assert.deepEqual({ ...other.header, merkleRoot: 0 }, { ...template.header, merkleRoot: 0 });
  assert.deepEqual(withExtraNonce(other, 7n), template);
});

test('a branch leads to the root of the whole tree', () => {
  const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(hashes, (leaves) => {
      const { root } = merkleRoot(leaves);
      const found = rootOfBranch(leaves[0]!, merkleBranch([hexToHash('0'.repeat(64)), ...leaves.slice(1)]));
      assert.equal(hashToHex(found), hashToHex(root));
    }),
  );
});

/** A network whose blocks may have so many public-key outputs: one for every 50 bytes less 2,000. */
function withOutputLimit(outputs: number): NetworkParams {
  return { ...regtest, maxBlockBytes: (outputs + 2000) * 50 };
}
