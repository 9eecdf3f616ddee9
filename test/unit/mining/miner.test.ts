import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashToHex } from '../../../src/bytes/hex.ts';
import { decodeBlock } from '../../../src/primitives/block.ts';
import { makeKeys, solvedBlock } from '../../support/blocks.ts';
import { TEST_CLOCK_SEC } from '../../support/chains.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { networkOfBits } from '../../support/networkOfBits.ts';

const keys = makeKeys();

async function coinbaseOutput(node: MiningNode, hash: string) {
  const block = decodeBlock((await node.chain.readBlock(hash))!);
  return block.transactions[0]!.outputs[0]!;
}

/** Resolves when the chain has reached the height. */
function reached({ chain }: MiningNode, height: number): Promise<void> {
  return new Promise((resolve) => {
    chain.onChange(({ tip }) => {
      if (tip.height >= height) resolve();
    });
  });
}

test('generates blocks that pay to the lock, one on top of the other', async () => {
  await withMiningNode(async (node) => {
    const hashes = await node.miner.generate(20, keys.lockingScript);
    assert.equal(hashes.length, 20);
    assert.equal(node.chain.tip.hash, hashes[19]);
    assert.deepEqual(
      hashes.map((_, i) => node.chain.nodeAt(i + 1)!.hash),
      hashes,
    );
    for (const hash of hashes) {
      const { amount, lockingScript } = await coinbaseOutput(node, hash);
      assert.equal(amount, 5_000_000_000n);
      assert.deepEqual(Buffer.from(lockingScript), Buffer.from(keys.lockingScript));
    }
    // The clock is far ahead of the genesis block, so the first blocks take its time; later ones go past the median.
    assert.equal(node.chain.nodeAt(1)!.timeSec, TEST_CLOCK_SEC);
    assert.ok(node.chain.tip.timeSec >= TEST_CLOCK_SEC);
    assert.equal(node.miner.status().blocksFound, 20);
  });
});

test('calls of generate that overlap wait for one another', async () => {
  await withMiningNode(async ({ chain, miner }) => {
    const calls = await Promise.all([3, 4, 5].map((count) => miner.generate(count, keys.lockingScript)));
    assert.equal(chain.tip.height, 12);
    assert.equal(new Set(calls.flat()).size, 12);
    assert.equal(chain.tip.hash, calls[2]![4]);
    assert.deepEqual(await miner.generate(0, keys.lockingScript), []);
  });
});

test('mines in threads until stopped, each block once', async () => {
  await withMiningNode(async (node) => {
    const { chain, miner } = node;
    const done = reached(node, 12);
    miner.start({ threads: 2, lockingScript: keys.lockingScript, pauseMs: 0 });
    assert.throws(() => miner.start({ threads: 1, lockingScript: keys.lockingScript }), /running already/);
    await done;
    const running = miner.status();
    assert.equal(running.mining, true);
    assert.equal(running.threads, 2);
    assert.ok(running.hashesPerSecond > 0);
    assert.equal(running.lockingScript, keys.lockingScript);
    await miner.stop();
    const { height } = chain.tip;
    const stopped = miner.status();
    assert.equal(stopped.mining, false);
    assert.equal(stopped.blocksFound, height);
    assert.equal(stopped.lastError, undefined);
    assert.equal(stopped.hashesPerSecond, 0);
    // It can be started again, and goes on where the chain is.
    const more = reached(node, height + 3);
    miner.start({ threads: 1, lockingScript: keys.lockingScript, pauseMs: 0 });
    await more;
  });
});

test('turns to a tip that another has found', async () => {
  await withMiningNode(async (node) => {
    const { chain, miner } = node;
    // With this pause it would find one block and then none for long.
    const first = reached(node, 1);
    miner.start({ threads: 1, lockingScript: keys.lockingScript, pauseMs: 500 });
    await first;
    const tip = chain.nodeAt(1)!;
    const other = solvedBlock({
      parent: { hash: tip.hashBytes, timeSec: tip.timeSec },
      height: 2,
      lockingScript: makeKeys().lockingScript,
    });
    const third = reached(node, 3);
    const verdict = await chain.acceptBlock(other, { requested: true, source: 'other' });
    assert.equal(verdict.status, 'connected');
    await third;
    assert.equal(chain.nodeAt(2)!.hash, hashToHex(other.header.hash));
    const { lockingScript } = await coinbaseOutput(node, chain.nodeAt(3)!.hash);
    assert.deepEqual(Buffer.from(lockingScript), Buffer.from(keys.lockingScript));
  });
});

