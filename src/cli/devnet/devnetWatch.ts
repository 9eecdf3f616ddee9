import { setTimeout as wait } from 'node:timers/promises';
import type { NodeStatus } from '../describeStatus.ts';
import type { DevnetEvent } from './devnetEvents.ts';
import type { DevnetNode } from './devnetNode.ts';

type Payment = { txid: string; amount: string; to: DevnetNode; isSeen?: boolean };

const LOOK_EVERY_MS = 250;
/** A burst of blocks is told by its last one. */
const MAX_BLOCKS_TOLD = 3;

/** Looks at all nodes from outside, through their RPC, and tells what has happened since. */
export class DevnetWatch {
  readonly #nodes: readonly DevnetNode[];
  readonly #miner: DevnetNode;
  readonly #show: (event: DevnetEvent) => void;
  readonly #peerCounts = new Map<DevnetNode, number>();
  readonly #payments = new Set<Payment>();
  #height = 0;
  #agreedTip = '';
  #heights = new Map<DevnetNode, number>();

  constructor(nodes: readonly DevnetNode[], miner: DevnetNode, show: (event: DevnetEvent) => void) {
    this.#nodes = nodes;
    this.#miner = miner;
    this.#show = show;
  }

  /** Waits until every node has a peer. */
  async untilJoined(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      if (this.#nodes.every((node) => (this.#peerCounts.get(node) ?? 0) > 0)) return;
      await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Tells from now on where this payment is. */
  follow(payment: Payment): void {
    const { txid, amount, to } = payment;
    this.#show({ event: 'payment-sent', from: this.#miner.name, to: to.name, amount, txid });
    this.#payments.add({ ...payment });
  }

  /** One look. @returns the height that all agree on */
  async look(): Promise<number> {
    const all = await Promise.all(this.#nodes.map((node) => node.rpc.call<NodeStatus>('status')));
    for (const [i, status] of all.entries()) this.#lookAtPeers(this.#nodes[i]!, status);
    await this.#lookAtBlocks(all[this.#nodes.indexOf(this.#miner)]!);
    for (const [i, status] of all.entries()) this.#lookAtHeight(this.#nodes[i]!, status);
    for (const payment of this.#payments) await this.#lookAtPayment(payment);
    const [{ tip, height }] = all as [NodeStatus];
    if (all.every((status) => status.tip === tip)) {
      if (tip !== this.#agreedTip && height > 0) this.#show({ event: 'agreed', height, nodes: all.length });
      this.#agreedTip = tip;
    }
    return height;
  }

  #lookAtPeers(node: DevnetNode, { peers }: NodeStatus): void {
    const before = this.#peerCounts.get(node) ?? 0;
    this.#peerCounts.set(node, peers);
    if (before === 0 && peers > 0) this.#show({ event: 'joined', node: node.name, peers });
  }

  async #lookAtBlocks({ height }: NodeStatus): Promise<void> {
    for (let next = Math.max(this.#height + 1, height - MAX_BLOCKS_TOLD + 1); next <= height; next++) {
      const hash = await this.#miner.rpc.call<string>('getblockhash', [next]);
      const { nTx } = await this.#miner.rpc.call<{ nTx: number }>('getblockheader', [hash]);
      this.#show({ event: 'block', height: next, hash, by: this.#miner.name, transactions: nTx });
    }
    this.#height = height;
  }

  #lookAtHeight(node: DevnetNode, { height }: NodeStatus): void {
    const before = this.#heights.get(node) ?? 0;
    this.#heights.set(node, height);
    // One block more is what `agreed` is about.
    if (node !== this.#miner && height - before > 1) this.#show({ event: 'synced', node: node.name, height });
  }

  async #lookAtPayment(payment: Payment): Promise<void> {
    type Entry = { txid: string; confirmations: number; height?: number };
    const history = await payment.to.rpc.call<Entry[]>('wallethistory', [20]);
    const entry = history.find(({ txid }) => txid === payment.txid);
    if (entry === undefined) return;
    const { txid, amount, to } = payment;
    if (payment.isSeen !== true) this.#show({ event: 'payment-seen', node: to.name, amount, txid });
    payment.isSeen = true;
    if (entry.height === undefined) return;
    this.#show({ event: 'payment-confirmed', node: to.name, amount, txid, height: entry.height });
    this.#payments.delete(payment);
  }
}
