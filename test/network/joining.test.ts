import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regtest } from '../../src/params/regtest.ts';
import { chainOfBlocks, makeKeys } from '../support/blocks.ts';
import { feed, TestNodes, until } from '../support/networkNodes.ts';

const keys = makeKeys();

test('nodes that know one seed by host:port find each other and agree', async () => {
  await TestNodes.with(async (nodes) => {
    const blocks = chainOfBlocks(regtest.genesis, 0, 300, keys.lockingScript);
    const seed = await nodes.open();
    await feed(seed, blocks.slice(0, 200));
    const a = await nodes.open({ seeds: [seed.hostPort] });
    const b = await nodes.open({ seeds: [seed.hostPort] });
    await until('both synced', () => a.chain.tip.height === 200 && b.chain.tip.height === 200);
    await until('each knows both others', () =>
      [a, b, seed].every(({ network }) => network.peers().length === 2),
    );
    await until('running', () => [a, b, seed].every(({ network }) => network.state() === 'running'));

    await feed(a, blocks.slice(200, 201));
    await until('gossip reaches all', () => [b, seed].every(({ chain }) => chain.tip.height === 201));
    assert.equal(b.chain.tip.hash, a.chain.tip.hash);
  });
});
