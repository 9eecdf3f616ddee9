import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { TransactionVerdict } from '../../../src/mempool/transactionVerdict.ts';
import { makeTransaction, type Transaction } from '../../../src/primitives/transaction.ts';
import { coinbase, FINAL, makeKeys, outpoint, signedTransaction, solvedBlock } from '../../support/blocks.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { matureCoinbases, mine, miner, payOn, spendable } from '../../support/payments.ts';

const txid = (transaction: Transaction) => hashToHex(transaction.hash);

async function accept({ mempool }: MiningNode, transaction: Transaction, source = 'peer') {
  return mempool.accept(transaction, { source });
}

function assertRejected(verdict: TransactionVerdict, code: string): void {
  assert.equal(verdict.status, 'rejected');
  if (verdict.status === 'rejected') assert.equal(verdict.rejection.code, code);
}

function assertPolicy(verdict: TransactionVerdict, reason: RegExp): void {
  assert.equal(verdict.status, 'policy');
  if (verdict.status === 'policy') assert.match(`${verdict.reason}, ${verdict.detail ?? ''}`, reason);
}

async function assertAccepted(node: MiningNode, ...transactions: Transaction[]): Promise<void> {
  for (const transaction of transactions) {
    const verdict = await accept(node, transaction);
    assert.equal(verdict.status, 'accepted', inspect(verdict));
  }
}

