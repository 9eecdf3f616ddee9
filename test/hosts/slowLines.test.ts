import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { dataBlock } from '../support/dataBlocks.ts';
import type { HostNode } from '../support/hosts/hostNode.ts';
import { whyNoNamespaces } from '../support/hosts/namespaces.ts';
import { type PeerLine, Population } from '../support/hosts/population.ts';
import { whyNoSlowLines } from '../support/hosts/slowLines.ts';

/** Round trips of 50 to 400 ms, lost packets, a narrow line: what a home or a far country is like. */
const LINES = [
  { delayMs: 25, lostPerThousand: 0 },
  { delayMs: 50, lostPerThousand: 10 },
  { delayMs: 100, lostPerThousand: 5, bitsPerSec: 16_000_000 },
  { delayMs: 200, lostPerThousand: 0 },
];
const SEED_BITS_PER_SEC = 30_000_000;
const BLOCKS = 120;
const BLOCK_BYTES = 90_000;
const STALL_SECONDS = 20;
const SYNCED_MS = 180_000;

test('nodes behind long, narrow and lossy lines sync, and stay together through a stall', async (t) => {
  const reason = whyNoNamespaces() ?? whyNoSlowLines();
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  await Population.with(async (population) => {
    const seed = population.add({ seeds: [] });
    population.network.limitSending(seed.host, SEED_BITS_PER_SEC);
    await seed.start();
    for (const { bytes } of dataChain()) await seed.rpc('submitblock', Buffer.from(bytes).toString('hex'));
    const nodes = LINES.map((line) => population.add({ seeds: [seed.address] }, line));
    await population.start(nodes);
    await population.untilOneTip('all synced over slow lines', SYNCED_MS, population.nodes, BLOCKS);
    await population.untilEachHas(3, 'over slow lines', 60_000);
    await population.untilABlockReachesAll('over slow lines', 30_000);

    const stalled = nodes[0]!;
    const before = await connections(stalled);
    population.network.setLine(stalled.host, { ...LINES[0]!, isStalled: true });
    await sleep(STALL_SECONDS * 1000);
    await seed.mine(1);
    population.network.setLine(stalled.host, LINES[0]!);
    await population.untilOneTip('after the stall', 30_000, population.nodes, BLOCKS + 2);
    const after = await connections(stalled);
    // One may have come to an end of its own: a look at whether an address answers does. A stall would end all of them.
    const kept = before.filter((one) => after.includes(one));
    assert.ok(
      kept.length * 2 >= before.length && kept.length > 0,
      `of ${before.length} connections ${kept.length} were left after a stall of ${STALL_SECONDS} s`,
    );
  });
});

/** One text for each connection: whose, and since when. */
async function connections(node: HostNode): Promise<string[]> {
  const peers = await node.rpc<(PeerLine & { conntime: number })[]>('getpeerinfo');
  return peers.map(({ peer_id, conntime }) => `${peer_id} since ${conntime}`);
}

function dataChain(): Block[] {
  const blocks: Block[] = [];
  for (let height = 1; height <= BLOCKS; height++) {
    blocks.push(dataBlock(blocks.at(-1) ?? regtest.genesis, height, BLOCK_BYTES));
  }
  return blocks;
}
