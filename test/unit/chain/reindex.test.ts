import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after as afterAll, before, describe, test } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import { isReindexUnfinished, reindex, removeReindexed } from '../../../src/chain/reindex.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { makeNetwork } from '../../../src/params/makeNetwork.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { makeBlock } from '../../../src/primitives/block.ts';
import { makeHeader } from '../../../src/primitives/header.ts';
import { Database } from '../../../src/store/database.ts';
import { chunkKey, FORMAT_KEY } from '../../../src/store/layout.ts';
import { DatabaseDamagedError, DatabaseInUseError } from '../../../src/store/storeErrors.ts';
import {
  after,
  COIN,
  chainOfBlocks,
  makeKeys,
  outpoint,
  signedTransaction,
  solvedBlock,
} from '../../support/blocks.ts';
import { openChain, TEST_CLOCK_SEC, withFolder } from '../../support/chains.ts';

const keys = makeKeys();
const trunk = chainOfBlocks(regtest.genesis, 0, 104, keys.lockingScript);
const payment = signedTransaction(
  [
    {
      outpoint: outpoint(trunk[0]!.transactions[0]!),
      lockingScript: keys.lockingScript,
      privateKey: keys.privateKey,
    },
  ],
  [{ amount: COIN, lockingScript: keys.lockingScript }],
);
const branch = chainOfBlocks(trunk[99]!, 100, 3, makeKeys().lockingScript);
const tip = solvedBlock({
  parent: after(trunk[103]!),
  height: 105,
  lockingScript: keys.lockingScript,
  transactions: [payment],
});

