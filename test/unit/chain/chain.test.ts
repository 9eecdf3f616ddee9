import assert from 'node:assert/strict';
import { after as afterAll, before, describe, test } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { Chain } from '../../../src/chain/chain.ts';
import type { ChainChange } from '../../../src/chain/chainChange.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { regtest } from '../../../src/params/regtest.ts';
import type { Block } from '../../../src/primitives/block.ts';
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

const keys = makeKeys();
const other = makeKeys();
const genesis = regtest.genesis;
/** Shared by the tests: a hundred and ten blocks that nobody has spent from. */
const trunk = chainOfBlocks(genesis, 0, 110, keys.lockingScript);

function accept(chain: Chain, block: Block, requested = true) {
  return chain.acceptBlock(block, { requested, source: 'test' });
}

async function acceptAll(chain: Chain, blocks: readonly Block[]) {
  return Promise.all(blocks.map((block) => accept(chain, block)));
}

function hashOf(block: Block): string {
  return hashToHex(block.header.hash);
}

function payment(from: Block, amount: bigint, to = other) {
  return signedTransaction(
    [
      {
        outpoint: outpoint(from.transactions[0]!),
        lockingScript: keys.lockingScript,
        privateKey: keys.privateKey,
      },
    ],
    [{ amount, lockingScript: to.lockingScript }],
  );
}

