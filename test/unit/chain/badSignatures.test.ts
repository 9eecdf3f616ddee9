import assert from 'node:assert/strict';
import { after as afterAll, before, describe, test } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { BlockVerdict } from '../../../src/chain/blockVerdict.ts';
import type { Chain } from '../../../src/chain/chain.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { regtest } from '../../../src/params/regtest.ts';
import type { Block } from '../../../src/primitives/block.ts';
import {
  after,
  chainOfBlocks,
  makeKeys,
  outpoint,
  signedTransaction,
  solvedBlock,
} from '../../support/blocks.ts';
import { openChain, withChain, withFolder } from '../../support/chains.ts';

const keys = makeKeys();
const stranger = makeKeys();
const trunk = chainOfBlocks(regtest.genesis, 0, 130, keys.lockingScript);

/** Blocks upon `parent`, each with a payment of a coin of its own; the one at `badAt` is signed by another's key. */
function paying(
  parent: Block,
  height: number,
  count: number,
  badAt = -1,
  extra = Uint8Array.of(0, 0),
): Block[] {
  const blocks: Block[] = [];
  for (let i = 0; i < count; i++) {
    const { privateKey } = i === badAt ? stranger : keys;
    const from = outpoint(trunk[i]!.transactions[0]!);
    const payment = signedTransaction(
      [{ outpoint: from, lockingScript: keys.lockingScript, privateKey }],
      [{ amount: 1n, lockingScript: keys.lockingScript }],
    );
    blocks.push(
      solvedBlock({
        parent: after(blocks.at(-1) ?? parent),
        height: height + 1 + i,
        lockingScript: keys.lockingScript,
        amount: 1n,
        transactions: [payment],
        extra,
      }),
    );
  }
  return blocks;
}

const accept = (chain: Chain, block: Block | Uint8Array) =>
  chain.acceptBlock(block, { requested: true, source: 'test' });

function outcome(verdict: BlockVerdict): string {
  return verdict.status === 'rejected' ? verdict.rejection.code : verdict.status;
}