describe('reindex', () => {
  let verifyPool: VerifyPool;
  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
  });
  afterAll(() => verifyPool.close());
  const options = (dataDir: string) => ({
    dataDir,
    params: regtest,
    verifyPool,
    clockSec: () => TEST_CLOCK_SEC,
  });

  /** A chain with a side branch and blocks that arrived out of order. */
  async function fill(dataDir: string) {
    const chain = await openChain(dataDir, { verifyPool });
    const blocks = [...trunk.slice(0, 90), ...branch, ...trunk.slice(90).reverse(), tip];
    chain.acceptHeaders([...trunk, tip].map(({ header }) => header));
    chain.acceptHeaders(branch.map(({ header }) => header));
    for (const block of blocks) await chain.acceptBlock(block, { requested: true, source: 'test' });
    const { coinSet } = chain;
    assert.equal(chain.tip.hash, hashToHex(tip.header.hash));
    await chain.close();
    return coinSet;
  }

  async function opened(dataDir: string) {
    const chain = await openChain(dataDir, { verifyPool });
    const found = { tip: chain.tip.hash, coinSet: chain.coinSet, counted: await chain.recountCoins() };
    assert.ok(await chain.findTransaction(hashToHex(payment.hash)));
    await chain.close();
    return found;
  }

  test('makes a damaged database anew from the stored blocks', async () => {
    await withFolder(async (dataDir) => {
      const coinSet = await fill(dataDir);
      const folder = join(dataDir, 'chain');
      for (const name of readdirSync(folder).filter((file) => /\.(ldb|log)$/.test(file))) {
        const bytes = readFileSync(join(folder, name));
        for (let at = 40; at < bytes.length; at += 97) bytes[at]! ^= 0x55;
        writeFileSync(join(folder, name), bytes);
      }
      const damage = await openChain(dataDir, { verifyPool }).then(
        async (chain) => {
          const { tip: at } = chain;
          await chain.close();
          return at.height < 105 ? 'lost' : 'unnoticed';
        },
        (error) => (error instanceof DatabaseDamagedError ? 'noticed' : String(error)),
      );
      assert.notEqual(damage, 'unnoticed');
      const result = await reindex(options(dataDir));
      assert.deepEqual([result.height, result.blocks, result.damaged], [105, 108, 0]);
      assert.equal(isReindexUnfinished(dataDir), false);
      assert.deepEqual(await opened(dataDir), { tip: hashToHex(tip.header.hash), coinSet, counted: coinSet });
    });
  });

  test('takes over what an older version stored, which is refused until then', async () => {
    await withFolder(async (dataDir) => {
      const coinSet = await fill(dataDir);
      const sizes = { cacheMb: 8, writeBufferMb: 4 };
      const chain = await Database.open(dataDir, 'chain', sizes);
      await chain.write([[FORMAT_KEY, Uint8Array.of(1, 0, 0, 0)]], [], true);
      await chain.close();
      const blocks = await Database.open(dataDir, 'blocks', sizes);
      // One record a block, however long, under its id alone.
      for await (const [key, value] of blocks.entries('record', { gte: Buffer.of(0), lt: Buffer.of(255) }))
        await blocks.write([[key.subarray(0, 4), value]], [key], false);
      await blocks.close();
      await assert.rejects(openChain(dataDir, { verifyPool }), /older version .* \(format 1\).*--reindex/);
      const result = await reindex(options(dataDir));
      assert.deepEqual([result.height, result.damaged], [105, 0]);
      assert.deepEqual((await opened(dataDir)).coinSet, coinSet);
    });
  });

  test('keeps the blocks behind one that is lost, which alone is fetched', async () => {
    await withFolder(async (dataDir) => {
      const coinSet = await fill(dataDir);
      const lost = trunk[49]!;
      const fatal: Error[] = [];
      const damaged = await openChain(dataDir, { verifyPool, onFatal: (error) => fatal.push(error) });
      const { bodyId } = damaged.node(hashToHex(lost.header.hash))!;
      await damaged.close();
      const blocks = await Database.open(dataDir, 'blocks', { cacheMb: 8, writeBufferMb: 4 });
      await blocks.write([], [chunkKey(bodyId, 0)], true);
      await blocks.close();
      await reindex(options(dataDir));
      const chain = await openChain(dataDir, { verifyPool });
      assert.equal(chain.tip.height, 49);
      assert.equal(chain.bestHeader.hash, hashToHex(tip.header.hash));
      assert.deepEqual(
        chain.missingBodies(chain.bestHeader, 100).map(({ height }) => height),
        [50],
      );
      await chain.acceptBlock(lost, { requested: true, source: 'peer' });
      assert.deepEqual(chain.coinSet, coinSet);
      await chain.close();
    });
  });

  test('leaves the blocks of another network alone', async () => {
    await withFolder(async (dataDir) => {
      const coinSet = await fill(dataDir);
      const { header, transactions } = regtest.genesis;
      const genesis = makeBlock(makeHeader({ ...header, nonce: 77 }), transactions);
      const params = makeNetwork({ ...regtest, name: 'other', genesis: genesis.bytes });
      await assert.rejects(reindex({ ...options(dataDir), params }), {
        name: 'DatabaseForeignError',
        message: `${dataDir} holds the chain of regtest, not of other`,
      });
      assert.deepEqual((await opened(dataDir)).coinSet, coinSet);
      // Without the chain's database nothing but the blocks themselves can tell.
      await rm(join(dataDir, 'chain'), { recursive: true });
      await assert.rejects(openChain(dataDir, { verifyPool }), {
        name: 'DatabaseDamagedError',
        message: `${join(dataDir, 'chain')} is empty, and the blocks of a chain are there`,
      });
      await assert.rejects(reindex({ ...options(dataDir), params }), {
        name: 'DatabaseForeignError',
        message: /none of its 108 blocks follows the genesis block of other/,
      });
      await reindex(options(dataDir));
      assert.deepEqual((await opened(dataDir)).coinSet, coinSet);
    });
  });

  test('begins anew where it was killed', async () => {
    await withFolder(async (dataDir) => {
      const coinSet = await fill(dataDir);
      await rename(join(dataDir, 'blocks'), join(dataDir, 'blocks.old'));
      assert.equal(isReindexUnfinished(dataDir), true);
      await reindex(options(dataDir));
      assert.deepEqual((await opened(dataDir)).coinSet, coinSet);
    });
  });

  test('a kill at any step forgets neither the headers of blocks that are gone nor what the owner condemned', async () => {
    await withFolder(async (dataDir) => {
      await fill(dataDir);
      const chain = await openChain(dataDir, { verifyPool });
      const { bodyId } = chain.nodeAt(1)!;
      await chain.invalidate(chain.nodeAt(101)!);
      await chain.close();
      const blocks = await Database.open(dataDir, 'blocks', { cacheMb: 8, writeBufferMb: 4 });
      await blocks.write([], [chunkKey(bodyId, 0)], true);
      await blocks.close();
      const ended = new Error('ended');
      const onProgress = (done: number) => {
        if (done === 60) throw ended;
      };
      await assert.rejects(reindex({ ...options(dataDir), onProgress }), ended);
      assert.equal(isReindexUnfinished(dataDir), true);
      await removeReindexed(dataDir);
      // As if it had been killed before the new database had any headers.
      await rm(join(dataDir, 'chain'), { recursive: true });
      const result = await reindex(options(dataDir));
      assert.deepEqual([result.height, result.blocks], [0, 107]);
      assert.deepEqual(readdirSync(dataDir).sort(), ['blocks', 'chain']);
      const again = await openChain(dataDir, { verifyPool });
      assert.equal(again.bestHeader.height, 103);
      assert.equal(again.node(hashToHex(trunk[100]!.header.hash))!.invalidBy, 'owner');
      await again.acceptBlock(trunk[0]!, { requested: true, source: 'peer' });
      assert.equal(again.tip.hash, hashToHex(branch.at(-1)!.header.hash));
      await again.close();
    });
  });

  test('ends when it is told to, and begins anew the next time', async () => {
    await withFolder(async (dataDir) => {
      const coinSet = await fill(dataDir);
      for (const at of [0, 50]) {
        const stop = new AbortController();
        const onProgress = (done: number) => {
          if (done === at) stop.abort(new Error(`told to at ${at}`));
        };
        await assert.rejects(reindex({ ...options(dataDir), onProgress, signal: stop.signal }), {
          message: `told to at ${at}`,
        });
      }
      await assert.rejects(reindex({ ...options(dataDir), signal: AbortSignal.abort(new Error('before')) }), {
        message: 'before',
      });
      await reindex(options(dataDir));
      assert.deepEqual((await opened(dataDir)).coinSet, coinSet);
    });
  });

  test('moves nothing away under a running node', async () => {
    await withFolder(async (dataDir) => {
      await fill(dataDir);
      const chain = await openChain(dataDir, { verifyPool });
      await assert.rejects(reindex(options(dataDir)), DatabaseInUseError);
      assert.equal(isReindexUnfinished(dataDir), false);
      await chain.close();
    });
  });

  test('a kill while the old blocks are taken away, at the very end, costs nothing', async () => {
    await withFolder(async (dataDir) => {
      const coinSet = await fill(dataDir);
      const done = join(dataDir, 'blocks.done');
      mkdirSync(done);
      writeFileSync(join(done, '000005.ldb'), 'what was left');
      assert.equal(isReindexUnfinished(dataDir), false);
      await removeReindexed(dataDir);
      assert.equal(existsSync(done), false);
      mkdirSync(done);
      await reindex(options(dataDir));
      assert.equal(existsSync(done), false);
      assert.deepEqual((await opened(dataDir)).coinSet, coinSet);
    });
  });

  test('loses no block to a clock that was set back', async () => {
    await withFolder(async (dataDir) => {
      const coinSet = await fill(dataDir);
      const clockSec = () => trunk[0]!.header.timeSec - 100_000;
      const { height } = await reindex({ ...options(dataDir), clockSec });
      assert.equal(height, 105);
      assert.deepEqual((await opened(dataDir)).coinSet, coinSet);
    });
  });

  test('remembers what the owner has condemned', async () => {
    await withFolder(async (dataDir) => {
      await fill(dataDir);
      const chain = await openChain(dataDir, { verifyPool });
      await chain.invalidate(chain.nodeAt(101)!);
      const at = chain.tip.hash;
      assert.equal(at, hashToHex(branch.at(-1)!.header.hash));
      await chain.close();
      await reindex(options(dataDir));
      const again = await openChain(dataDir, { verifyPool });
      assert.equal(again.tip.hash, at);
      assert.equal(again.node(hashToHex(tip.header.hash))!.invalidBy, 'owner');
      await again.close();
    });
  });
});
