// node badPeersHosts.js JSON: real nodes with a chain, or bare hosts that misbehave, until the input ends. Prints the
// addresses as one line of JSON.

import { regtest } from '../../src/params/regtest.ts';
import { type BadKind, openBadPeer } from '../support/badPeers.ts';
import { BareNode } from '../support/bareNode.ts';
import { feed, TestNodes } from '../support/networkNodes.ts';
import { benchParams, type ChainPlan, makeChain } from './badPeersChain.ts';

/** `newcomers` are harmless, and have nothing but the genesis block. */
export type OtherHosts = Readonly<{ bad?: readonly BadKind[]; newcomers?: number }>;
export type HostsTask = OtherHosts & Readonly<{ plan: ChainPlan; good?: number }>;

const { plan, good = 0, bad = [], newcomers = 0 } = JSON.parse(process.argv[2] ?? '') as HostsTask;
const blocks = makeChain(plan);

await TestNodes.with(async (nodes) => {
  const addresses: string[] = [];
  for (let i = 0; i < good; i++) {
    const node = await nodes.open({ params: benchParams(plan) });
    await feed(node, blocks);
    addresses.push(node.address);
  }
  const bares = await Promise.all(bad.map((kind) => openBadPeer(kind, blocks)));
  for (let i = 0; i < newcomers; i++) bares.push(await BareNode.open('regtest', regtest.genesis.header.hash));
  addresses.push(...bares.map(({ address }) => address));
  console.log(JSON.stringify(addresses));
  for await (const _ of process.stdin);
  await Promise.all(bares.map((bare) => bare.close()));
});
