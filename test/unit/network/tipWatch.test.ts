import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Chain } from '../../../src/chain/chain.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { clockOffset } from '../../../src/network/clockOffset.ts';
import { TipWatch } from '../../../src/network/tipWatch.ts';
import type { NetworkParams } from '../../../src/params/networkParams.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { chainOfBlocks, makeKeys } from '../../support/blocks.ts';
import { TEST_CLOCK_SEC, withFolder } from '../../support/chains.ts';

type Claim = { id: string; chainWork: bigint; height: number; isRefused?: boolean };

/** A watch over a real chain; what it does and says is written down. */
async function withWatch(
  params: NetworkParams,
  run: (watch: TipWatch, chain: Chain, peers: Claim[], done: string[]) => Promise<void> | void,
): Promise<void> {
  await withFolder(async (dataDir) => {
    const verifyPool = await VerifyPool.open({ threads: 1 });
    const chain = await Chain.open({ dataDir, params, verifyPool, clockSec: () => TEST_CLOCK_SEC });
    const peers: Claim[] = [];
    const done: string[] = [];
    const log = pino(
      { level: 'warn' },
      { write: (line: string) => void done.push(`told: ${JSON.parse(line).msg}`) },
    );
    const watch = new TipWatch({
      chain,
      introduced: () => peers.map((peer) => ({ isRefused: false, ...peer })),
      disconnect: ({ id }) => void done.push(`let ${id} go`),
      lookForMore: (extra) => void (extra > 0 && done.push(`look for ${extra} more`)),
      compare: () => void done.push('compare'),
      signal: new AbortController().signal,
      log,
    });
    try {
      await run(watch, chain, peers, done);
    } finally {
      await chain.close();
      await verifyPool.close();
    }
  });
}

const count = (done: readonly string[], start: string) =>
  done.filter((what) => what.startsWith(start)).length;

test('a tip that stays behind what peers claim is told of once, and who shows nothing is let go', () =>
  withWatch(regtest, async (watch, chain, peers, done) => {
    const startMs = Date.now();
    watch.look(startMs);
    peers.push({ id: 'honest', chainWork: chain.tip.chainWork, height: 0 });
    peers.push({ id: 'liar', chainWork: 10n ** 30n, height: 1_000_000 });
    // Its headers are too new for our clock, or on top of a block that our owner has condemned.
    peers.push({ id: 'refused', chainWork: 10n ** 30n, height: 1_000_000, isRefused: true });
    watch.look(startMs);
    watch.look(startMs + 59_999);
    assert.equal(done.length, 0);
    watch.look(startMs + 60_000);
    assert.deepEqual(done.splice(0), [
      'told: the chain stays behind what peers claim: asking them again, and looking for others',
      'compare',
      'look for 2 more',
    ]);
    watch.look(startMs + 179_999);
    assert.equal(count(done, 'told'), 0, 'once');
    assert.equal(count(done, 'let'), 0);
    watch.look(startMs + 180_000);
    assert.deepEqual(
      done.filter((what: string) => what.startsWith('let')),
      ['let liar go'],
    );
    // A new tip begins all anew.
    for (const block of chainOfBlocks(regtest.genesis, 0, 1, makeKeys().lockingScript)) {
      await chain.acceptBlock(block, { requested: true, source: 'test' });
    }
    done.splice(0);
    watch.look(startMs + 190_000);
    watch.look(startMs + 249_999);
    assert.deepEqual(done, []);
  }));

test('no block for three spacings: others are looked for; for twelve: a word', () => {
  const params = { ...regtest, retargetBlocks: 4032 };
  return withWatch(params, (watch, chain, peers, done) => {
    const startMs = Date.now();
    peers.push({ id: 'peer', chainWork: chain.tip.chainWork, height: 0 });
    watch.look(startMs);
    watch.look(startMs + 3 * 300_000 - 1000);
    assert.deepEqual(done, []);
    watch.look(startMs + 3 * 300_000 + 1000);
    assert.deepEqual(done.splice(0), ['compare', 'look for 2 more']);
    watch.look(startMs + 12 * 300_000 + 1000);
    watch.look(startMs + 13 * 300_000);
    assert.equal(count(done, 'told: no block for an improbable time'), 1);
    // Without peers that is no wonder.
    peers.pop();
    done.splice(0);
    watch.look(startMs + 14 * 300_000);
    assert.deepEqual(done, []);
  });
});

test('what passed while this machine slept, or its clock was wrong, does not count', () => {
  const params = { ...regtest, retargetBlocks: 4032 };
  return withWatch(params, (watch, chain, peers, done) => {
    const startMs = Date.now();
    const wokeMs = startMs + 10 * 3_600_000;
    peers.push({ id: 'ahead', chainWork: chain.tip.chainWork + 100n, height: 50 });
    watch.look(startMs);
    watch.beginAnew(wokeMs);
    watch.look(wokeMs);
    assert.deepEqual(done, []);
    watch.look(wokeMs + 60_000);
    assert.deepEqual(done.splice(1), ['compare', 'look for 2 more']);
    // Set back by a day.
    peers.pop();
    peers.push({ id: 'level', chainWork: chain.tip.chainWork, height: 0 });
    const backMs = startMs - 24 * 3_600_000;
    watch.beginAnew(backMs);
    done.splice(0);
    watch.look(backMs + 3 * 300_000 + 1000);
    assert.deepEqual(done, ['compare', 'look for 2 more']);
  });
});

test('where blocks are made on demand a long pause means nothing', () =>
  withWatch(regtest, (watch, chain, peers, done) => {
    peers.push({ id: 'peer', chainWork: chain.tip.chainWork, height: 0 });
    watch.look(Date.now());
    watch.look(Date.now() + 10 ** 8);
    assert.deepEqual(done, []);
  }));

test('the clock is held against the median of the peers that we chose', () => {
  const peer = (direction: 'inbound' | 'outbound', clockOffsetSec: number) => ({ direction, clockOffsetSec });
  assert.equal(clockOffset([]), undefined);
  assert.equal(clockOffset([peer('inbound', 700)]), 700);
  assert.equal(clockOffset([peer('inbound', 700), peer('inbound', 0), peer('inbound', 1)]), 1);
  // One of two that is wrong is no alarm; two that agree are.
  assert.equal(clockOffset([peer('outbound', 900), peer('outbound', -1)]), -1);
  assert.equal(clockOffset([peer('outbound', -900), peer('outbound', 2)]), 2);
  assert.equal(clockOffset([peer('outbound', -900), peer('outbound', -901)]), -900);
  // Whoever calls us can lie about the time as often as he likes.
  assert.equal(
    clockOffset([peer('outbound', 3), ...Array.from({ length: 9 }, () => peer('inbound', 9999))]),
    3,
  );
});
