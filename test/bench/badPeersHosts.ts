// node badPeersHosts.js JSON: real nodes with a chain, or bare hosts that misbehave, until the input ends. Prints the
// addresses as one line of JSON. Each line of the input is the JSON of peers that the real nodes shall have nothing to do with.

import { createInterface } from 'node:readline';
import { regtest } from '../../src/params/regtest.ts';
import { type BadKind, openBadPeer } from '../support/badPeers.ts';
import { BareNode } from '../support/bareNode.ts';
import { feed, type TestNode, TestNodes } from '../support/networkNodes.ts';
import { benchParams, type ChainPlan, makeChain } from './badPeersChain.ts';

/** `newcomers` are harmless, and have nothing but the genesis block. */
export type OtherHosts = Readonly<{ bad?: readonly BadKind[]; newcomers?: number }>;
export type HostsTask = OtherHosts & Readonly<{ plan: ChainPlan; good?: number }>;

const { plan, good = 0, bad = [], newcomers = 0 } = JSON.parse(process.argv[2] ?? '') as HostsTask;
const blocks = makeChain(plan);

await TestNodes.with(async (nodes) => {
  const addresses: string[] = [];
  const real: TestNode[] = [];
  for (let i = 0; i < good; i++) {
    const node = await nodes.open({ params: benchParams(plan) });
    await feed(node, blocks);
    real.push(node);
    addresses.push(node.address);
  }
  const bares = await Promise.all(bad.map((kind) => openBadPeer(kind, blocks)));
  for (let i = 0; i < newcomers; i++) bares.push(await BareNode.open('regtest', regtest.genesis.header.hash));
  addresses.push(...bares.map(({ address }) => address));
  console.log(JSON.stringify(addresses));
  for await (const line of createInterface({ input: process.stdin })) {
    for (const id of JSON.parse(line) as string[]) for (const { network } of real) network.ban(id, 3600);
    console.log('true');
  }
  await Promise.all(bares.map((bare) => bare.close()));
});
