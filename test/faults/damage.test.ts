import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hashToHex } from '../../src/bytes/hex.ts';
import type { Chain } from '../../src/chain/chain.ts';
import { reindex } from '../../src/chain/reindex.ts';
import { verifyChain } from '../../src/chain/verifyChain.ts';
import { toCliError } from '../../src/cli/cliError.ts';
import { EXIT } from '../../src/cli/exitCodes.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { DatabaseDamagedError } from '../../src/store/storeErrors.ts';
import { openChain, TEST_CLOCK_SEC, temporaryFolder } from '../support/chains.ts';
import { DAMAGE_NAMES, doDamage, filesBelow } from '../support/damage.ts';
import { dataBlock } from '../support/dataBlocks.ts';
import { DAMAGES, SEED } from '../support/faultSeed.ts';
import { forkedHistory, seededRandom } from '../support/forkedHistory.ts';

const BLOCKS = 150;
/** Each time the database is opened, it puts what was in its log into a table. */
const OPENINGS = 4;

/**
 * Every file of a chain's two databases is damaged in every way. Afterwards the chain is what it was, to the last coin; or
 * the damage is named, and `--reindex` mends it from the stored blocks, or what is lost of those comes from a peer.
 */
describe(`damage to the files of a database (seed ${SEED})`, () => {
  let folder: string;
  let verifyPool: VerifyPool;
  let best: readonly Block[];
  let expected: unknown;
  const random = seededRandom(SEED);

  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
    folder = await temporaryFolder();
    const history = forkedHistory(BLOCKS, random);
    // Large ones too, which lie in several chunks.
    const height = history.best.length;
    const first = dataBlock(history.best.at(-1)!, height + 1, 90_000);
    const large = [first, dataBlock(first, height + 2, 90_000)];
    best = [...history.best, ...large];
    const arrivals = [...history.arrivals, ...large];
    for (let n = 0; n < OPENINGS; n++) {
      const chain = await openChain(join(folder, 'whole'), { verifyPool });
      const part = arrivals.slice((n * arrivals.length) / OPENINGS, ((n + 1) * arrivals.length) / OPENINGS);
      for (const block of part) await chain.acceptBlock(block, { requested: true, source: 'test' });
      expected = stateOf(chain);
      await chain.close();
    }
  });
  after(async () => {
    await verifyPool.close();
    await rm(folder, { recursive: true, force: true });
  });

  function stateOf(chain: Chain) {
    return { tip: chain.tip.hash, ...chain.coinSet };
  }

  async function opened<T>(dataDir: string, look: (chain: Chain) => Promise<T>): Promise<T> {
    const chain = await openChain(dataDir, { verifyPool });
    try {
      return await look(chain);
    } finally {
      await chain.close();
    }
  }

  /** All that is there is what was written there. */
  const verified = (dataDir: string) =>
    opened(dataDir, async (chain) => {
      await verifyChain(chain);
      return stateOf(chain);
    });

  /** What a peer would bring. @returns how many blocks were missing */
  const fetched = (dataDir: string) =>
    opened(dataDir, async (chain) => {
      let missing = 0;
      for (const block of best) {
        if (!chain.node(hashToHex(block.header.hash))?.hasBody) missing++;
        await chain.acceptBlock(block, { requested: true, source: 'peer' });
      }
      return missing;
    });

  /** @returns undefined when everything is as it was, otherwise what the damage is called */
  async function nameOfDamage(dataDir: string): Promise<string | undefined> {
    try {
      assert.deepEqual(await verified(dataDir), expected);
      return undefined;
    } catch (error) {
      if (!(error instanceof DatabaseDamagedError)) throw error;
      const told = toCliError(error);
      assert.equal(told.exitCode, EXIT.damaged);
      assert.match(told.message, /--reindex/);
      return told.message;
    }
  }

  test(`is named and mended, or does no harm (${DAMAGES} times)`, async () => {
    const files = filesBelow(join(folder, 'whole'));
    assert.ok(files.filter((name) => name.endsWith('.ldb')).length >= 4, `${files}`);
    const wrong: string[] = [];
    const found = { harmless: 0, mended: 0, fetched: 0 };
    for (let n = 0; n < DAMAGES; n++) {
      const damage = DAMAGE_NAMES[Math.floor(random() * DAMAGE_NAMES.length)]!;
      const file = files[n % files.length]!;
      const dataDir = join(folder, `damaged-${n}`);
      await cp(join(folder, 'whole'), dataDir, { recursive: true });
      try {
        doDamage(damage, join(dataDir, file), random);
        if ((await nameOfDamage(dataDir)) === undefined) {
          found.harmless++;
          continue;
        }
        await reindex({ dataDir, params: regtest, verifyPool, clockSec: () => TEST_CLOCK_SEC });
        await opened(dataDir, verifyChain);
        if (file.startsWith('chain')) found.mended++;
        else {
          await fetched(dataDir);
          found.fetched++;
        }
        assert.deepEqual(await verified(dataDir), expected);
      } catch (error) {
        wrong.push(`case ${n}, ${damage} in ${file}: ${(error as Error).message}`);
      } finally {
        await rm(dataDir, { recursive: true, force: true });
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(found.harmless < DAMAGES && found.mended + found.fetched > 0, JSON.stringify(found));
  });
});
