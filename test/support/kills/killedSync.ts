import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeProcess, until } from '../nodeProcess.ts';
import { makeWorkload } from '../workload.ts';
import { coinsAt } from './coinsAt.ts';
import { type KillCount, type KillPlan, killUntil } from './killPlan.ts';
import { undisturbed } from './undisturbed.ts';

const BLOCKS = 1500;
const PAYMENTS = 15_000;
/** A tenth of what all of it takes, or less. */
const MAX_DELAY_MS = 150;
const LOOK_MS = 5;

/** Kills a node while it reads the chain from a peer, which has it already. */
export async function killSyncs({ folder, kills, random }: KillPlan): Promise<KillCount> {
  const expected = await undisturbed(join(folder, 'source'), makeWorkload(BLOCKS, PAYMENTS));
  const source = await NodeProcess.start({ dataDir: join(folder, 'source') });
  let node: NodeProcess | undefined;
  let chains = 0;

  /** A new folder, or the one where the last kill left it. */
  async function next(): Promise<NodeProcess> {
    if (node) return node.restart();
    const dataDir = join(folder, `data-${chains++}`);
    mkdirSync(dataDir);
    return NodeProcess.start({ dataDir, seeds: [await source.listenAddress()] });
  }

  async function finish(last: NodeProcess): Promise<void> {
    await until('all blocks', async () => (await last.height()) === BLOCKS, 120_000);
    await coinsAt(last, expected.coinSets);
    assert.equal(await last.rpc('getbestblockhash'), expected.tip);
    assert.equal(await last.stop(), 0);
  }

  try {
    const count = await killUntil(kills, async () => {
      node = await next();
      const from = await coinsAt(node, expected.coinSets);
      const began = await firstHeightAbove(node, from);
      if (began < BLOCKS) await sleep(random() * MAX_DELAY_MS);
      if ((await node.height()) < BLOCKS) {
        await node.kill();
        return true;
      }
      // Too late: it is checked, and another one begun.
      await finish(node);
      node = undefined;
      return false;
    });
    await finish(await next());
    return count;
  } finally {
    await node?.kill();
    await source.kill();
  }
}

/** Looks more often than `until`: a thousand blocks come in less than a second. */
async function firstHeightAbove(node: NodeProcess, from: number): Promise<number> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const height = await node.height();
    if (height > from || height === BLOCKS) return height;
    await sleep(LOOK_MS);
  }
  throw new Error(`no block came behind ${from}`);
}
