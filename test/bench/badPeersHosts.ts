// node badPeersHosts.js JSON: real nodes with a chain, or bare hosts that misbehave, until the input ends. Prints the
// addresses as one line of JSON.

import { type BadKind, openBadPeer } from '../support/badPeers.ts';
import { feed, TestNodes } from '../support/networkNodes.ts';
import { benchParams, type ChainPlan, makeChain } from './badPeersChain.ts';

type Task = Readonly<{ plan: ChainPlan; good: number; bad: readonly BadKind[] }>;

const { plan, good, bad } = JSON.parse(process.argv[2] ?? '') as Task;
const blocks = makeChain(plan);

await TestNodes.with(async (nodes) => {
  const addresses: string[] = [];
  for (let i = 0; i < good; i++) {
    const node = await nodes.open({ params: benchParams(plan) });
    await feed(node, blocks);
    addresses.push(node.address);
  }
  const bares = await Promise.all(bad.map((kind) => openBadPeer(kind, blocks)));
  addresses.push(...bares.map(({ address }) => address));
  console.log(JSON.stringify(addresses));
  for await (const _ of process.stdin);
  await Promise.all(bares.map((bare) => bare.close()));
});
