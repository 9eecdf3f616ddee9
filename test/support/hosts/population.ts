import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../nodeProcess.ts';
import { HostNetwork, type HostNetworkOptions } from './hostNetwork.ts';
import { HostNode, type HostNodeOptions, type HostStatus } from './hostNode.ts';
import type { LineQuality } from './lineQuality.ts';

/** Nodes that start at the same time on one machine take turns: each costs about a second of it. */
const STARTS_AT_ONCE = 3;

export type PeerLine = Readonly<{ peer_id: string; addr: string; inbound: boolean; synced_headers: number }>;

/** Nodes on hosts of their own, and what can be seen of them from above. */
export class Population {
  readonly network: HostNetwork;
  readonly nodes: HostNode[] = [];
  readonly folder: string;
  #mined = 0;

  private constructor(network: HostNetwork, folder: string) {
    this.network = network;
    this.folder = folder;
  }

  /** Runs with an empty population; all is gone afterwards. */
  static async with<T>(
    run: (population: Population) => Promise<T>,
    options: HostNetworkOptions = {},
  ): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), 'indiecoin-hosts-'));
    try {
      return await HostNetwork.with(
        0,
        async (network) => {
          const population = new Population(network, folder);
          try {
            return await run(population);
          } finally {
            population.#keepLogs();
            await Promise.all(population.nodes.map((node) => node.close()));
          }
        },
        options,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A node on a new host. It does not run yet. */
  add(options: HostNodeOptions, line?: LineQuality): HostNode {
    const node = new HostNode(this.network.addHost(line), this.folder, options);
    this.nodes.push(node);
    return node;
  }

  get running(): HostNode[] {
    return this.nodes.filter(({ isRunning }) => isRunning);
  }

  /** Starts them, a few at a time. */
  async start(nodes: readonly HostNode[]): Promise<void> {
    const waiting = [...nodes];
    const one = async () => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) await node.start();
    };
    await Promise.all(Array.from({ length: STARTS_AT_ONCE }, one));
  }

  /**
   * How many of these each of these is really connected to: both say so, and both have heard who the other is. What one
   * side alone believes is a connection that died without its noticing.
   */
  async neighbours(nodes: readonly HostNode[] = this.running): Promise<Map<HostNode, number>> {
    const seen = await Promise.all(
      nodes.map(async (node) => ({
        node,
        id: (await node.status()).peerId,
        peers: (await node.rpc<PeerLine[]>('getpeerinfo'))
          .filter(({ synced_headers }) => synced_headers >= 0)
          .map(({ peer_id }) => peer_id),
      })),
    );
    return new Map(
      seen.map(({ node, id, peers }) => [
        node,
        seen.filter((other) => peers.includes(other.id) && other.peers.includes(id)).length,
      ]),
    );
  }

  /** Waits until no node of one side counts one of the other side among its peers. */
  async untilApart(left: readonly HostNode[], right: readonly HostNode[], timeoutMs: number): Promise<void> {
    const addressesSeen = async (nodes: readonly HostNode[]) =>
      (await Promise.all(nodes.map((node) => node.rpc<PeerLine[]>('getpeerinfo'))))
        .flat()
        .map(({ addr }) => addr);
    const knowsAny = (seen: readonly string[], nodes: readonly HostNode[]) =>
      seen.some((addr) => nodes.some(({ host }) => addr.includes(`/${host.address}/`)));
    await this.until(
      'both sides have noticed that they are apart',
      async () => !knowsAny(await addressesSeen(left), right) && !knowsAny(await addressesSeen(right), left),
      timeoutMs,
    );
  }

  /** Waits until each of these has so many real neighbours among them. */
  async untilEachHas(
    count: number,
    what: string,
    timeoutMs: number,
    nodes: readonly HostNode[] = this.running,
  ): Promise<void> {
    await this.until(
      `${what}: ${count} peers each`,
      async () => [...(await this.neighbours(nodes)).values()].every((have) => have >= count),
      timeoutMs,
    );
  }

  /** Waits until these have one tip, at this height at least. */
  async untilOneTip(
    what: string,
    timeoutMs: number,
    nodes: readonly HostNode[] = this.running,
    height = 0,
  ): Promise<void> {
    await this.until(
      what,
      async () => {
        const all = await Promise.all(nodes.map((node) => node.status()));
        return all.every(({ tip, height: at }) => tip === all[0]!.tip && at >= height);
      },
      timeoutMs,
    );
  }

  /** Mines a block on one of these and waits until all of them have it. */
  async untilABlockReachesAll(
    what: string,
    timeoutMs: number,
    nodes: readonly HostNode[] = this.running,
  ): Promise<void> {
    const miner = nodes[this.#mined++ % nodes.length]!;
    await miner.mine(1);
    const { tip } = await miner.status();
    await this.until(
      `${what}: a block reaches all`,
      async () => (await Promise.all(nodes.map((node) => node.status()))).every((at) => at.tip === tip),
      timeoutMs,
    );
  }

  /** As `until`; in vain, it shows how things stood. */
  async until(what: string, probe: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    try {
      await until(what, probe, timeoutMs);
    } catch (error) {
      throw new Error(`${(error as Error).message} (${timeoutMs} ms)\n${await this.picture()}`, {
        cause: error,
      });
    }
  }

  /** The end of each node's log, for the one who looks for what went wrong. */
  #keepLogs(): void {
    const folder = process.env.INDIECOIN_TEST_LOGS;
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    for (const { host, output } of this.nodes) writeFileSync(join(folder, `${host.address}.log`), output);
  }

  /** One line a running node. */
  async picture(): Promise<string> {
    const neighbours = await this.neighbours().catch(() => new Map<HostNode, number>());
    const lines = this.running.map(async (node) => {
      const at: Partial<HostStatus> = await node.status().catch(() => ({}));
      const tip = at.tip?.slice(0, 8);
      const peers = `${at.outbound} out, ${at.inbound} in, ${neighbours.get(node)} of both sides`;
      return `  ${node.host.address} ${at.state} height ${at.height} tip ${tip} peers ${peers}`;
    });
    return (await Promise.all(lines)).join('\n');
  }
}
