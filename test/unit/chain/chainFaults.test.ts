import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after as afterAll, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { BlockVerdict } from '../../../src/chain/blockVerdict.ts';
import type { Chain } from '../../../src/chain/chain.ts';
import { type ChainChange, ChangeLog } from '../../../src/chain/chainChange.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { regtest } from '../../../src/params/regtest.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { Database } from '../../../src/store/database.ts';
import { chunkKey, coinKey } from '../../../src/store/layout.ts';
import {
  after,
  COIN,
  chainOfBlocks,
  makeKeys,
  outpoint,
  signedTransaction,
  solvedBlock,
} from '../../support/blocks.ts';
import { openChain, withChain, withFolder } from '../../support/chains.ts';
import { dataBlock } from '../../support/dataBlocks.ts';

const keys = makeKeys();
const trunk = chainOfBlocks(regtest.genesis, 0, 60, keys.lockingScript);
/** Its first reward can be spent. */
const longTrunk = chainOfBlocks(regtest.genesis, 0, 110, keys.lockingScript);

function accept(chain: Chain, block: Block, requested = true): Promise<BlockVerdict> {
  return chain.acceptBlock(block, { requested, source: 'test' });
}

/** What others wait for until it is opened. */
function latch(): { open: () => void; opened: Promise<void> } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('a chain under load and in trouble', () => {
  let verifyPool: VerifyPool;
  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
  });
  afterAll(() => verifyPool.close());

  test('the same block ten times at once connects once', async () => {
    await withChain(
      async (chain) => {
        const verdicts = await Promise.all(Array.from({ length: 10 }, () => accept(chain, trunk[0]!)));
        assert.deepEqual(
          verdicts.map(({ status }) => status),
          ['connected', ...new Array<string>(9).fill('known')],
        );
      },
      { verifyPool },
    );
  });

  test('a whole chain at once in the wrong order, headers in between, ends at its tip', async () => {
    await withChain(
      async (chain) => {
        const verdicts: Promise<BlockVerdict>[] = [];
        for (const [i, block] of trunk.toReversed().entries()) {
          verdicts.push(accept(chain, block));
          if (i === 30) chain.acceptHeaders(trunk.slice(0, 20).map(({ header }) => header));
        }
        await Promise.all(verdicts);
        // What came before its parent beyond the bounds of the orphan pool is asked for again.
        for (const block of trunk) await accept(chain, block);
        assert.equal(chain.tip.height, 60);
        assert.deepEqual(await chain.recountCoins(), chain.coinSet);
      },
      { verifyPool },
    );
  });

  test('a bad body is told of at once, and its block may come anew before all is committed', async () => {
    await withChain(
      async (chain) => {
        const [first, second, ...rest] = trunk;
        const changed = Buffer.from(second!.bytes);
        changed[changed.length - 5]! ^= 1;
        chain.acceptHeaders(trunk.map(({ header }) => header));
        const told: string[] = [];
        const tell = (name: string) => (verdict: BlockVerdict) => void told.push(`${name} ${verdict.status}`);
        const takeIn = (bytes: Uint8Array) => chain.acceptBlock(bytes, { requested: true, source: 'test' });
        // However slow all is: nothing is committed before those who follow the chain have heard of it.
        const refused = latch();
        chain.onChange(() => Promise.race([refused.opened, sleep(60_000, undefined, { ref: false })]));
        await Promise.all([
          accept(chain, first!).then(tell('the first')),
          takeIn(changed)
            .then(tell('the changed one'))
            .finally(refused.open)
            .then(() => accept(chain, second!))
            .then(tell('the second')),
          ...rest.map((block) => accept(chain, block)),
        ]);
        assert.deepEqual(told, ['the changed one rejected', 'the first connected', 'the second connected']);
        assert.equal(chain.tip.height, trunk.length);
      },
      { verifyPool },
    );
  });

  test('headers that do not hang together are refused, known ones too', async () => {
    await withChain(
      async (chain) => {
        chain.acceptHeaders(trunk.map(({ header }) => header));
        const result = chain.acceptHeaders([trunk[4]!.header, trunk[7]!.header]);
        assert.ok('rejection' in result);
        assert.equal(result.rejection.code, 'bad-prevblk');
        assert.equal(result.index, 1);
        // The genesis block has no parent, and may still begin a run.
        assert.ok('nodes' in chain.acceptHeaders([regtest.genesis.header, trunk[0]!.header]));
      },
      { verifyPool },
    );
  });

  test('a block that fails deep in a better branch leaves nothing behind, and nobody is told', async () => {
    await withChain(
      async (chain) => {
        await Promise.all(trunk.map((block) => accept(chain, block)));
        const { tip, coinSet } = chain;
        const told: ChainChange[] = [];
        chain.onChange((change) => void told.push(change));
        const good = chainOfBlocks(trunk[0]!, 1, 49, keys.lockingScript, Uint8Array.of(7, 7));
        const greedy = solvedBlock({
          parent: after(good.at(-1)!),
          height: 51,
          lockingScript: keys.lockingScript,
          amount: 51n * COIN,
        });
        const more = chainOfBlocks(greedy, 51, 20, keys.lockingScript);
        // Headers and all the bodies but the first, which then links the whole branch at once.
        const branch = [...good, greedy, ...more];
        chain.acceptHeaders(branch.map(({ header }) => header));
        assert.equal(chain.missingBodies(chain.bestHeader, 100).length, branch.length);
        await Promise.all(branch.slice(1).map((block) => accept(chain, block)));
        assert.equal((await accept(chain, branch[0]!)).status, 'stored');
        assert.deepEqual([chain.tip, chain.coinSet, told], [tip, coinSet, []]);
        assert.equal(chain.bestHeader, tip);
        assert.deepEqual(await chain.recountCoins(), coinSet);
        // What is good of that branch goes on.
        const honest = chainOfBlocks(good.at(-1)!, 50, 11, keys.lockingScript, Uint8Array.of(8, 8));
        const verdicts = await Promise.all(honest.map((block) => accept(chain, block)));
        assert.equal(verdicts.at(-1)!.status, 'connected');
        assert.equal(chain.tip.height, 61);
        assert.deepEqual(await chain.recountCoins(), chain.coinSet);
        assert.deepEqual(
          told.map(({ disconnected, connected }) => [disconnected.length, connected.length]),
          [[59, 60]],
        );
      },
      { verifyPool },
    );
  });

  test('closing finishes the blocks that wait, and takes no more', async () => {
    await withFolder(async (dataDir) => {
      const chain = await openChain(dataDir, { verifyPool });
      const verdicts = trunk.slice(0, 59).map((block) => accept(chain, block));
      const closed = chain.close();
      await assert.rejects(accept(chain, trunk[59]!), /closed/);
      await closed;
      const statuses = new Set((await Promise.all(verdicts)).map(({ status }) => status));
      assert.deepEqual([...statuses], ['connected']);
      const again = await openChain(dataDir, { verifyPool });
      assert.equal(again.tip.height, 59);
      await again.close();
    });
  });

  test('closing after a failure waits for the commit that is under way, and its followers are told', async () => {
    await withFolder(async (dataDir) => {
      const isVerified = () => {
        throw new Error('the mempool is broken');
      };
      // Each block begins a commit, which ends when its followers have been told: of the last one not before they may be.
      const chain = await openChain(dataDir, { verifyPool, isVerified, commitBytes: 1 });
      const mayHear = latch();
      const told: number[] = [];
      chain.onChange(async ({ tip }) => {
        if (tip.height === longTrunk.length) await mayHear.opened;
        told.push(tip.height);
      });
      const spender = { outpoint: outpoint(longTrunk[0]!.transactions[0]!), ...keys };
      const payment = signedTransaction([spender], [{ amount: COIN, lockingScript: keys.lockingScript }]);
      const last = solvedBlock({
        parent: after(longTrunk.at(-1)!),
        height: longTrunk.length + 1,
        lockingScript: keys.lockingScript,
        transactions: [payment],
      });
      const verdicts = Promise.allSettled(longTrunk.map((block) => accept(chain, block)));
      await assert.rejects(accept(chain, last), /the mempool is broken/);
      const toldWhenClosed = chain.close().then(() => [...told]);
      // As long as it takes to close a chain that waits for nobody.
      await Promise.race([toldWhenClosed, sleep(300)]);
      mayHear.open();
      const heights = longTrunk.map((_, i) => i + 1);
      assert.deepEqual(await toldWhenClosed, heights);
      await verdicts;
      const again = await openChain(dataDir, { verifyPool });
      assert.equal(again.tip.height, longTrunk.length);
      await again.close();
    });
  });

  test('what is to be forced to disk is, though a commit without that was under way', async () => {
    await withFolder(async (dataDir) => {
      // Each block begins a commit, before it is the turn of what is to be forced.
      const chain = await openChain(dataDir, { verifyPool, commitBytes: 1 });
      for (const [i, block] of trunk.slice(0, 20).entries()) {
        await Promise.all([accept(chain, block), chain.sync()]);
        const noted = await readFile(join(dataDir, 'chain', 'last-commit'), 'latin1');
        assert.equal(noted.split(' ')[0], String(i + 1));
      }
      await chain.close();
    });
  });

  test('a listener that throws ends the chain, which opens again where it was told of', async () => {
    await withFolder(async (dataDir) => {
      const fatal: Error[] = [];
      const chain = await openChain(dataDir, { verifyPool, onFatal: (error) => fatal.push(error) });
      chain.onChange(({ tip }) => {
        if (tip.height === 5) throw new Error('the listener is broken');
      });
      for (const block of trunk.slice(0, 4)) await accept(chain, block);
      await assert.rejects(accept(chain, trunk[4]!), /listener is broken/);
      await assert.rejects(accept(chain, trunk[5]!), /listener is broken/);
      assert.equal(fatal.length, 1);
      await chain.close();
      const again = await openChain(dataDir, { verifyPool });
      assert.equal(again.tip.height, 5);
      assert.deepEqual(await again.recountCoins(), again.coinSet);
      await again.close();
    });
  });

  test('a disk that takes no more ends the chain, once, and lets go of the locks', async () => {
    await withFolder(async (dataDir) => {
      const fatal: Error[] = [];
      const chain = await openChain(dataDir, { verifyPool, onFatal: (error) => fatal.push(error) });
      // LevelDB keeps its open files, and fails when it is to begin the next one.
      await rm(join(dataDir, 'blocks'), { recursive: true });
      let last = regtest.genesis;
      const fill = async () => {
        for (let height = 1; height <= 200; height++) {
          last = dataBlock(last, height, 99_000);
          await accept(chain, last);
        }
      };
      await assert.rejects(fill(), /No such file|IO error/i);
      assert.equal(fatal.length, 1);
      const { tip } = chain;
      await assert.rejects(accept(chain, trunk[0]!));
      assert.equal(chain.tip, tip, 'readers see the last commit');
      await chain.close();
      // The lock is free: what is left is looked at, and found damaged.
      await assert.rejects(openChain(dataDir, { verifyPool }), { name: 'DatabaseDamagedError' });
    });
  });

  test('damage that a reader meets is fatal, and so is a good block whose coin is gone; neither is held against anyone', async () => {
    await withFolder(async (dataDir) => {
      const longer = chainOfBlocks(trunk.at(-1)!, 60, 45, keys.lockingScript);
      const source = trunk[0]!.transactions[0]!;
      const spender = { lockingScript: keys.lockingScript, privateKey: keys.privateKey };
      const payment = signedTransaction(
        [{ outpoint: outpoint(source), ...spender }],
        [{ amount: COIN, lockingScript: keys.lockingScript }],
      );
      const parent = longer.at(-1)!;
      const block = solvedBlock({
        parent: after(parent),
        height: 106,
        lockingScript: keys.lockingScript,
        transactions: [payment],
      });
      const whole = await openChain(dataDir, { verifyPool });
      for (const one of [...trunk, ...longer]) await accept(whole, one);
      const { bodyId, hash } = whole.nodeAt(50)!;
      await whole.close();
      for (const [folder, key] of [
        ['chain', coinKey(outpoint(source))],
        ['blocks', chunkKey(bodyId, 0)],
      ] as const) {
        const database = await Database.open(dataDir, folder, { cacheMb: 8, writeBufferMb: 4 });
        await database.write([], [key], true);
        await database.close();
      }
      const fatal: Error[] = [];
      const chain = await openChain(dataDir, { verifyPool, onFatal: (error) => fatal.push(error) });
      await assert.rejects(chain.readBlock(hash), { name: 'DatabaseDamagedError', message: /is missing/ });
      assert.equal(fatal.length, 1);
      await assert.rejects(accept(chain, block), {
        name: 'DatabaseDamagedError',
        message: 'chain: 104 coins were found, which are not the 105 that were written',
      });
      assert.equal(fatal.length, 2);
      assert.equal(chain.node(hashToHex(block.header.hash))?.isInvalid, false);
      await chain.close();
    });
  });

  test('a flood of orphans is bounded by source, number and size', async () => {
    await withChain(
      async (chain) => {
        for (const [i, block] of trunk.slice(1).entries()) {
          const verdict = await chain.acceptBlock(block, { requested: false, source: `peer ${i % 2}` });
          assert.equal(verdict.status, 'orphan');
        }
        await accept(chain, trunk[0]!);
        await chain.sync();
        // Eight of each of the two.
        assert.equal(chain.tip.hash, hashToHex(trunk[16]!.header.hash));
      },
      { verifyPool },
    );
  });
});

test('the log of a change knows the weight of its blocks', () => {
  const log = new ChangeLog();
  const [a, b] = [trunk[0]!, trunk[1]!];
  const node = (block: Block) => ({ hash: hashToHex(block.header.hash) }) as never;
  const nodeA = node(a);
  log.connected(nodeA, a);
  log.connected(node(b), b);
  assert.equal(log.bytes, a.bytes.length + b.bytes.length);
  log.disconnected(node(b), b);
  assert.equal(log.bytes, a.bytes.length);
  log.take(nodeA);
  assert.equal(log.bytes, 0);
  log.disconnected(nodeA, a);
  assert.equal(log.bytes, a.bytes.length);
  log.connected(nodeA, a);
  assert.equal(log.bytes, 0);
});
