import { setTimeout as sleep } from 'node:timers/promises';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { HostNetwork } from '../hosts/hostNetwork.ts';
import { HostNode } from '../hosts/hostNode.ts';
import { trunkAndLargeBlock } from '../largeBlock.ts';
import { until } from '../nodeProcess.ts';
import { CrowdProcess } from './crowdProcess.ts';
import { NodeMeter, type Reading } from './nodeMeter.ts';

const GOSSIP_MS = 60_000;
/** An address may knock ten times at once and five times a second: sockets come from so many, and strangers from others. */
const OUTSIDE_ADDRESSES = 50;

export type CrowdPlan = Readonly<{
  folder: string;
  maxPeers: number;
  /** Peers that join first, from so many processes. */
  peers: number;
  processes: number;
  /** Attempts to connect beyond those: sockets that say nothing, and strangers with an identity each. */
  sockets: number;
  strangers: number;
  blockBytes: number;
  /**
   * The large block goes to the mesh, which offers it to some of the others; where nobody but one node is connected to them,
   * not all hear of it, so this is not a time to wait for all.
   */
  largeGossipMs: number;
  idleSeconds: number;
}>;

export type CrowdResult = Readonly<{
  readings: readonly Reading[];
  /** Peers of the crowd with an open connection, before the knocking and after it. */
  connectedBefore: number;
  connectedAfter: number;
  /** Peers that the large block reached by gossip in the time given; that a small one did before the knocking, and after it. */
  heardLarge: number;
  heardBefore: number;
  heardAfter: number;
  /** Milliseconds until each peer had the large block that all asked for at once: those that got it. */
  fetchedMs: readonly number[];
  /** How often they asked in vain, by what they were told. */
  failures: Readonly<Record<string, number>>;
  /** Strangers who were told the node's status, and who were not. */
  answered: number;
  refused: number;
}>;

/** One node with a crowd of peers in other processes; then many more want to come in. */
export function runCrowd(plan: CrowdPlan): Promise<CrowdResult> {
  return HostNetwork.with(2 + plan.processes, async (network) => {
    const [home, outside, ...hosts] = network.hosts;
    const args = ['--max-peers', String(plan.maxPeers)];
    const node = new HostNode(home!, plan.folder, { seeds: [], args });
    const crowd = hosts.map((host) => new CrowdProcess(host));
    const outsiders = new CrowdProcess(outside!);
    try {
      await node.start();
      return await watchCrowd(plan, network, node, crowd, outsiders);
    } finally {
      for (const member of [...crowd, outsiders]) member.close();
      await node.close();
    }
  });
}

async function watchCrowd(
  plan: CrowdPlan,
  network: HostNetwork,
  node: HostNode,
  crowd: readonly CrowdProcess[],
  outsiders: CrowdProcess,
): Promise<CrowdResult> {
  const { trunk, large } = trunkAndLargeBlock(plan.blockBytes);
  await submit(node, trunk);
  const meter = new NodeMeter(node, network);
  const target = `/ip4/${node.address.replace(':', '/tcp/')}`;
  const share = Math.ceil(plan.peers / crowd.length);
  const shares = crowd.map((_, i) => Math.min(share, plan.peers - i * share));

  const joined = await meter.during(`${plan.peers} peers join`, () =>
    Promise.all(
      crowd.map((member, i) =>
        member.tell({ do: 'join', target, from: network.addAddresses(member.host, shares[i]!, 'spread') }),
      ),
    ),
  );
  const idle = await meter.during('idle', () => sleep(plan.idleSeconds * 1000));

  const blockHash = hashToHex(large.header.hash);
  const gossiped = await meter.during('a large block, by gossip', async () => {
    await submit(node, [large]);
    return untilHeard(crowd, blockHash, plan.largeGossipMs);
  });
  const fetched = await meter.during('a large block, asked for', () =>
    Promise.all(crowd.map((member) => member.tell({ do: 'fetch', blockHash, bytes: large.bytes.length }))),
  );

  const before = await meter.during('a small block, by gossip', () => gossipSmallBlock(node, crowd));

  const fromOneGroup = () => network.addAddresses(outsiders.host, OUTSIDE_ADDRESSES, 'in one group');
  const [socketsFrom, strangersFrom] = [fromOneGroup(), fromOneGroup()];
  const { sockets, strangers } = plan;
  const knocked = await meter.during(`${sockets + strangers} attempts beyond`, () =>
    outsiders.tell({ do: 'knock', target, socketsFrom, sockets, strangersFrom, strangers }),
  );
  const after = await meter.during('a small block again', () => gossipSmallBlock(node, crowd));
  return {
    readings: [joined, idle, gossiped, fetched, before, knocked, after].map(({ reading }) => reading),
    connectedBefore: before.result.connected,
    connectedAfter: after.result.connected,
    heardLarge: gossiped.result.heard,
    heardBefore: before.result.heard,
    heardAfter: after.result.heard,
    fetchedMs: fetched.result.flatMap(({ fetchedMs }) => fetchedMs),
    failures: sumUp(fetched.result.map(({ failures }) => failures)),
    answered: knocked.result.answered,
    refused: knocked.result.refused,
  };
}

async function gossipSmallBlock(node: HostNode, crowd: readonly CrowdProcess[]) {
  await node.mine(1);
  return untilHeard(crowd, (await node.status()).tip, GOSSIP_MS);
}

/** Waits until gossip has brought a block to every peer that is connected, or long enough. */
async function untilHeard(crowd: readonly CrowdProcess[], blockHash: string, timeoutMs: number) {
  let counts = { connected: 0, heard: 0 };
  const hasReachedAll = async () => {
    const answers = await Promise.all(crowd.map((member) => member.tell({ do: 'count', blockHash })));
    counts = {
      connected: answers.reduce((sum, { connected }) => sum + connected, 0),
      heard: answers.reduce((sum, { heard }) => sum + heard, 0),
    };
    return counts.heard >= counts.connected;
  };
  // Who was not reached is seen in the counts.
  await until('a block reaches the crowd', hasReachedAll, timeoutMs).catch(() => undefined);
  return counts;
}

function sumUp(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of all.flatMap((counts) => Object.entries(counts)))
    sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

async function submit(node: HostNode, blocks: readonly Block[]): Promise<void> {
  for (const { bytes } of blocks) {
    const refusal = await node.rpc('submitblock', Buffer.from(bytes).toString('hex'));
    if (refusal !== null) throw new Error(`a block was refused: ${refusal}`);
  }
}
