import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkParams } from '../../../src/params/networkParams.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { networkOfBits } from '../../support/networkOfBits.ts';
import { type Mined, mineTogether, type VirtualMiner, virtualMiner } from '../../support/virtualMining.ts';

/** 2^8 hashes are the easiest block. */
const EASIEST = 0x20010000;
const SPACING = 600;
const PERIOD = 72;
const WANTED = SPACING * PERIOD;
/** Two hours: how far a clock may be ahead, and how far BIP54 lets a period begin before the last one's end. */
const TWO_HOURS = 7200;
const network = networkOfBits(EASIEST, {
  spacingSec: SPACING,
  retargetBlocks: PERIOD,
  halvingBlocks: 1_000_000,
});
/** Hashes a second by which the easiest block takes its ten minutes. */
const SLOW = 256 / SPACING;

async function withNetwork(
  run: (mine: (miners: readonly VirtualMiner[], periods: number) => Promise<Mined[]>) => Promise<void>,
  params: NetworkParams = network,
): Promise<void> {
  await withMiningNode(
    async ({ chain, clock }: MiningNode) => {
      clock.nowSec = chain.tip.timeSec + SPACING;
      await run((miners, periods) =>
        mineTogether({ chain, clock, miners, untilHeight: chain.tip.height + periods * PERIOD }),
      );
    },
    { params },
  );
}

/** Bitcoin's compact form, written once more. */
function targetOf(bits: number): number {
  return (bits & 0xff_ffff) * 256 ** ((bits >>> 24) - 3);
}

/** Hashes that a block takes on average. */
function workOf(bits: number): number {
  return 2 ** 256 / targetOf(bits);
}

/** The work of each period, as far as it is whole. */
function worksOf(mined: readonly Mined[]): number[] {
  return mined.filter(({ height }) => height % PERIOD === 0).map(({ bits }) => workOf(bits));
}

function shareOf(mined: readonly Mined[], name: string): number {
  return mined.filter(({ by }) => by === name).length / mined.length;
}

/** Five standard deviations of a share: passed either way in one of 1.7 million runs. */
function slack(share: number, blocks: number): number {
  return 5 * Math.sqrt((share * (1 - share)) / blocks);
}

/** That each target follows from the times of the period before, within the clamp, as the rule says. */
function assertRetargets(mined: readonly Mined[]): void {
  const byHeight = new Map(mined.map((block) => [block.height, block]));
  for (const block of mined) {
    const last = byHeight.get(block.height - 1);
    const first = byHeight.get(block.height - PERIOD);
    if (last === undefined || first === undefined) continue;
    if (block.height % PERIOD !== 0) {
      assert.equal(block.bits, last.bits);
      continue;
    }
    const took = Math.min(WANTED * 4, Math.max(WANTED / 4, last.timeSec - first.timeSec));
    const expected = Math.min(targetOf(EASIEST), (targetOf(last.bits) * took) / WANTED);
    // The compact form cuts off what is behind three bytes.
    assert.ok(Math.abs(targetOf(block.bits) / expected - 1) < 2 ** -14, `at ${block.height}`);
  }
}

test('miners of unequal strength share the blocks in proportion, whatever the difficulty', async () => {
  await withNetwork(async (mine) => {
    const miners = [virtualMiner('weak', 4 * SLOW), virtualMiner('strong', 12 * SLOW)];
    const mined = await mine(miners, 14);
    assertRetargets(mined);
    assert.ok(Math.abs(shareOf(mined, 'strong') - 0.75) < slack(0.75, mined.length));
    // Two clamped steps, and then a block takes its ten minutes: the sum of so many exponential times, five deviations.
    const settled = mined.slice(4 * PERIOD);
    const spacing = (settled.at(-1)!.atSec - settled[0]!.atSec) / (settled.length - 1);
    assert.ok(Math.abs(spacing / SPACING - 1) < 5 / Math.sqrt(settled.length) + 0.03, `${spacing} s a block`);
  });
});

