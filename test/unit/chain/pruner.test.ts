import assert from 'node:assert/strict';
import { cp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { Chain } from '../../../src/chain/chain.ts';
import type { PruneOptions } from '../../../src/chain/pruner.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { regtest } from '../../../src/params/regtest.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { chainOfBlocks, makeKeys } from '../../support/blocks.ts';
import { openChain, withFolder } from '../../support/chains.ts';
import { dataBlock } from '../../support/dataBlocks.ts';

const KEPT = 288;
const HEIGHT = 400;
const { lockingScript } = makeKeys();

/** From height 1 on. */
const trunk: Block[] = [];
for (let height = 1; height <= HEIGHT; height++)
  trunk.push(dataBlock(trunk.at(-1) ?? regtest.genesis, height, 3000));
const BLOCK_BYTES = trunk[0]!.bytes.length;

function blockAt(height: number): Block {
  return height === 0 ? regtest.genesis : trunk[height - 1]!;
}

describe('pruning', () => {
  let verifyPool: VerifyPool;
  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
  });
  after(() => verifyPool.close());

  const open = (dataDir: string, prune?: PruneOptions, onFatal?: (error: Error) => void) =>
    openChain(dataDir, {
      verifyPool,
      transactionIndex: false,
      ...(prune && { prune }),
      ...(onFatal && { onFatal }),
    });

  const add = async (chain: Chain, blocks: readonly Block[]) => {
    const verdicts = blocks.map((block) => chain.acceptBlock(block, { requested: true, source: 'test' }));
    return Promise.all(verdicts);
  };

  const read = (chain: Chain, height: number) => chain.readBlock(chain.nodeAt(height)!.hash);

  test('keeps the newest bytes, across a restart, and gives the disk back', async () => {
    await withFolder(async (dataDir) => {
      const blocks = join(dataDir, 'blocks');
      const whole = await open(dataDir);
      await add(whole, trunk.slice(0, 390));
      assert.equal(whole.lowestHeight, 0);
      assert.ok(whole.storedBytes >= 390 * BLOCK_BYTES);
      const { coinSet } = whole;
      await whole.close();
      const before = await diskBytes(blocks);

      const targetBytes = 300 * BLOCK_BYTES;
      const chain = await open(dataDir, { targetBytes });
      assert.deepEqual(chain.coinSet, coinSet);
      await add(chain, trunk.slice(390));
      // Deletes nothing, but waits for what is under way.
      await chain.pruneTo(0);
      await chain.close();
      const again = await open(dataDir, { targetBytes });
      assert.ok(again.storedBytes <= targetBytes, `${again.storedBytes} are not ${targetBytes}`);
      const lowest = again.lowestHeight;
      assert.ok(lowest > 400 - 300 && lowest <= HEIGHT - KEPT + 1, `from ${lowest} on`);
      assert.equal(await read(again, lowest - 1), undefined);
      assert.equal(await again.readSpentCoins(again.nodeAt(1)!), undefined);
      assert.ok(again.nodeAt(lowest - 1)!.isPruned);
      assert.deepEqual(await read(again, lowest), blockAt(lowest).bytes);
      assert.deepEqual(await read(again, 0), regtest.genesis.bytes);
      assert.deepEqual(await again.readBlocks([again.nodeAt(1)!, again.tip]), [
        undefined,
        trunk.at(-1)!.bytes,
      ]);
      assert.deepEqual(await again.recountCoins(), again.coinSet);
      const [verdict] = await add(again, [blockAt(1)]);
      assert.equal(verdict!.status, 'known', 'it need not come again');
      await again.close();
      const after = await diskBytes(blocks);
      assert.ok(after < before * 0.9, `${after} of ${before} bytes are left`);
    });
  });

  test('never deletes any of the newest 288 blocks, nor what is still read', async () => {
    await withFolder(async (dataDir) => {
      let needed = 50;
      const chain = await open(dataDir, { targetBytes: 1, neededFrom: () => needed });
      await add(chain, trunk);
      assert.equal(await chain.pruneTo(HEIGHT), 50);
      needed = HEIGHT;
      assert.equal(await chain.pruneTo(60), 60);
      assert.equal(await chain.pruneTo(HEIGHT), HEIGHT - KEPT + 1);
      assert.equal(chain.lowestHeight, HEIGHT - KEPT + 1);
      await chain.close();
    });
  });

  test('goes on when its owner condemns or reconsiders a block, and the way to the better chain was pruned', async () => {
    await withFolder(async (dataDir) => {
      const fatal: Error[] = [];
      const chain = await open(dataDir, { targetBytes: undefined }, (error) => fatal.push(error));
      await add(chain, trunk.slice(0, 330));
      const side = chainOfBlocks(blockAt(10), 10, 300, lockingScript);
      const longer = chainOfBlocks(blockAt(10), 10, 325, lockingScript, Uint8Array.of(5, 5));
      await add(chain, [...side, ...longer]);
      const condemned = chain.node(hashToHex(longer[0]!.header.hash))!;
      await chain.invalidate(condemned);
      assert.equal(chain.tip.height, 330);
      await chain.pruneTo(HEIGHT);
      assert.equal(chain.lowestHeight, 43);

      const refused = { name: 'PrunedError', message: /parts from ours after height 10/ };
      await assert.rejects(chain.reconsider(condemned), refused);
      assert.ok(condemned.isInvalid && chain.node(hashToHex(longer.at(-1)!.header.hash))!.isInvalid);
      const late = chain.nodeAt(305)!;
      await assert.rejects(chain.invalidate(late), refused);
      assert.equal(late.isInvalid, false);
      assert.equal(chain.tip.height, 330);
      await add(chain, trunk.slice(330, 332));
      assert.equal(chain.tip.height, 332);
      // Near enough to the tip, the rest of our own chain is the best there is.
      await chain.invalidate(chain.nodeAt(331)!);
      assert.equal(chain.tip.height, 330);
      assert.deepEqual(fatal, []);
      await chain.close();
    });
  });

  test('leaves a chain that can be reorganized as deep as its blocks go, and no deeper', async () => {
    await withFolder(async (dataDir) => {
      const fatal: Error[] = [];
      const chain = await open(dataDir, { targetBytes: undefined }, (error) => fatal.push(error));
      await add(chain, trunk.slice(0, 330));
      // A branch that is left, and so deep that its blocks go too.
      const stale = chainOfBlocks(blockAt(10), 10, 2, lockingScript);
      await add(chain, stale);
      assert.equal(await chain.pruneTo(HEIGHT), 43);
      assert.equal(await chain.readBlock(hashToHex(stale[0]!.header.hash)), undefined);

      const deepest = chainOfBlocks(blockAt(42), 42, 289, lockingScript);
      await add(chain, deepest);
      assert.equal(chain.tip.hash, hashToHex(deepest.at(-1)!.header.hash));
      assert.deepEqual(await chain.recountCoins(), chain.coinSet);

      const { tip } = chain;
      const deeper = chainOfBlocks(blockAt(41), 41, 291, lockingScript, Uint8Array.of(7, 7));
      const refused = /parts from ours after height 41, .* before height 43: .*--reindex/;
      await assert.rejects(add(chain, deeper), refused);
      assert.equal(chain.tip, tip);
      assert.match(fatal[0]!.message, refused);
      await chain.close();
      // The tip and its coins are whole; what is missing is the way to the better chain.
      const whole = await open(dataDir);
      assert.equal(whole.tip.hash, tip.hash);
      await whole.close();
    });
  });

  test('takes what a kill left lying between the commit and the deletion for nothing, and deletes it next time', async () => {
    await withFolder(async (dataDir) => {
      const blocks = join(dataDir, 'blocks');
      const whole = await open(dataDir);
      await add(whole, trunk.slice(0, 399));
      await whole.close();
      await cp(blocks, join(dataDir, 'kept'), { recursive: true });
      const chain = await open(dataDir, { targetBytes: undefined });
      assert.equal(await chain.pruneTo(100), 100);
      await chain.close();
      await rm(blocks, { recursive: true });
      await rename(join(dataDir, 'kept'), blocks);

      const killed = await open(dataDir, { targetBytes: undefined });
      assert.equal(killed.lowestHeight, 100);
      assert.equal(await read(killed, 99), undefined);
      await add(killed, [blockAt(HEIGHT)]);
      const before = await diskBytes(blocks);
      assert.equal(await killed.pruneTo(101), 101);
      await killed.close();
      const after = await diskBytes(blocks);
      assert.ok(after < before * 0.9, `${after} of ${before} bytes are left`);
      const again = await open(dataDir, { targetBytes: undefined });
      assert.equal(again.tip.height, HEIGHT);
      assert.deepEqual(await again.recountCoins(), again.coinSet);
      await again.close();
    });
  });

  test('does not keep a chain from closing that still has blocks to write', async () => {
    await withFolder(async (dataDir) => {
      const chain = await open(dataDir, { targetBytes: 1 });
      // More than one commit holds: the first is told of, and wants to be pruned, when nothing more is taken.
      const blocks = chainOfBlocks(regtest.genesis, 0, 2050, lockingScript);
      const added = add(chain, blocks);
      await chain.close();
      assert.equal((await added).at(-1)!.status, 'connected');
    });
  });
});

async function diskBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
