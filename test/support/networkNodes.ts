import '../../src/bytes/promiseWithResolvers.ts';
import { rm } from 'node:fs/promises';
import { inspect } from 'node:util';
import { pino } from 'pino';
import { Chain } from '../../src/chain/chain.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { Mempool } from '../../src/mempool/mempool.ts';
import { Network } from '../../src/network/network.ts';
import type { NetworkOptions } from '../../src/network/networkOptions.ts';
import type { NetworkParams } from '../../src/params/networkParams.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { TEST_CLOCK_SEC, temporaryFolder } from './chains.ts';

export type TestNode = Readonly<{
  chain: Chain;
  mempool: Mempool;
  network: Network;
  dataDir: string;
  /** The address with the peer id. */
  address: string;
  /** The address without it. */
  hostPort: string;
  /** Stops the node and keeps its folder. */
  stop(): Promise<void>;
}>;

export type TestNodeOptions = Partial<Omit<NetworkOptions, 'chain' | 'mempool'>>;

/** Several real nodes in this process, on loopback, each with a folder of its own. */
export class TestNodes {
  readonly #verifyPool: VerifyPool;
  readonly #running = new Set<TestNode>();
  readonly #folders = new Set<string>();

  private constructor(verifyPool: VerifyPool) {
    this.#verifyPool = verifyPool;
  }

  /** Runs with an empty set of nodes; all are stopped and gone afterwards. */
  static async with(run: (nodes: TestNodes) => Promise<void>): Promise<void> {
    const nodes = new TestNodes(await VerifyPool.open({ threads: 1 }));
    try {
      await run(nodes);
    } finally {
      await nodes.#close();
    }
  }

  async open(options: TestNodeOptions = {}): Promise<TestNode> {
    const params: NetworkParams = options.params ?? regtest;
    const dataDir = options.dataDir ?? (await temporaryFolder());
    this.#folders.add(dataDir);
    const clockSec = () => TEST_CLOCK_SEC;
    const verifyPool = this.#verifyPool;
    const chain = await Chain.open({ dataDir, params, verifyPool, clockSec });
    const mempool = new Mempool({ chain, verifyPool, clockSec });
    const network = await Network.open({
      maxPeers: 100,
      serverPort: 0,
      listenHosts: ['127.0.0.1'],
      announce: [],
      seeds: [],
      userAgent: 'test',
      log: pino({ level: process.env.TEST_LOG ?? 'silent' }),
      ...options,
      params,
      dataDir,
      chain,
      mempool,
    });
    chain.onChange((change) => mempool.update(change));
    chain.onChange((change) => network.update(change));
    const node: TestNode = {
      chain,
      mempool,
      network,
      dataDir,
      address: `/ip4/127.0.0.1/tcp/${network.listenPort}/p2p/${network.peerId}`,
      hostPort: `127.0.0.1:${network.listenPort}`,
      stop: async () => {
        if (!this.#running.delete(node)) return;
        await network.close();
        await chain.close();
      },
    };
    this.#running.add(node);
    return node;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#running].map((node) => node.stop()));
    await this.#verifyPool.close();
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves when the condition holds; looked at often, and only for so long. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 150_000,
): Promise<void> {
  const endMs = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const AT_ONCE = 50;

/** Hands blocks to a node as if it had made them. */
export async function feed({ chain }: TestNode, blocks: readonly Block[]): Promise<void> {
  // A few at a time: a chain takes only so many megabytes that wait.
  for (let at = 0; at < blocks.length; at += AT_ONCE) {
    const some = blocks.slice(at, at + AT_ONCE);
    const verdicts = await Promise.all(
      some.map((block) => chain.acceptBlock(block, { requested: true, source: 'test' })),
    );
    const refused = verdicts.find(({ status }) => status === 'rejected');
    if (refused !== undefined) throw new Error(inspect(refused));
  }
}
