import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { temporaryFolder } from '../support/chains.ts';
import { KILLS, SEED } from '../support/faultSeed.ts';
import { seededRandom } from '../support/forkedHistory.ts';
import { killImports } from '../support/kills/killedImport.ts';
import { killWithPayments } from '../support/kills/killedPayments.ts';
import { killReorganizations } from '../support/kills/killedReorganization.ts';
import { killSyncs } from '../support/kills/killedSync.ts';
import type { KillCount, KillPlan } from '../support/kills/killPlan.ts';

const PHASES: readonly (readonly [name: string, run: (plan: KillPlan) => Promise<KillCount>])[] = [
  ['an import with reorganizations', killImports],
  ['a sync from a peer', killSyncs],
  ['reorganizations twenty blocks deep', killReorganizations],
  ['payments that arrive, and a start that loads them', killWithPayments],
];

describe(`killed (SIGKILL) ${KILLS} times at random moments (seed ${SEED})`, () => {
  let folder: string;
  before(async () => {
    folder = await temporaryFolder();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [i, [name, run]] of PHASES.entries()) {
    // The first ones take what does not go evenly; none is tested without a kill.
    const kills = Math.max(1, Math.floor((KILLS + PHASES.length - 1 - i) / PHASES.length));
    test(`in ${name}, ${kills} times: it opens by itself, and ends with the same coins`, async (t) => {
      const place = join(folder, String(i));
      mkdirSync(place);
      // Each phase with dice of its own, so that it is the same when run alone.
      const count = await run({ folder: place, kills, random: seededRandom(SEED + i) });
      t.diagnostic(`${count.within} of ${count.all} kills fell into it`);
      assert.equal(count.within, kills);
      rmSync(place, { recursive: true });
    });
  }
});