test('a block that is refused stops neither the miner nor the process, and is told of', async () => {
  await withMiningNode(async ({ miner, chain }) => {
    // The lock is none that the rules know, so every block is invalid.
    const bad = Uint8Array.of(0xac);
    await assert.rejects(miner.generate(1, bad), /bad-txns-locking-script/);
    assert.equal(chain.tip.height, 0);
    miner.start({ threads: 1, lockingScript: bad, pauseMs: 0 });
    while (miner.status().lastError === undefined) await new Promise(setImmediate);
    assert.match(miner.status().lastError!, /bad-txns-locking-script/);
    await miner.stop();
    assert.equal(miner.status().blocksFound, 0);
    assert.equal((await miner.generate(1, keys.lockingScript)).length, 1);
  });
});

test('stopping ends generate too', async () => {
  await withMiningNode(async ({ miner }) => {
    const run = miner.generate(100_000, keys.lockingScript);
    const queued = miner.generate(1, keys.lockingScript);
    const outcome = Promise.allSettled([run, queued]);
    await new Promise(setImmediate);
    await miner.stop();
    for (const result of await outcome) {
      assert.equal(result.status, 'rejected');
      assert.match(String(result.reason), /stopped/);
    }
  });
});

/** A block takes 2^16 hashes on average: 10 ms on one thread. */
const slow = networkOfBits(0x1f00ffff);

test('finds as many blocks as its hashes should', async () => {
  await withMiningNode(
    async (node) => {
      const blocks = 150;
      const done = reached(node, blocks);
      node.miner.start({ threads: 2, lockingScript: keys.lockingScript, pauseMs: 0 });
      await done;
      const { hashes } = node.miner.status();
      await node.miner.stop();
      // The sum of so many geometric variables: n 2^16 on average, with a deviation of sqrt(n) 2^16. Five of them either way
      // are passed in one of 1.7 million runs. What the threads hash while a block is on its way in is lost, but little.
      const perBlock = hashes / blocks / 2 ** 16;
      assert.ok(
        Math.abs(perBlock - 1) < 5 / Math.sqrt(blocks),
        `${perBlock.toFixed(3)} times what theory says`,
      );
      assert.equal(node.miner.status().lastError, undefined);
    },
    { params: slow },
  );
});

test('says how long a block will take', async () => {
  await withMiningNode(
    async ({ miner }) => {
      assert.equal(miner.status().expectedSec, undefined);
      miner.start({ threads: 1, lockingScript: keys.lockingScript });
      while (miner.status().hashesPerSecond === 0) await sleep(5);
      const { expectedSec, hashesPerSecond, kernel } = miner.status();
      // 2^256 over the target plus one.
      assert.equal(Math.round(expectedSec! * hashesPerSecond), 4295032833);
      assert.equal(kernel, 'simd');
    },
    { params: networkOfBits(0x1d00ffff) },
  );
});

test('no header is tried twice, by any thread: each template has an extra nonce of its own', async () => {
  await withMiningNode(async (node) => {
    const done = reached(node, 40);
    node.miner.start({ threads: 2, lockingScript: keys.lockingScript, pauseMs: 0 });
    await done;
    await node.miner.stop();
    const extraNonces = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const block = decodeBlock((await node.chain.readBlock(node.chain.nodeAt(i + 1)!.hash))!);
        return Buffer.from(block.transactions[0]!.inputs[0]!.unlockingScript.subarray(-8)).readBigUInt64LE();
      }),
    );
    assert.equal(new Set(extraNonces).size, 40);
    // Counted up: so none can come again before 2^64 were used.
    for (const [i, extraNonce] of extraNonces.entries()) {
      const former = extraNonces[i - 1];
      if (former !== undefined) assert.ok(BigInt.asUintN(64, extraNonce - former) < 1000n);
    }
  });
});