test('a third miner joins and leaves: the difficulty follows, by the clamp at most', async () => {
  await withNetwork(async (mine) => {
    const [a, b] = [virtualMiner('a', 2 * SLOW), virtualMiner('b', 4 * SLOW)];
    const large = virtualMiner('large', 94 * SLOW);
    const before = await mine([a, b], 6);
    const during = await mine([a, b, large], 7);
    const after = await mine([a, b], 7);
    const all = [...before, ...during, ...after];
    assertRetargets(all);
    const [former, most, last] = [before, during, after].map((mined) => worksOf(mined).at(-1)!);
    // Six and then a hundred times the slow rate; one period's blocks tell it to some 12 % (a deviation).
    assert.ok(former! / (6 * 256) > 0.5 && former! / (6 * 256) < 2, `${former}`);
    assert.ok(most! / (100 * 256) > 0.5 && most! / (100 * 256) < 2, `${most}`);
    assert.ok(last! / (6 * 256) > 0.5 && last! / (6 * 256) < 2, `${last}`);
    assert.ok(Math.abs(shareOf(during, 'large') - 0.94) < slack(0.94, during.length));
    // On the way up and on the way down there are steps of four, and none is larger.
    const works = worksOf(all);
    const steps = works.slice(1).map((work, i) => work / works[i]!);
    assert.ok(Math.abs(Math.max(...steps) - 4) < 0.001, `${Math.max(...steps)}`);
    assert.ok(Math.abs(Math.min(...steps) - 0.25) < 0.001, `${Math.min(...steps)}`);
  });
});

/**
 * Who lies to make blocks easier lies late at the end of a period and early at its beginning: as far ahead as others take
 * it, and as early as the rules allow. BIP54 is what keeps that from adding up from period to period.
 */
const LIES: readonly [name: string, timeAt: VirtualMiner['timeAt']][] = [
  ['always two hours ahead', (nowSec) => nowSec + TWO_HOURS],
  // The timewarp attack: the times creep on behind the clock, and leap ahead in the last block of each period alone.
  [
    'as early as can be, but two hours ahead at the end of each period',
    (nowSec, height) => (height % PERIOD === PERIOD - 1 ? nowSec + TWO_HOURS : 0),
  ],
];

for (const [name, timeAt] of LIES) {
  for (const strength of [0.4, 0.9]) {
    test(`a liar with ${100 * strength} % of all strength, ${name}, gains what two hours are of a period`, async () => {
      await withNetwork(async (mine) => {
        const miners = [
          virtualMiner('honest', (1 - strength) * 20 * SLOW),
          virtualMiner('liar', strength * 20 * SLOW, timeAt),
        ];
        await mine(miners, 4);
        const mined = await mine(miners, 10);
        assertRetargets(mined);
        const works = worksOf(mined);
        const mean = works.reduce((sum, work) => sum + work, 0) / works.length;
        // A period can seem longer by the two hours that its end may be ahead and the two that its beginning may step back,
        // a third of this short one and 1.2 % of mainnet's; and five deviations of so many blocks.
        const most = (1 + (2 * TWO_HOURS) / WANTED) * (1 + 5 / Math.sqrt(mined.length));
        assert.ok(mean / (20 * 256) > 1 / most, `the work is ${mean / (20 * 256)} of what it should be`);
        assert.ok(Math.abs(shareOf(mined, 'liar') - strength) < slack(strength, mined.length));
      });
    });
  }
}

test('a minority that holds the time back changes nothing', async () => {
  await withNetwork(async (mine) => {
    const miners = [virtualMiner('honest', 12 * SLOW), virtualMiner('liar', 8 * SLOW, () => 0)];
    await mine(miners, 4);
    const mined = await mine(miners, 10);
    assertRetargets(mined);
    const works = worksOf(mined);
    const moved = works.reduce((sum, work) => sum + work, 0) / works.length / (20 * 256);
    const most = 1.1 * (1 + 5 / Math.sqrt(mined.length));
    assert.ok(moved > 1 / most && moved < most, `${moved}`);
  });
});
