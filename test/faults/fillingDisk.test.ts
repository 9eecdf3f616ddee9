import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeFileAtomic } from '../../src/bytes/atomicFile.ts';
import type { Chain } from '../../src/chain/chain.ts';
import { verifyChain } from '../../src/chain/verifyChain.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { DiskError } from '../../src/store/storeErrors.ts';
import { openChain, temporaryFolder } from '../support/chains.ts';
import { FULL_DISKS, SEED } from '../support/faultSeed.ts';
import { forkedHistory, seededRandom } from '../support/forkedHistory.ts';
import { SmallDisk } from '../support/smallDisk.ts';

const BLOCKS = 200;
/** More than the blocks take. */
const DISK_MB = 4;
/** Where a disk becomes full, and where an opening no longer fits. */
const MAX_LEFT_BYTES = 200_000;

test('a file that cannot be replaced stays what it was, with nothing beside it', async () => {
  const disk = await SmallDisk.open(1);
  const folder = await temporaryFolder();
  try {
    const path = join(disk?.folder ?? folder, 'addresses.json');
    const taken = join(folder, 'taken');
    await writeFileAtomic(path, 'before');
    mkdirSync(taken);
    await assert.rejects(writeFileAtomic(taken, 'x'), /taken cannot be written/);
    disk?.fill(0);
    if (disk)
      await assert.rejects(writeFileAtomic(path, 'x'.repeat(10_000)), /addresses\.json cannot be written/);
    assert.equal(readFileSync(path, 'utf8'), 'before');
    for (const place of [folder, disk?.folder ?? folder])
      assert.deepEqual(
        readdirSync(place).filter((name) => name.endsWith('.new')),
        [],
      );
  } finally {
    await disk?.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * The disk becomes full at any point of a history with reorganizations, several times over. Where no small disk can be
 * mounted the folder is a plain one, and the history runs through without a fault.
 */
test(`a chain whose disk becomes full ${FULL_DISKS} times is always whole (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const { arrivals, best } = forkedHistory(BLOCKS, random);
  const disk = await SmallDisk.open(DISK_MB);
  const folder = await temporaryFolder();
  const verifyPool = await VerifyPool.open({ threads: 1 });
  let faults = 0;

  /** Takes the history in until something fails. */
  async function takeIn(dataDir: string): Promise<Chain | undefined> {
    let chain: Chain | undefined;
    try {
      chain = await openChain(dataDir, { verifyPool });
      for (const block of arrivals) await chain.acceptBlock(block, { requested: true, source: 'test' });
      return chain;
    } catch (error) {
      assert.ok(error instanceof DiskError, String(error));
      faults++;
      await chain?.close();
      return undefined;
    }
  }

  try {
    for (let n = 0; n < FULL_DISKS; n++) {
      const dataDir = join(disk?.folder ?? folder, `chain-${n}`);
      for (let fill = 0; fill < 3; fill++) {
        disk?.fill(Math.floor(random() * MAX_LEFT_BYTES));
        const chain = await takeIn(dataDir);
        disk?.relieve();
        await chain?.close().catch((error) => assert.ok(error instanceof DiskError));
      }
      const chain = (await takeIn(dataDir))!;
      await verifyChain(chain);
      assert.equal(chain.tip.height, best.length);
      await chain.close();
      rmSync(dataDir, { recursive: true });
    }
    assert.ok(!disk || faults > 0, 'the disk was never full');
  } finally {
    await verifyPool.close();
    await disk?.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
