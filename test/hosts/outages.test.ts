import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNoNamespaces } from '../support/hosts/namespaces.ts';
import { Population } from '../support/hosts/population.ts';
import { SEEDS_DOWN_SECONDS } from '../support/hosts/scale.ts';

const JOINED_MS = 30_000;
const CLOCK_MS = 90_000;
const PRELOAD = new URL('../support/shiftedClock.js', import.meta.url).href;

const reason = whyNoNamespaces();

test(`seeds that are down at the start, and for ${SEEDS_DOWN_SECONDS} s: joined within 30 s of their return`, async (t) => {
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  await Population.with(async (population) => {
    // One seed's host is there and refuses, of the other nothing is heard at all.
    const refusing = population.add({ seeds: [] });
    const silent = population.add({ seeds: [] });
    population.network.unplug(silent.host, 'silence');
    const ofRefusing = population.add({ seeds: [refusing.address] });
    const ofSilent = population.add({ seeds: [silent.address] });
    const ofBoth = population.add({ seeds: [refusing.address, silent.address] });
    const newcomers = [ofRefusing, ofSilent, ofBoth];
    await population.start(newcomers);
    await sleep(SEEDS_DOWN_SECONDS * 1000);
    await population.start([refusing, silent]);
    population.network.plug(silent.host);
    await population.untilEachHas(1, 'the seeds are back', JOINED_MS, population.nodes);
    await population.until(
      'all are running',
      async () =>
        (await Promise.all(newcomers.map((node) => node.status()))).every(({ state }) => state === 'running'),
      JOINED_MS,
    );
  });
});

test('a clock that is wrong by a quarter of an hour: a warning says so, and only there', async (t) => {
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  await Population.with(async (population) => {
    const first = population.add({ seeds: [] });
    const right = [first, ...Array.from({ length: 4 }, () => population.add({ seeds: [first.address] }))];
    const wrong = [-900, 900].map((shift) =>
      population.add({
        seeds: [first.address],
        preload: PRELOAD,
        env: { TEST_CLOCK_SHIFT_SEC: String(shift) },
      }),
    );
    // The others know each other first: whoever goes by one or two peers alone may be misled by a wrong one.
    await population.start(right);
    await population.untilEachHas(4, 'those whose clocks are right', JOINED_MS, right);
    await population.start(wrong);
    const warnsOfClock = async (node: (typeof right)[number]) =>
      (await node.status()).warnings.some((warning) => /clock/i.test(warning));
    for (const node of wrong)
      await population.until(`${node.address} warns of its clock`, () => warnsOfClock(node), CLOCK_MS);
    for (const node of right)
      if (await warnsOfClock(node)) throw new Error(`${node.address} has a right clock, and warns of it`);
  });
});
