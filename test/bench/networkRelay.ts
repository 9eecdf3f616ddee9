import { setTimeout as sleep } from 'node:timers/promises';
import { hashToHex } from '../../src/bytes/hex.ts';
import { readBlockFile } from '../../src/node/blockFile.ts';
import { regtest } from '../../src/params/regtest.ts';
import { decodeBlock } from '../../src/primitives/block.ts';
import type { HostNode } from '../support/hosts/hostNode.ts';
import { Population } from '../support/hosts/population.ts';
import { until } from '../support/nodeProcess.ts';
import { propagationWorkload } from './chainWorkload.ts';

/** What goes on when a block has arrived everywhere, offers of it and the like, is counted as well. */
const SETTLING_MS = 3000;
const PATIENCE_MS = 180_000;
const CALLS_AT_ONCE = 16;

export type Shape = 'line' | 'mesh';

/** What one node had to do with one thing that spread. */
export type Share = Readonly<{
  address: string;
  /** After the first node had it. */
  afterMs: number;
  sentMb: number;
  receivedMb: number;
}>;

export type Spread = Readonly<{
  what: string;
  shape: Shape;
  /** Of what spread, once. */
  bytes: number;
  shares: readonly Share[];
}>;

/**
 * Lets two blocks of 3 MB and 14,000 payments spread from the first of some hosts: the payments of one are unknown to all but
 * the first, those of the other have spread before it.
 * @param delayMs from one host to another, one way
 */
export function measureRelay(hosts: number, shape: Shape, delayMs: number): Promise<Spread[]> {
  const line = { delayMs: delayMs / 2, lostPerThousand: 0 };
  return Population.with(
    async (population) => {
      const { trunk, unknown, known } = await readWorkload();
      const args = ['--log-level', 'info,chain=debug,node=debug'];
      const nodes: HostNode[] = [];
      for (let i = 0; i < hosts; i++) {
        const seeds = shape === 'line' ? nodes.slice(-1) : nodes;
        nodes.push(population.add({ seeds: seeds.map(({ address }) => address), args }));
      }
      if (shape === 'line') population.network.stretchIntoLine();
      const [first, ...others] = nodes;
      await first!.start();
      for (const block of trunk) await submit(first!, block);
      await population.start(others);
      await population.untilOneTip('all have the blocks before', PATIENCE_MS, nodes, trunk.length);
      const neighbours = async () => [...(await population.neighbours(nodes)).values()];
      await population.until(
        'all are connected',
        async () =>
          (await neighbours()).every(
            (count, i) => count >= (shape === 'mesh' ? hosts - 1 : i === 0 || i === hosts - 1 ? 1 : 2),
          ),
        PATIENCE_MS,
      );
      await sleep(SETTLING_MS);

      const wire = new Wire(population, nodes);
      const spreads = [await spreadBlock(wire, shape, unknown, 'payments unknown')];
      spreads.push(await spreadPayments(wire, shape, known));
      spreads.push(await spreadBlock(wire, shape, known, 'payments known'));
      return spreads;
    },
    delayMs === 0 ? {} : { line },
  );
}

async function spreadBlock(wire: Wire, shape: Shape, block: Uint8Array, what: string): Promise<Spread> {
  const hash = hashToHex(decodeBlock(block).header.hash);
  wire.mark();
  await submit(wire.nodes[0]!, block);
  await until(
    'the block is everywhere',
    () => wire.nodes.every((node) => tipTime(node, hash) !== undefined),
    PATIENCE_MS,
  );
  const startMs = tipTime(wire.nodes[0]!, hash)!;
  await sleep(SETTLING_MS);
  const afterMs = wire.nodes.map((node) => tipTime(node, hash)! - startMs);
  return { what: `a block, ${what}`, shape, bytes: block.length, shares: wire.shares(afterMs) };
}

async function spreadPayments(wire: Wire, shape: Shape, block: Uint8Array): Promise<Spread> {
  const payments = decodeBlock(block).transactions.slice(1);
  wire.mark();
  const startMs = performance.now();
  const waiting = [...payments];
  const one = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      await wire.nodes[0]!.rpc('sendrawtransaction', Buffer.from(next.bytes).toString('hex'));
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, one));
  const afterMs = await Promise.all(
    wire.nodes.map(async (node) => {
      await until(
        `the payments at ${node.address}`,
        async () => (await node.rpc<{ size: number }>('getmempoolinfo')).size === payments.length,
        PATIENCE_MS,
      );
      return performance.now() - startMs;
    }),
  );
  await sleep(SETTLING_MS);
  const bytes = payments.reduce((sum, payment) => sum + payment.bytes.length, 0);
  return { what: `${payments.length} payments, sent one by one`, shape, bytes, shares: wire.shares(afterMs) };
}

/** The bytes that the nodes have sent and received since the last mark. */
class Wire {
  readonly nodes: readonly HostNode[];
  readonly #population: Population;
  #before: { sent: number; received: number }[] = [];

  constructor(population: Population, nodes: readonly HostNode[]) {
    this.#population = population;
    this.nodes = nodes;
  }

  mark(): void {
    this.#before = this.#read();
  }

  shares(afterMs: readonly number[]): Share[] {
    return this.#read().map(({ sent, received }, i) => ({
      address: this.nodes[i]!.host.address,
      afterMs: Math.round(afterMs[i]!),
      sentMb: (sent - this.#before[i]!.sent) / 1e6,
      receivedMb: (received - this.#before[i]!.received) / 1e6,
    }));
  }

  #read() {
    return this.nodes.map(({ host }) => this.#population.network.wireBytes(host));
  }
}

/** When a block became the node's tip, by its log. Milliseconds since 1970. */
function tipTime(node: HostNode, hash: string): number | undefined {
  const line = node.output.split('\n').find((text) => text.includes('"new tip"') && text.includes(hash));
  return line === undefined ? undefined : (JSON.parse(line) as { time: number }).time;
}

async function readWorkload(): Promise<{ trunk: Uint8Array[]; unknown: Uint8Array; known: Uint8Array }> {
  const { file } = await propagationWorkload();
  const blocks: Uint8Array[] = [];
  for await (const { bytes } of readBlockFile(file, regtest, () => undefined)) blocks.push(bytes);
  const [unknown, known] = blocks.splice(-2);
  return { trunk: blocks, unknown: unknown!, known: known! };
}

async function submit(node: HostNode, block: Uint8Array): Promise<void> {
  const refusal = await node.rpc('submitblock', Buffer.from(block).toString('hex'));
  if (refusal !== null) throw new Error(`a block was refused: ${refusal}`);
}