describe('blocks are connected while signatures are still being verified', () => {
  let verifyPool: VerifyPool;
  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
  });
  afterAll(() => verifyPool.close());

  test('one with a bad signature takes those after it along, and nothing else', async () => {
    await withFolder(async (dataDir) => {
      const chain = await openChain(dataDir, { verifyPool });
      await Promise.all(trunk.map((block) => accept(chain, block)));
      const told: number[] = [];
      chain.onChange(({ tip }) => void told.push(tip.height));
      const blocks = paying(trunk.at(-1)!, 130, 10, 4);
      const verdicts = await Promise.all(blocks.map((block) => accept(chain, block.bytes)));
      assert.deepEqual(verdicts.map(outcome), [
        ...new Array<string>(4).fill('connected'),
        'bad-signature',
        ...new Array<string>(5).fill('bad-prevblk'),
      ]);
      assert.equal(chain.tip.height, 134);
      assert.equal(chain.tip.hash, hashToHex(blocks[3]!.header.hash));
      assert.ok(told.every((height) => height <= 134));
      assert.deepEqual(await chain.recountCoins(), chain.coinSet);
      assert.equal(outcome(await accept(chain, blocks[4]!)), 'duplicate-invalid');
      const { coinSet, tip } = chain;
      await chain.close();
      const again = await openChain(dataDir, { verifyPool });
      assert.deepEqual([again.tip.hash, again.coinSet], [tip.hash, coinSet]);
      const honest = chainOfBlocks(blocks[3]!, 134, 3, keys.lockingScript, Uint8Array.of(5, 5));
      for (const block of honest) assert.equal(outcome(await accept(again, block)), 'connected');
      await again.close();
    });
  });

  test('a rival that had less work than the bad chain, and more than what is good of it, wins', async () => {
    await withChain(
      async (chain) => {
        await Promise.all(trunk.map((block) => accept(chain, block)));
        const bad = paying(trunk.at(-1)!, 130, 10, 4);
        const rival = paying(trunk.at(-1)!, 130, 6, -1, Uint8Array.of(9, 9));
        const verdicts = await Promise.all([...bad, ...rival].map((block) => accept(chain, block)));
        assert.equal(outcome(verdicts[4]!), 'bad-signature');
        assert.equal(chain.tip.hash, hashToHex(rival.at(-1)!.header.hash));
        assert.equal(outcome(verdicts.at(-1)!), 'connected');
        assert.deepEqual(await chain.recountCoins(), chain.coinSet);
      },
      { verifyPool },
    );
  });

  test('in a reorganization it leaves the old chain where it was', async () => {
    await withChain(
      async (chain) => {
        await Promise.all(trunk.map((block) => accept(chain, block)));
        const own = paying(trunk.at(-1)!, 130, 8);
        await Promise.all(own.map((block) => accept(chain, block)));
        const { tip, coinSet } = chain;
        const branch = paying(trunk.at(-1)!, 130, 12, 6, Uint8Array.of(9, 9));
        chain.acceptHeaders(branch.map(({ header }) => header));
        // All but the first, which then links the whole branch at once.
        await Promise.all(branch.slice(1).map((block) => accept(chain, block)));
        const told: string[] = [];
        chain.onInvalidBlock(({ hash }, { code }) => void told.push(`${hash} ${code}`));
        assert.equal(outcome(await accept(chain, branch[0]!)), 'stored');
        assert.deepEqual([chain.tip, chain.coinSet], [tip, coinSet]);
        assert.deepEqual(told, [`${hashToHex(branch[6]!.header.hash)} bad-signature`]);
        assert.deepEqual(await chain.recountCoins(), coinSet);
        const next = chainOfBlocks(own.at(-1)!, 138, 1, keys.lockingScript);
        assert.equal(outcome(await accept(chain, next[0]!)), 'connected');
      },
      { verifyPool },
    );
  });

  test('payments of blocks that were undone are not verified again', async () => {
    const own = await VerifyPool.open({ threads: 1 });
    await withChain(
      async (chain) => {
        await Promise.all(trunk.map((block) => accept(chain, block)));
        for (const block of paying(trunk.at(-1)!, 130, 3)) await accept(chain, block);
        const same = paying(trunk.at(-1)!, 130, 3, -1, Uint8Array.of(9, 9));
        const last = chainOfBlocks(same[2]!, 133, 1, keys.lockingScript);
        chain.acceptHeaders([...same, ...last].map(({ header }) => header));
        // From here on nobody could.
        await own.close();
        for (const block of [...same, ...last]) await accept(chain, block);
        assert.equal(chain.tip.hash, hashToHex(last[0]!.header.hash));
        assert.deepEqual(await chain.recountCoins(), chain.coinSet);
      },
      { verifyPool: own },
    );
  });

  test('workers that die are nobody’s fault, end the chain once, and leave what was committed', async () => {
    await withFolder(async (dataDir) => {
      const workers = await VerifyPool.open({ threads: 1 });
      const fatal: string[] = [];
      const onFatal = ({ message }: Error) => void fatal.push(message);
      const chain = await openChain(dataDir, { verifyPool: workers, onFatal });
      await Promise.all(trunk.map((block) => accept(chain, block)));
      const verdicts = Promise.allSettled(
        paying(trunk.at(-1)!, 130, 10).map((block) => accept(chain, block)),
      );
      await workers.close();
      assert.deepEqual(
        (await verdicts).map(({ status }) => status),
        new Array<string>(10).fill('rejected'),
      );
      assert.deepEqual(fatal, ['the signature verification pool is closed']);
      await chain.close();
      const again = await openChain(dataDir, { verifyPool });
      assert.equal(again.tip.height, 130);
      await again.close();
    });
  });

  test('bytes that are no block cost no more than their verdict', async () => {
    await withChain(
      async (chain) => {
        const [block] = trunk;
        const cut = block!.bytes.subarray(0, -1);
        assert.equal(outcome(await accept(chain, cut)), 'undecodable');
        await assert.rejects(accept(chain, cut.subarray(0, 79)), { name: 'DecodeError' });
        // A second copy is not even decoded.
        const twice = await Promise.all([block!.bytes, cut].map((bytes) => accept(chain, bytes)));
        assert.deepEqual(twice.map(outcome), ['connected', 'known']);
      },
      { verifyPool },
    );
  });
});
