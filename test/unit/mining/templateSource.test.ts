import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesToHex, hashToHex } from '../../../src/bytes/hex.ts';
import { checkProposal } from '../../../src/mining/checkProposal.ts';
import { blockOfTemplate, splitCoinbase } from '../../../src/mining/template.ts';
import { TemplateSource } from '../../../src/mining/templateSource.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { makeKeys } from '../../support/blocks.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { matureCoinbases, mine, payOn } from '../../support/payments.ts';

const { lockingScript } = makeKeys();

function sourceOf({ chain, mempool, clock }: MiningNode, feesAfterMs?: number): TemplateSource {
  const templates = new TemplateSource({
    chain,
    mempool,
    clockSec: () => clock.nowSec,
    ...(feesAfterMs !== undefined && { feesAfterMs }),
  });
  chain.onChange(() => templates.update());
  return templates;
}

/** Whether it has resolved by now. */
async function isDone(promise: Promise<void>): Promise<boolean> {
  const pending = {};
  return (await Promise.race([promise, sleep(50).then(() => pending)])) !== pending;
}

test('every template has a coinbase of its own, pays whom it should, and has the time of the clock', async () => {
  await withMiningNode(async (node) => {
    const templates = sourceOf(node);
    const other = makeKeys().lockingScript;
    const made = [lockingScript, lockingScript, other].map((payee) => templates.template(payee));
    assert.equal(new Set(made.map(({ transactions }) => hashToHex(transactions[0]!.hash))).size, 3);
    assert.equal(bytesToHex(made[2]!.transactions[0]!.outputs[0]!.lockingScript), bytesToHex(other));
    node.clock.nowSec += 100;
    assert.equal(templates.template(other).header.timeSec, made[0]!.header.timeSec + 100);
    const [before, behind] = splitCoinbase(made[0]!);
    const { bytes, inputs } = made[0]!.transactions[0]!;
    const extra = inputs[0]!.unlockingScript.subarray(-8);
    assert.deepEqual(Buffer.concat([before, extra, behind]), Buffer.from(bytes));
  });
});

test('who waits is told of a new tip at once, of fees after a while, and of nothing else', async () => {
  await withMiningNode(async (node) => {
    const [coinbase] = await matureCoinbases(node, 1);
    const templates = sourceOf(node, 200);
    const { id } = templates;
    const waiting = templates.waitForBetter(id);
    assert.equal(await isDone(waiting), false);
    await mine(node, 1);
    assert.equal(await isDone(waiting), true);
    assert.notEqual(templates.id, id);
    assert.equal(await isDone(templates.waitForBetter(id)), true);
    assert.equal(await isDone(templates.waitForBetter('')), true);
    assert.equal(await isDone(templates.waitForBetter(`${node.chain.tip.hash}x`)), true);

    const sinceMs = performance.now();
    const forFees = templates.waitForBetter(templates.id);
    assert.equal((await node.mempool.accept(payOn([coinbase!]), { source: 'test' })).status, 'accepted');
    await forFees;
    const waitedMs = performance.now() - sinceMs;
    assert.ok(waitedMs >= 200, `${waitedMs} ms`);
    const forEnd = templates.waitForBetter(`${node.chain.tip.hash}1`);
    assert.equal(await isDone(forEnd), false);
    templates.close();
    assert.equal(await isDone(forEnd), true);
    assert.equal(await isDone(templates.waitForBetter(templates.id)), true);
  });
});

test("the payee's own output counts among those that a block may have", async () => {
  for (const [outputs, length] of [
    [2, 2],
    [3, 1],
  ] as const) {
    // Three in all: one for every 50 bytes, less 2,000.
    const params = { ...regtest, maxBlockBytes: 2003 * 50 };
    await withMiningNode(
      async (node) => {
        const [coinbase] = await matureCoinbases(node, 1);
        await node.mempool.accept(payOn([coinbase!], { outputs }), { source: 'test' });
        const templates = sourceOf(node);
        assert.equal(templates.template(lockingScript).transactions.length, length);
        templates.close();
      },
      { params },
    );
  }
});

test('no more than so many wait', async () => {
  await withMiningNode(async (node) => {
    const templates = sourceOf(node);
    const waiting = Array.from({ length: 256 }, () => templates.waitForBetter(templates.id));
    assert.equal(await isDone(Promise.race(waiting)), false);
    assert.equal(await isDone(templates.waitForBetter(templates.id)), true);
    await mine(node, 1);
    await Promise.all(waiting);
    templates.close();
  });
});

test('a proposal with a payment that is nowhere else is verified to the last signature', async () => {
  await withMiningNode(async (node) => {
    const { chain, mempool, verifyPool, clock } = node;
    const [coinbase] = await matureCoinbases(node, 1);
    await mempool.accept(payOn([coinbase!]), { source: 'test' });
    const templates = sourceOf(node);
    const block = blockOfTemplate(templates.template(lockingScript), 0);
    assert.equal(block.transactions.length, 2);
    const ask = () =>
      checkProposal(block, { chain, verifyPool, isVerified: () => false, nowSec: clock.nowSec });
    const before = verifyPool.checked;
    assert.equal(await ask(), 'valid');
    assert.equal(verifyPool.checked, before + 1);
    assert.equal(chain.tip.height, 101);
    await mine(node, 1);
    assert.equal(await ask(), 'other-parent');
    templates.close();
  });
});
