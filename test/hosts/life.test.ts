import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostNode } from '../support/hosts/hostNode.ts';
import { whyNoNamespaces } from '../support/hosts/namespaces.ts';
import { Population } from '../support/hosts/population.ts';
import {
  CABLE_SECONDS,
  HOSTS,
  PARTITION_SECONDS,
  SLEEP_SECONDS,
  tcpRetriesFor,
} from '../support/hosts/scale.ts';

/** The life of a network of separate hosts, one thing after the other, on and on with the same nodes. */

const JOINED_MS = 60_000;
const BACK_MS = 30_000;
const BLOCK_MS = 30_000;
/** A connection on which nothing comes back is given up after a ping, every 30 s, was not answered for 25 s. */
const NOTICED_MS = 120_000;

const reason = whyNoNamespaces();
const shortest = Math.min(PARTITION_SECONDS, CABLE_SECONDS, SLEEP_SECONDS);
const tcpRetries = tcpRetriesFor(shortest);

test(`${HOSTS} hosts that know one seed, and what may happen to them`, async (t) => {
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  /** What follows stands on what came before: after a failure it is not tried. */
  const step = async (name: string, run: () => Promise<void>) => {
    let hasFailed = true;
    await t.test(name, async () => {
      await run();
      hasFailed = false;
    });
    if (hasFailed) throw new Error(`${name}: failed`);
  };
  await Population.with(
    async (population) => {
      const seed = population.add({ seeds: [] });
      // A quarter of them dial others, and cannot be dialled.
      const nodes = Array.from({ length: HOSTS }, (_, i) =>
        population.add({ seeds: [seed.address], isBehindRouter: i % 4 === 3 }),
      );
      const wanted = Math.min(4, HOSTS - 1);
      await seed.start();

      await step(`within 60 s each has at least ${wanted} peers`, async () => {
        await population.start(nodes);
        await population.untilEachHas(wanted, 'after the start', JOINED_MS);
        await population.untilABlockReachesAll('after the start', BLOCK_MS);
      });

      await step('the seed is killed and stays dead', async () => {
        await seed.kill();
        await population.untilEachHas(wanted, 'without the seed', JOINED_MS);
        await population.untilABlockReachesAll('without the seed', BLOCK_MS);
      });

      await step('nodes restart, half of them, and then all at once', async () => {
        const half = nodes.filter((_, i) => i % 2 === 0);
        for (const these of [half, nodes]) {
          await Promise.all(these.map((node) => node.stop()));
          await population.start(these);
          const what = `after ${these.length} of ${HOSTS} restarted`;
          await population.untilEachHas(wanted, what, JOINED_MS);
          await population.untilABlockReachesAll(what, BLOCK_MS);
        }
      });

      await step(`a partition for ${PARTITION_SECONDS} s heals`, () => partition(population, nodes));

      await step('a newcomer that knows any one living node joins', async () => {
        for (const known of [nodes[0]!, nodes[2]!]) {
          const newcomer = population.add({ seeds: [known.address] });
          await newcomer.start();
          nodes.push(newcomer);
          await untilBack(population, [newcomer], 'newcomer');
        }
        await population.untilEachHas(wanted, 'with the newcomers', JOINED_MS);
        await population.untilABlockReachesAll('with the newcomers', BLOCK_MS);
      });

      await step(`the cable is pulled for ${CABLE_SECONDS} s`, () => pullCables(population, nodes));

      await step(`a laptop sleeps for ${SLEEP_SECONDS} s`, () => sleepAndWake(population, nodes));
    },
    tcpRetries === undefined ? {} : { tcpRetries },
  );
});

async function partition(population: Population, nodes: readonly HostNode[]): Promise<void> {
  const left = nodes.filter((_, i) => i % 2 === 0);
  const right = nodes.filter((_, i) => i % 2 === 1);
  population.network.partition([left.map(({ host }) => host), right.map(({ host }) => host)]);
  const endMs = Date.now() + PARTITION_SECONDS * 1000;
  await left[0]!.mine(2);
  await right[0]!.mine(4);
  const { height } = await right[0]!.status();
  await population.untilOneTip('the left half has one tip', BLOCK_MS, left, height - 2);
  await population.untilOneTip('the right half has one tip', BLOCK_MS, right, height);
  await population.untilApart(left, right, NOTICED_MS);
  await sleep(Math.max(0, endMs - Date.now()));
  assert.notEqual((await left[0]!.status()).tip, (await right[0]!.status()).tip);
  population.network.heal();
  await population.untilOneTip('healed: one tip, the one with more work', JOINED_MS, nodes, height);
  await population.untilABlockReachesAll('healed', BLOCK_MS);
  await population.untilEachHas(Math.min(4, nodes.length - 1), 'healed', JOINED_MS);
}

/** Up to three hosts lose the network, each in a way of its own, and it comes back. */
async function pullCables(population: Population, nodes: readonly HostNode[]): Promise<void> {
  const ways = ['interface', 'carrier', 'silence'] as const;
  const cut = ways.map((how, i) => ({ how, node: nodes[i]! })).slice(0, Math.floor(nodes.length / 3));
  for (const { how, node } of cut) population.network.unplug(node.host, how);
  const others = nodes.filter((node) => !cut.some((one) => one.node === node));
  const endMs = Date.now() + CABLE_SECONDS * 1000;
  await population.untilABlockReachesAll('among those that stayed', JOINED_MS, others);
  if (CABLE_SECONDS * 1000 >= NOTICED_MS) {
    const areIsolated = async () =>
      (await Promise.all(cut.map(({ node }) => node.status()))).every(({ state }) => state === 'isolated');
    await population.until('those without cables say that they are isolated', areIsolated, NOTICED_MS);
  }
  await sleep(Math.max(0, endMs - Date.now()));
  for (const { node } of cut) population.network.plug(node.host);
  await Promise.all(cut.map(({ how, node }) => untilBack(population, [node], `cable back (${how})`)));
  await population.untilABlockReachesAll('cables back', BLOCK_MS);
}

/** Two hosts sleep: one is cut off as a laptop is whose lid is closed, of the other the kernel stays awake. */
async function sleepAndWake(population: Population, nodes: readonly HostNode[]): Promise<void> {
  const [closed, stopped] = nodes.slice(-2);
  population.network.unplug(closed!.host, 'silence');
  for (const node of [closed!, stopped!]) node.signal('SIGSTOP');
  const others = nodes.filter((node) => node !== closed && node !== stopped);
  const endMs = Date.now() + SLEEP_SECONDS * 1000;
  await population.untilABlockReachesAll('among those awake', JOINED_MS, others);
  await sleep(Math.max(0, endMs - Date.now()));
  population.network.plug(closed!.host);
  for (const node of [closed!, stopped!]) node.signal('SIGCONT');
  await Promise.all([
    untilBack(population, [closed!], 'awake (lid closed)'),
    untilBack(population, [stopped!], 'awake (stopped)'),
  ]);
  await population.untilABlockReachesAll('awake', BLOCK_MS);
}

/** Running, with a real peer, at the tip that the others have. */
async function untilBack(population: Population, nodes: readonly HostNode[], what: string): Promise<void> {
  await population.until(
    `${what}: running again at the others' tip`,
    async () => {
      const all = await Promise.all(population.running.map((node) => node.status()));
      const best = Math.max(...all.map(({ height }) => height));
      const own = await Promise.all(nodes.map((node) => node.status()));
      const real = await population.neighbours();
      return own.every(
        ({ state, height }, i) => state === 'running' && height === best && (real.get(nodes[i]!) ?? 0) > 0,
      );
    },
    BACK_MS,
  );
}
