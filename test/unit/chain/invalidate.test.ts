import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after as afterAll, before, describe, test } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { Chain } from '../../../src/chain/chain.ts';
import { costOf } from '../../../src/consensus/verdict.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { regtest } from '../../../src/params/regtest.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { chainOfBlocks, makeKeys } from '../../support/blocks.ts';
import { openChain, withFolder } from '../../support/chains.ts';

const { genesis } = regtest;
const long = chainOfBlocks(genesis, 0, 20, makeKeys().lockingScript);
/** Leaves the other chain after its fifth block, and is shorter. */
const short = chainOfBlocks(long[4]!, 5, 8, makeKeys().lockingScript);

function hashOf(block: Block): string {
  return hashToHex(block.header.hash);
}

async function acceptAll(chain: Chain, blocks: readonly Block[]): Promise<void> {
  await Promise.all(blocks.map((block) => chain.acceptBlock(block, { requested: true, source: 'test' })));
}

describe('invalidate and reconsider', () => {
  let verifyPool: VerifyPool;
  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
  });
  afterAll(() => verifyPool.close());

  test('leave a chain for the best of the others, hold over a restart, and come back', async () => {
    await withFolder(async (dataDir) => {
      let chain = await openChain(dataDir, { verifyPool });
      await acceptAll(chain, [...long, ...short]);
      const { coinSetHash } = chain.coinSet;
      const seen: string[] = [];
      chain.onChange(({ disconnected, connected }) => {
        seen.push(`-${disconnected.length} +${connected.length}`);
      });

      await chain.invalidate(chain.node(hashOf(long[9]!))!);
      assert.equal(chain.tip.hash, hashOf(short.at(-1)!), 'the short branch has more work than what is left');
      assert.deepEqual(seen, ['-11 +0', '-4 +8']);
      assert.equal(chain.bestHeader, chain.tip);
      assert.equal(chain.node(hashOf(long[19]!))!.isInvalid, true);

      await chain.invalidate(chain.node(hashOf(short[2]!))!);
      assert.equal(chain.tip.hash, hashOf(long[8]!), 'the last one before the first that was condemned');

      await chain.close();
      chain = await openChain(dataDir, { verifyPool });
      assert.equal(chain.tip.hash, hashOf(long[8]!));
      assert.equal(chain.bestHeader, chain.tip);

      await chain.reconsider(chain.node(hashOf(short[7]!))!);
      assert.equal(chain.tip.hash, hashOf(short.at(-1)!), 'by way of a descendant');
      await chain.reconsider(chain.node(hashOf(long[9]!))!);
      assert.equal(chain.tip.hash, hashOf(long.at(-1)!));
      assert.equal(chain.coinSet.coinSetHash, coinSetHash);
      await chain.close();
    });
  });

  test('leave a branch alone that was never active, and take no genesis block', async () => {
    await withFolder(async (dataDir) => {
      const chain = await openChain(dataDir, { verifyPool });
      await acceptAll(chain, [...long, ...short]);
      await chain.invalidate(chain.node(hashOf(short[0]!))!);
      assert.equal(chain.tip.hash, hashOf(long.at(-1)!));
      assert.equal(chain.node(hashOf(short[7]!))!.isInvalid, true);
      await assert.rejects(chain.invalidate(chain.node(hashToHex(genesis.header.hash))!), RangeError);
      await chain.close();
    });
  });

  test('a block on top of a condemned one is refused, and taken after it was reconsidered', async () => {
    await withFolder(async (dataDir) => {
      let chain = await openChain(dataDir, { verifyPool });
      await acceptAll(chain, long.slice(0, 10));
      const node = chain.node(hashOf(long[9]!))!;
      await chain.invalidate(node);
      const options = { requested: true, source: 'test' };
      const [same, child] = [long[9]!, long[10]!];
      const expectBlameless = async () => {
        for (const [block, code] of [[same, 'duplicate-invalid'] as const, [child, 'bad-prevblk'] as const]) {
          const refused = await chain.acceptBlock(block, options);
          assert.ok(refused.status === 'rejected' && refused.rejection.code === code);
          assert.equal(costOf(refused.rejection), 0, 'no rule has condemned it');
          const result = chain.acceptHeaders([block.header]);
          assert.ok('rejection' in result && result.rejection.code === code);
          assert.equal(costOf(result.rejection), 0);
        }
      };
      await expectBlameless();
      // From the copy of the headers that a clean close leaves, then from the database.
      await chain.close();
      chain = await openChain(dataDir, { verifyPool });
      await expectBlameless();
      await chain.close();
      await rm(join(dataDir, 'chain', 'headers'));
      chain = await openChain(dataDir, { verifyPool });
      await expectBlameless();
      await chain.reconsider(chain.node(node.hash)!);
      assert.equal((await chain.acceptBlock(long[10]!, options)).status, 'connected');
      await chain.close();
    });
  });
});
