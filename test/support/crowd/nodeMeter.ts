import { readFileSync } from 'node:fs';
import type { HostNetwork } from '../hosts/hostNetwork.ts';
import type { HostNode } from '../hosts/hostNode.ts';
import { repeatedly } from './repeatedly.ts';

/** Of the CPU times in /proc: the same on every Linux. */
const TICKS_PER_SEC = 100;
const ASK_EVERY_MS = 200;

/** What a node did and was between two moments, seen from outside. */
export type Reading = Readonly<{
  what: string;
  seconds: number;
  cpuSeconds: number;
  /** At the end. */
  memoryMb: number;
  sentMb: number;
  receivedMb: number;
  /** The longest that its RPC took to answer. */
  slowestRpcMs: number;
}>;

export class NodeMeter {
  readonly #node: HostNode;
  readonly #network: HostNetwork;

  constructor(node: HostNode, network: HostNetwork) {
    this.#node = node;
    this.#network = network;
  }

  /** Measures the node while something goes on. */
  async during<Result>(
    what: string,
    work: () => Promise<Result>,
  ): Promise<{ result: Result; reading: Reading }> {
    const cpuBefore = this.#cpuSeconds();
    const wireBefore = this.#network.wireBytes(this.#node.host);
    const startMs = performance.now();
    let slowestRpcMs = 0;
    const asking = repeatedly(ASK_EVERY_MS, async () => {
      const askedMs = performance.now();
      await this.#node.rpc('getconnectioncount');
      slowestRpcMs = Math.max(slowestRpcMs, performance.now() - askedMs);
    });
    let result: Result;
    try {
      result = await work();
    } finally {
      await asking.stop();
    }
    const wire = this.#network.wireBytes(this.#node.host);
    const reading = {
      what,
      seconds: (performance.now() - startMs) / 1000,
      cpuSeconds: this.#cpuSeconds() - cpuBefore,
      memoryMb: this.#memoryMb(),
      sentMb: (wire.sent - wireBefore.sent) / 1e6,
      receivedMb: (wire.received - wireBefore.received) / 1e6,
      slowestRpcMs,
    };
    return { result, reading };
  }

  #cpuSeconds(): number {
    const text = readFileSync(`/proc/${this.#node.pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC;
  }

  #memoryMb(): number {
    const text = readFileSync(`/proc/${this.#node.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]) / 1000;
  }
}