describe('Chain', () => {
  let verifyPool: VerifyPool;
  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
  });
  afterAll(() => verifyPool.close());
  const withTestChain = <T>(run: (chain: Chain, dataDir: string) => Promise<T>) =>
    withChain(run, { verifyPool });

  test('starts at the genesis block, without its coins', async () => {
    await withTestChain(async (chain) => {
      assert.equal(chain.tip.height, 0);
      assert.equal(chain.tip.hash, regtest.genesisHash);
      assert.equal(chain.coinSet.coinCount, 0);
      assert.deepEqual(await chain.readBlock(regtest.genesisHash), genesis.bytes);
    });
  });

  test('connects a chain with a payment, finds it, and opens again where it was', async () => {
    await withFolder(async (dataDir) => {
      const chain = await openChain(dataDir, { verifyPool });
      await acceptAll(chain, trunk);
      const pay = payment(trunk[0]!, 49n * COIN);
      const block = solvedBlock({
        parent: after(trunk[109]!),
        height: 111,
        lockingScript: keys.lockingScript,
        amount: 51n * COIN,
        transactions: [pay],
      });
      const verdict = await accept(chain, block);
      assert.equal(verdict.status, 'connected');
      assert.equal(chain.tip.hash, hashOf(block));
      assert.equal(chain.coinSet.coinCount, 111);
      assert.equal(await chain.readCoin(outpoint(trunk[0]!.transactions[0]!)), undefined);
      assert.equal((await chain.readCoin(outpoint(pay)))?.amount, 49n * COIN);
      const found = await chain.findTransaction(hashToHex(pay.hash));
      assert.equal(found?.node.height, 111);
      assert.deepEqual(found?.transaction.bytes, Uint8Array.from(pay.bytes));
      const before = chain.coinSet;
      assert.deepEqual(await chain.recountCoins(), before);
      await chain.close();

      const again = await openChain(dataDir, { verifyPool });
      assert.equal(again.tip.hash, hashOf(block));
      assert.deepEqual(again.coinSet, before);
      assert.equal((await accept(again, block)).status, 'known');
      await again.close();
    });
  });

  test('shows a block before all have heard of it, and says when they have', async () => {
    await withChain(
      async (chain) => {
        let hasHeard = false;
        let goOn = () => {};
        const waiting = new Promise<void>((resolve) => {
          goOn = resolve;
        });
        chain.onChange(async () => {
          await waiting;
          hasHeard = true;
        });
        const [block] = chainOfBlocks(regtest.genesis, 0, 1, keys.lockingScript);
        const verdict = accept(chain, block!);
        while (chain.tip.height === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        const heard = chain.heard().then(() => hasHeard);
        goOn();
        assert.ok(await heard);
        assert.equal((await verdict).status, 'connected');
        await chain.heard();
      },
      { verifyPool },
    );
  });

  test('takes the branch with more work, keeps the first of equals, and restores the coins', async () => {
    await withTestChain(async (chain) => {
      await acceptAll(chain, trunk.slice(0, 105));
      const changes: ChainChange[] = [];
      chain.onChange((change) => void changes.push(change));
      const pay = payment(trunk[0]!, 50n * COIN);
      const a1 = solvedBlock({
        parent: after(trunk[104]!),
        height: 106,
        lockingScript: keys.lockingScript,
        transactions: [pay],
      });
      await accept(chain, a1);
      const withPayment = chain.coinSet;
      const b = chainOfBlocks(trunk[104]!, 105, 2, other.lockingScript);
      const first = await accept(chain, b[0]!);
      assert.equal(first.status, 'stored');
      assert.equal(chain.tip.hash, hashOf(a1), 'an equal rival does not win');
      assert.equal((await accept(chain, b[1]!)).status, 'connected');
      assert.equal(chain.tip.hash, hashOf(b[1]!));
      assert.equal(await chain.findTransaction(hashToHex(pay.hash)), undefined);
      assert.ok(await chain.readCoin(outpoint(trunk[0]!.transactions[0]!)));
      assert.deepEqual(await chain.recountCoins(), chain.coinSet);
      const last = changes.at(-1)!;
      assert.deepEqual(
        last.disconnected.map(({ node }) => node.hash),
        [hashOf(a1)],
      );
      assert.deepEqual(
        last.connected.map(({ node }) => node.hash),
        b.map(hashOf),
      );
      const a23 = chainOfBlocks(a1, 106, 2, keys.lockingScript);
      await acceptAll(chain, a23);
      assert.equal(chain.tip.hash, hashOf(a23[1]!));
      assert.notDeepEqual(chain.coinSet, withPayment);
      assert.deepEqual(await chain.recountCoins(), chain.coinSet);
    });
  });

  test('returns to the old branch when the new one turns out invalid, and says whose block it was', async () => {
    await withTestChain(async (chain) => {
      await acceptAll(chain, trunk.slice(0, 105));
      const before = chain.coinSet;
      const tip = chain.tip.hash;
      const changes: ChainChange[] = [];
      chain.onChange((change) => void changes.push(change));
      const blamed: string[] = [];
      chain.onInvalidBlock(
        (node, rejection, source) => void blamed.push(`${node.hash} ${rejection.code} ${source}`),
      );
      const b1 = solvedBlock({ parent: after(trunk[103]!), height: 105, lockingScript: other.lockingScript });
      const greedy = solvedBlock({
        parent: after(b1),
        height: 106,
        lockingScript: other.lockingScript,
        amount: 50n * COIN + 1n,
      });
      const b3 = solvedBlock({ parent: after(greedy), height: 107, lockingScript: other.lockingScript });
      // The invalid block arrives without its parent's body, so it fails only when that is there.
      chain.acceptHeaders([b1.header, greedy.header, b3.header]);
      assert.equal(
        (await chain.acceptBlock(greedy, { requested: true, source: 'mallory' })).status,
        'stored',
      );
      assert.equal((await accept(chain, b3)).status, 'stored');
      assert.equal((await accept(chain, b1)).status, 'stored');
      assert.equal(chain.tip.hash, tip);
      assert.deepEqual(chain.coinSet, before);
      assert.deepEqual(changes, []);
      assert.deepEqual(blamed, [`${hashOf(greedy)} bad-cb-amount mallory`]);
      const again = await accept(chain, greedy);
      assert.equal(again.status === 'rejected' && again.rejection.code, 'duplicate-invalid');
      assert.equal(chain.bestHeader.hash, tip);
    });
  });

  test('keeps a block that comes before its parent, and connects both', async () => {
    await withTestChain(async (chain) => {
      const verdict = await accept(chain, trunk[2]!, false);
      assert.deepEqual(verdict, { status: 'orphan', missing: hashOf(trunk[1]!) });
      const second = await accept(chain, trunk[1]!, false);
      assert.deepEqual(second, { status: 'orphan', missing: hashOf(trunk[0]!) });
      await accept(chain, trunk[0]!, false);
      // The orphans stand behind it in the queue; another job behind them sees what became of them.
      await chain.sync();
      assert.equal(chain.tip.hash, hashOf(trunk[2]!));
    });
  });

  test('holds a block from the future and takes it when its time has come', async () => {
    let nowSec = 1_900_000_000;
    const options = { verifyPool, clockSec: () => nowSec };
    await withChain(async (chain) => {
      const early = (ahead: number) =>
        solvedBlock({
          parent: after(genesis),
          height: 1,
          lockingScript: keys.lockingScript,
          header: { timeSec: nowSec + ahead },
        });
      const block = early(7201);
      assert.deepEqual(await accept(chain, block, false), { status: 'held' });
      assert.deepEqual(await accept(chain, block, false), { status: 'held' });
      await chain.sync();
      assert.equal(chain.tip.height, 0);
      nowSec++;
      await chain.sync();
      assert.equal(chain.tip.hash, hashOf(block));
      assert.equal((await accept(chain, early(7199))).status, 'stored');
    }, options);
  });

  test('never condemns a hash for a body that is not its own', async () => {
    await withTestChain(async (chain) => {
      await acceptAll(chain, trunk.slice(0, 104));
      const pay = payment(trunk[0]!, 50n * COIN);
      const honest = solvedBlock({
        parent: after(trunk[103]!),
        height: 105,
        lockingScript: keys.lockingScript,
        transactions: [pay],
      });
      const mutated = { ...honest, transactions: [...honest.transactions, pay], bytes: honest.bytes };
      const verdict = await accept(chain, mutated);
      assert.equal(verdict.status, 'rejected');
      assert.equal((await accept(chain, honest)).status, 'connected');
    });
  });

  test('wants no unasked block of a branch without work, nor one far ahead', async () => {
    await withTestChain(async (chain) => {
      await acceptAll(chain, trunk.slice(0, 10));
      const weak = solvedBlock({ parent: after(trunk[3]!), height: 5, lockingScript: other.lockingScript });
      assert.equal((await accept(chain, weak, false)).status, 'unwanted');
      assert.equal(chain.node(hashOf(weak)), undefined);
      assert.equal((await accept(chain, weak, true)).status, 'stored');
    });
  });

  test('says what is missing on the way to a header', async () => {
    await withTestChain(async (chain) => {
      const result = chain.acceptHeaders(trunk.map(({ header }) => header));
      assert.ok('nodes' in result && result.nodes.length === 110);
      assert.equal(chain.bestHeader.height, 110);
      await accept(chain, trunk[1]!);
      await accept(chain, trunk[0]!);
      await accept(chain, trunk[4]!);
      assert.equal(chain.tip.height, 2);
      const missing = chain.missingBodies(chain.bestHeader, 5).map(({ height }) => height);
      assert.deepEqual(missing, [3, 4, 6, 7, 8]);
      assert.equal(chain.missingBodies(chain.bestHeader, 1000).length, 107);
    });
  });

  test('a block remembers that it was connected, and one that never was does not claim it', async () => {
    await withFolder(async (dataDir) => {
      const chain = await openChain(dataDir, { verifyPool });
      const [first, second] = trunk;
      const side = chainOfBlocks(first!, 1, 1, other.lockingScript, Uint8Array.of(4, 4));
      const better = chainOfBlocks(first!, 1, 2, other.lockingScript, Uint8Array.of(5, 5));
      await acceptAll(chain, [first!, second!, ...side, ...better]);
      assert.equal(chain.tip.hash, hashOf(better[1]!));
      await chain.close();
      const again = await openChain(dataDir, { verifyPool });
      const was = [second!, side[0]!, ...better].map((block) => again.node(hashOf(block))!.wasConnected);
      assert.deepEqual(was, [true, false, true, true]);
      await again.close();
    });
  });
});
