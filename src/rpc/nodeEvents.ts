import { once } from 'node:events';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import type { ChainChange } from '../chain/chainChange.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { MempoolEntry } from '../mempool/mempoolEntry.ts';
import type { Network } from '../network/network.ts';
import { formatAmount } from '../wallet/amount.ts';

/** What happens in the node, as programs are told of it. Amounts are decimal strings in coins, times seconds since 1970. */
export type NodeEvent =
  | Readonly<{
      type: 'block';
      hash: string;
      height: number;
      previousHash: string;
      timeSec: number;
      transactions: number;
      bytes: number;
    }>
  | Readonly<{
      type: 'transaction';
      txid: string;
      bytes: number;
      fee: string;
      /** Base units a byte. */
      feeRate: number;
    }>
  /** The blocks of the new branch follow, each as a `block`. */
  | Readonly<{
      type: 'reorganization';
      /** The last block that both branches have. */
      forkHeight: number;
      forkHash: string;
      /** Hashes of the blocks that left the chain, the old tip first. */
      disconnected: readonly string[];
      connected: number;
    }>
  | Readonly<{ type: 'sync'; state: string; height: number; headers: number; peers: number }>;

export const EVENT_TYPES = [
  'block',
  'transaction',
  'reorganization',
  'sync',
] as const satisfies readonly NodeEvent['type'][];

/** Numbered from the start of the node on. */
export type NumberedEvent = Readonly<{ number: number; event: NodeEvent }>;
export type EventListener = (numbered: NumberedEvent) => void;

/** Events that are kept for those who were away for a moment. */
const KEPT_EVENTS = 1000;
/** Between two events about a sync that goes on. */
const SYNC_MS = 1000;

/** Tells those who asked of what happens, in the order in which it does. A listener returns at once and does not throw. */
export class NodeEvents {
  /** Tells the numbers of this run from those of another. */
  readonly run = Date.now().toString(36);
  readonly #chain: Chain;
  readonly #network: Network;
  readonly #listeners = new Set<EventListener>();
  readonly #kept: NumberedEvent[] = [];
  #count = 0;
  #syncToldAtMs = Number.NEGATIVE_INFINITY;

  constructor(chain: Chain, mempool: Mempool, network: Network) {
    this.#chain = chain;
    this.#network = network;
    chain.onChange((change) => this.#tellChange(change));
    mempool.onAccepted((entry) => this.#tell(describeEntry(entry)));
    network.onState(() => this.#tellSync());
  }

  get subscribers(): number {
    return this.#listeners.size;
  }

  /** Of the last event; 0 before the first. */
  get lastNumber(): number {
    return this.#count;
  }

  /** @returns what ends it */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What came after this number; undefined when some of it is no longer kept. */
  since(number: number): readonly NumberedEvent[] | undefined {
    const first = this.#count - this.#kept.length;
    if (number > this.#count || number < first) return undefined;
    return this.#kept.slice(number - first);
  }

  /** Resolves at the next event for which this holds, or when the signal aborts. */
  async until(isMet: () => boolean, signal: AbortSignal): Promise<void> {
    if (isMet() || signal.aborted) return;
    const met = new AbortController();
    const unsubscribe = this.subscribe(() => isMet() && met.abort());
    try {
      await once(AbortSignal.any([signal, met.signal]), 'abort');
    } finally {
      unsubscribe();
    }
  }

  #tellChange({ disconnected, connected, tip }: ChainChange): void {
    if (disconnected.length > 0) {
      const fork = disconnected.at(-1)!.node.parent!;
      this.#tell({
        type: 'reorganization',
        forkHeight: fork.height,
        forkHash: fork.hash,
        disconnected: disconnected.map(({ node }) => node.hash),
        connected: connected.length,
      });
    }
    for (const { node } of connected) this.#tell(describeBlock(node));
    const isLate = tip.height < this.#chain.bestHeader.height;
    if (isLate && performance.now() - this.#syncToldAtMs >= SYNC_MS) this.#tellSync();
  }

  #tellSync(): void {
    this.#syncToldAtMs = performance.now();
    const { tip, bestHeader } = this.#chain;
    const headers = Math.max(tip.height, bestHeader.height);
    const network = this.#network;
    const peers = network.inboundCount + network.outboundCount;
    this.#tell({ type: 'sync', state: network.state(), height: tip.height, headers, peers });
  }

  #tell(event: NodeEvent): void {
    const numbered = { number: ++this.#count, event };
    this.#kept.push(numbered);
    if (this.#kept.length > KEPT_EVENTS) this.#kept.shift();
    for (const listener of this.#listeners) listener(numbered);
  }
}

function describeBlock({ hash, height, parent, timeSec, transactionCount, bodyBytes }: BlockNode): NodeEvent {
  return {
    type: 'block',
    hash,
    height,
    previousHash: parent!.hash,
    timeSec,
    transactions: transactionCount,
    bytes: bodyBytes,
  };
}

function describeEntry({ txid, transaction, fee, feeRate }: MempoolEntry): NodeEvent {
  const bytes = transaction.bytes.length;
  return { type: 'transaction', txid, bytes, fee: formatAmount(fee), feeRate };
}