/** Waits until what goes on in the background has come to this. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

test('takes a valid payment once, mines it, and knows it afterwards', async () => {
  await withMiningNode(async (node) => {
    const { mempool, clock } = node;
    const [coin] = await matureCoinbases(node, 1);
    const payment = payOn([coin!], { fee: 1234n });
    const verdict = await accept(node, payment);
    assert.equal(verdict.status, 'accepted');
    const entry = mempool.get(txid(payment))!;
    assert.equal(entry.fee, 1234n);
    assert.equal(entry.feeRate, 1234 / payment.bytes.length);
    assert.equal(entry.height, 101);
    assert.equal(entry.addedSec, clock.nowSec);
    assert.equal(entry.coins[0]!.amount, 5_000_000_000n);
    assert.notEqual(entry.transaction.bytes.buffer, payment.bytes.buffer);
    assert.deepEqual([mempool.size, mempool.bytes], [1, payment.bytes.length]);
    assert.equal(mempool.spenderOf(outpoint(coin!)), txid(payment));
    assert.ok(mempool.isVerified(payment));
    assert.deepEqual(await accept(node, payment), { status: 'known' });

    await mine(node, 1);
    assert.equal(mempool.size, 0);
    assert.equal(mempool.bytes, 0);
    assert.equal(mempool.usage, 0);
    assert.equal(mempool.spenderOf(outpoint(coin!)), undefined);
    assert.equal((await node.chain.readCoin(outpoint(payment)))!.height, 102);
    assert.deepEqual(await accept(node, payment), { status: 'known' });
  });
});

test('every rule is asked', async () => {
  await withMiningNode(async (node) => {
    const coins = await mine(node, 3);
    await mine(node, 98);
    // The next block has height 102: the coinbase of height 2 is just mature, that of height 3 is not.
    const [, mature, young] = coins;
    assertRejected(await accept(node, payOn([young!])), 'bad-txns-premature-spend-of-coinbase');
    assertRejected(await accept(node, payOn([mature!], { fee: -1n })), 'bad-txns-in-belowout');
    assertRejected(await accept(node, payOn([mature!], { lockTime: 102, sequence: 0 })), 'bad-txns-nonfinal');
    assertRejected(await accept(node, payOn([mature!], { version: 2, sequence: 101 })), 'non-BIP68-final');
    const stolen = signedTransaction(
      [{ ...spendable(mature!), privateKey: makeKeys().privateKey }],
      [{ amount: 1000n, lockingScript: miner.lockingScript }],
    );
    const verdict = await accept(node, stolen);
    assert.deepEqual(verdict, { status: 'rejected', rejection: { code: 'bad-signature', input: 0 } });
    const double = makeTransaction({ ...stolen, inputs: [stolen.inputs[0]!, stolen.inputs[0]!] });
    assertRejected(await accept(node, double), 'bad-txns-inputs-duplicate');
    assert.equal(node.mempool.size, 0);
    await assertAccepted(node, payOn([mature!], { version: 2, sequence: 100, lockTime: 101 }));
  });
});

test('policy: fee, dust, reserved locks, coinbases', async () => {
  await withMiningNode(async (node) => {
    const coins = await matureCoinbases(node, 3);
    const { lockingScript } = miner;
    const size = payOn([coins[0]!]).bytes.length;
    assertPolicy(await accept(node, payOn([coins[0]!], { fee: 1n })), /^min relay fee not met, 1 < 1\d\d$/);
    assertPolicy(
      await accept(node, payOn([coins[0]!], { fee: BigInt(size) - 2n })),
      /^min relay fee not met/,
    );
    const reserved = Uint8Array.of(0x52, 0x02, 0x01, 0x02);
    const amount = 4_999_990_000n;
    const toReserved = signedTransaction([spendable(coins[0]!)], [{ amount, lockingScript: reserved }]);
    assertPolicy(await accept(node, toReserved), /^scriptpubkey, output 0 has a reserved lock/);
    const dust = (least: bigint) =>
      signedTransaction(
        [spendable(coins[0]!)],
        [
          { amount, lockingScript },
          { amount: least, lockingScript },
        ],
      );
    assertPolicy(await accept(node, dust(341n)), /^dust, output 1 is worth less than 342/);
    assertPolicy(await accept(node, coinbase(102, [{ amount, lockingScript }])), /^coinbase, /);
    await assertAccepted(node, dust(342n));
    // A data output needs no amount.
    const data = { amount: 0n, lockingScript: Uint8Array.of(0x6a, 0x01, 0xff) };
    await assertAccepted(node, signedTransaction([spendable(coins[1]!)], [data, { amount, lockingScript }]));
    // A block may hold what policy refuses; what it pays to a reserved lock is not for us to spend either.
    const submitted = await submitWith(node, [
      signedTransaction([spendable(coins[2]!)], [{ amount, lockingScript: reserved }]),
    ]);
    const spending = makeTransaction({
      version: 1,
      inputs: [{ outpoint: outpoint(submitted), unlockingScript: new Uint8Array(), sequence: FINAL }],
      outputs: [{ amount: amount - 5000n, lockingScript }],
      lockTime: 0,
    });
    assertPolicy(await accept(node, spending), /^bad-txns-nonstandard-inputs, input 0/);
  });
});

test('an exact minimum fee is enough', async () => {
  await withMiningNode(async (node) => {
    const [coin] = await matureCoinbases(node, 1);
    // Signatures differ by a byte now and then: another lock time gives another signature.
    for (let lockTime = 1; lockTime < 100; lockTime++) {
      const poor = payOn([coin!], { fee: 166n, lockTime });
      if (poor.bytes.length === 167)
        assertPolicy(await accept(node, poor), /^min relay fee not met, 166 < 167$/);
      const payment = payOn([coin!], { fee: 167n, lockTime });
      if (payment.bytes.length !== 167) continue;
      await assertAccepted(node, payment);
      return;
    }
    assert.fail('no payment of 167 bytes');
  });
});

test('the same transaction from many at once is accepted once and known to the others', async () => {
  await withMiningNode(async (node) => {
    const [coin] = await matureCoinbases(node, 1);
    const payment = payOn([coin!]);
    const announced: string[] = [];
    node.mempool.onAccepted(({ txid: id }) => announced.push(id));
    const verdicts = await Promise.all([1, 2, 3].map((i) => accept(node, payment, `peer ${i}`)));
    assert.deepEqual(verdicts.map(({ status }) => status).sort(), ['accepted', 'known', 'known']);
    assert.deepEqual(announced, [txid(payment)]);
  });
});

test('spends of unconfirmed outputs: a chain sent all at once comes in as a chain', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const [coin] = await matureCoinbases(node, 1);
    const chain = [coin!];
    for (let i = 0; i < 10; i++) chain.push(payOn([chain[i]!]));
    const verdicts = await Promise.all(chain.slice(1).map((transaction) => accept(node, transaction)));
    assert.ok(verdicts.every(({ status }) => status === 'accepted'));
    const [, first, second] = chain;
    const entry = mempool.get(txid(second!))!;
    assert.deepEqual([...entry.parents], [mempool.get(txid(first!))]);
    assert.equal(entry.coins[0]!.height, 102);
    assert.equal(entry.coins[0]!.isCoinbase, false);
    assert.equal(await mempool.readCoin(outpoint(first!)), undefined);
    assert.equal((await mempool.readCoin(outpoint(chain[10]!)))!.amount, 5_000_000_000n - 10_000n);
    assert.equal(await mempool.readCoin(outpoint(coin!)), undefined);
    assert.deepEqual(
      mempool.byFeeRate().map(({ txid: id }) => id),
      chain.slice(1).map(txid),
    );
    await mine(node, 1);
    assert.equal(mempool.size, 0);
    assert.equal((await node.chain.readCoin(outpoint(chain[10]!)))!.height, 102);
  });
});

test('an output that its unconfirmed transaction does not have can never be spent', async () => {
  await withMiningNode(async (node) => {
    const [coin] = await matureCoinbases(node, 1);
    const data = { amount: 0n, lockingScript: Uint8Array.of(0x6a) };
    const own = { amount: 4_999_000_000n, lockingScript: miner.lockingScript };
    const parent = signedTransaction([spendable(coin!)], [own, data]);
    await assertAccepted(node, parent);
    for (const index of [1, 2]) {
      const spend = { ...spendable(parent), outpoint: outpoint(parent, index) };
      const child = signedTransaction([spend], [{ ...own, amount: 1000n }]);
      assertRejected(await accept(node, child), 'bad-txns-inputs-missingorspent');
    }
  });
});

test('24 ancestors are allowed, 25 are not, and the same for descendants', async () => {
  await withMiningNode(async (node) => {
    const coins = await matureCoinbases(node, 2);
    const line = [coins[0]!];
    for (let i = 0; i < 26; i++) line.push(payOn([line[i]!]));
    await assertAccepted(node, ...line.slice(1, 26));
    assertPolicy(
      await accept(node, line[26]!),
      /^too-long-mempool-chain, too many unconfirmed ancestors \[limit: 25\]/,
    );
    // One parent with many children.
    const fan = payOn([coins[1]!], { outputs: 25, fee: 5000n });
    await assertAccepted(node, fan);
    const children = Array.from({ length: 25 }, (_, i) =>
      signedTransaction([spendable(fan, i)], [{ amount: 1_000_000n, lockingScript: miner.lockingScript }]),
    );
    await assertAccepted(node, ...children.slice(0, 24));
    assertPolicy(
      await accept(node, children[24]!),
      /^too-long-mempool-chain, too many descendants for tx \w{64} \[limit: 25\]/,
    );
    // When a block has taken them, there is room again.
    await mine(node, 1);
    await assertAccepted(node, line[26]!, children[24]!);
  });
});

test('an orphan waits for its parent, wherever that comes from', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const coins = await matureCoinbases(node, 2);
    const parent = payOn([coins[0]!]);
    const child = payOn([parent]);
    const grandchild = payOn([child]);
    assert.deepEqual(await accept(node, grandchild), { status: 'orphan', missing: [txid(child)] });
    assert.deepEqual(await accept(node, child), { status: 'orphan', missing: [txid(parent)] });
    assert.equal(mempool.orphanCount, 2);
    assert.equal(mempool.size, 0);
    await assertAccepted(node, parent);
    await until(() => mempool.size === 3);
    assert.equal(mempool.orphanCount, 0);
    // A parent that only a block brings.
    const mined = payOn([coins[1]!]);
    const after = payOn([mined]);
    assert.equal((await accept(node, after)).status, 'orphan');
    await submitWith(node, [mined]);
    await until(() => mempool.has(txid(after)));
    assert.equal(mempool.get(txid(after))!.coins[0]!.height, 103);
  });
});

test('orphans are few: within a share, in all, and not for long', async () => {
  await withMiningNode(async (node) => {
    const { mempool, clock } = node;
    const orphan = (tag: number) =>
      payOn([
        makeTransaction({
          version: tag,
          inputs: [],
          outputs: [{ amount: 9000n, lockingScript: miner.lockingScript }],
          lockTime: 0,
        }),
      ]);
    for (let i = 0; i < 25; i++) await accept(node, orphan(i), 'one');
    assert.equal(mempool.orphanCount, 20);
    for (let i = 100; i < 300; i++) await accept(node, orphan(i), `peer ${i % 20}`);
    assert.equal(mempool.orphanCount, 100);
    clock.nowSec += 20 * 60;
    await accept(node, orphan(1000), 'late');
    assert.equal(mempool.orphanCount, 1);
  });
});

test('a block that spends the same coin throws out a transaction and all that depend on it', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const [a, b] = await matureCoinbases(node, 2);
    const loser = payOn([a!], { fee: 1000n });
    const child = payOn([loser]);
    const bystander = payOn([b!]);
    await assertAccepted(node, loser, child, bystander);
    const winner = payOn([a!], { fee: 2000n });
    await submitWith(node, [winner]);
    assert.deepEqual(
      mempool.byFeeRate().map(({ txid: id }) => id),
      [txid(bystander)],
    );
    assert.deepEqual(mempool.tip, node.chain.tip);
    // The coin is gone for good: what spends it is an orphan of a transaction that nobody can send.
    assert.equal((await accept(node, loser)).status, 'orphan');
  });
});

test('a block may take a parent and leave the child', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const [coin] = await matureCoinbases(node, 1);
    const parent = payOn([coin!]);
    const child = payOn([parent]);
    await assertAccepted(node, parent, child);
    await submitWith(node, [parent]);
    const entry = mempool.get(txid(child))!;
    assert.equal(entry.parents.size, 0);
    assert.equal(entry.coins[0]!.height, 102);
    await mine(node, 1);
    assert.equal(mempool.size, 0);
  });
});

test('what has waited for 14 days leaves with the next block', async () => {
  await withMiningNode(async (node) => {
    const { mempool, clock } = node;
    const [a, b] = await matureCoinbases(node, 2);
    const old = payOn([a!]);
    await assertAccepted(node, old, payOn([old]));
    clock.nowSec += 14 * 24 * 3600 - 1;
    await assertAccepted(node, payOn([b!]));
    await submitWith(node, []);
    assert.equal(mempool.size, 3);
    clock.nowSec += 1;
    await submitWith(node, []);
    assert.equal(mempool.size, 1);
  });
});

test('many at once, in any order, all end in the mempool, and then in a block', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const coins = await matureCoinbases(node, 4);
    const fans = coins.map((coin) => payOn([coin], { outputs: 20, fee: 5000n }));
    const spends = fans.flatMap((fan) =>
      fan.outputs.map((_, i) =>
        signedTransaction(
          [spendable(fan, i)],
          [{ amount: 1_000_000n + BigInt(i), lockingScript: miner.lockingScript }],
        ),
      ),
    );
    await Promise.all([...fans, ...spends].map((transaction) => accept(node, transaction)));
    assert.equal(mempool.size, 84);
    await mine(node, 1);
    assert.equal(mempool.size, 0);
    assert.equal(node.chain.tip.transactionCount, 85);
  });
});

test('blocks that come in while transactions are checked do not confuse it', async () => {
  await withMiningNode(async (node) => {
    const { mempool } = node;
    const coins = await matureCoinbases(node, 20);
    const payments = coins.map((coin) => payOn([coin]));
    const accepted = Promise.all(payments.map((payment) => accept(node, payment)));
    await mine(node, 5);
    const verdicts = await accepted;
    assert.ok(verdicts.every(({ status }) => status === 'accepted' || status === 'known'));
    await mine(node, 1);
    assert.equal(mempool.size, 0);
    for (const payment of payments) assert.ok(await node.chain.readCoin(outpoint(payment)));
  });
});

/** Connects a block with just these transactions; returns the first. */
async function submitWith({ chain }: MiningNode, transactions: readonly Transaction[]): Promise<Transaction> {
  const { tip } = chain;
  const block = solvedBlock({
    parent: { hash: tip.hashBytes, timeSec: tip.timeSec },
    height: tip.height + 1,
    lockingScript: miner.lockingScript,
    transactions,
    header: { timeSec: tip.timeSec + 1 },
  });
  const verdict = await chain.acceptBlock(block, { requested: true, source: 'test' });
  assert.equal(verdict.status, 'connected');
  return transactions[0]!;
}
