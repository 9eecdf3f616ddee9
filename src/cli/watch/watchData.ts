import type { NodeStatus } from '../describeStatus.ts';
import { RefusedError, type RpcClient } from '../rpcClient.ts';

export type WatchedPeer = Readonly<{
  peer_id: string;
  addr: string;
  inbound: boolean;
  synced_blocks: number;
  subver: string;
  bytessent: number;
  bytesrecv: number;
  pingtime?: number;
  conntime: number;
}>;

export type WatchedBlock = Readonly<{
  height: number;
  hash: string;
  time: number;
  nTx: number;
  size: number;
  previousblockhash?: string;
}>;

/** What a node was found to be at one moment. */
export type Snapshot = Readonly<{
  atMs: number;
  status: NodeStatus;
  peers: readonly WatchedPeer[];
  mempool: Readonly<{
    size: number;
    bytes: number;
    usage: number;
    maxmempool: number;
    mempoolminfee: number;
  }>;
  /** The newest first. */
  blocks: readonly WatchedBlock[];
  /** Hashes a second of all miners together, estimated at each of the last heights; the newest last. */
  networkRates: readonly number[];
}>;

const SHOWN_BLOCKS = 10;
const RATE_POINTS = 40;
/** Each point is the mean of so many blocks: fewer would show luck alone. */
const RATE_BLOCKS = 12;
/** Of each kind in one look: the first takes several, and a node that syncs is asked for no more. */
const MOST_NEW = 10;
const KEPT = 200;
/** A node that is busy answers late; one that does not answer at all is as good as gone. */
const TIMEOUT_MS = 10_000;

/** Asks a node for all that is shown, and for blocks only once. */
export class WatchData {
  readonly #node: RpcClient;
  readonly #blocks = new Map<string, WatchedBlock>();
  readonly #rates = new Map<string, number>();

  constructor(node: RpcClient) {
    this.#node = node;
  }

  /** @throws CliError when no node runs, and when it does not answer */
  async look(signal: AbortSignal): Promise<Snapshot> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const ask = <T>(method: string, ...params: unknown[]) => this.#node.call<T>(method, params, within);
    const status = await ask<NodeStatus>('status');
    const peers = await ask<WatchedPeer[]>('getpeerinfo');
    const mempool = await ask<Snapshot['mempool']>('getmempoolinfo');
    const blocks = await this.#lastBlocks(status, ask);
    const networkRates = await this.#lastRates(status, ask);
    forgetOldest(this.#blocks);
    forgetOldest(this.#rates);
    return { atMs: performance.now(), status, peers, mempool, blocks, networkRates };
  }

  async #lastBlocks({ height, tip }: NodeStatus, ask: Ask): Promise<WatchedBlock[]> {
    const found: WatchedBlock[] = [];
    let hash: string | undefined = tip;
    for (let i = 0; i < SHOWN_BLOCKS && i <= height && hash !== undefined; i++) {
      // A block that was pruned, or undone since: what is above it is shown.
      const block: WatchedBlock | undefined =
        this.#blocks.get(hash) ?? (await ask<WatchedBlock>('getblock', hash).catch(missing));
      if (block === undefined) break;
      this.#blocks.set(hash, withoutRest(block));
      found.push(block);
      hash = block.previousblockhash;
    }
    return found;
  }

  async #lastRates({ height, tip, state }: NodeStatus, ask: Ask): Promise<number[]> {
    let asked = 0;
    const found: number[] = [];
    for (let i = 0; i < RATE_POINTS && height - i > RATE_BLOCKS; i++) {
      const at = height - i;
      // Heights stay what they were while the tip does; after a reorganization the newest are asked for again.
      const name = i === 0 ? `${at} ${tip}` : String(at);
      let rate = this.#rates.get(name);
      if (rate === undefined) {
        if (asked++ >= (state === 'syncing' ? 1 : MOST_NEW)) break;
        rate = await ask<number>('getnetworkhashps', RATE_BLOCKS, at).catch(missing);
        if (rate === undefined) break;
        this.#rates.set(name, rate);
      }
      found.unshift(rate);
    }
    return found;
  }
}

type Ask = <T>(method: string, ...params: unknown[]) => Promise<T>;

/** What the node has no more of is not shown; any other failure is the caller's. */
function missing(error: unknown): undefined {
  if (error instanceof RefusedError) return undefined;
  throw error;
}

/** The txids of a full block are a megabyte. */
function withoutRest({ height, hash, time, nTx, size, previousblockhash }: WatchedBlock): WatchedBlock {
  return { height, hash, time, nTx, size, ...(previousblockhash !== undefined && { previousblockhash }) };
}

function forgetOldest(known: Map<string, unknown>): void {
  for (const name of known.keys()) {
    if (known.size <= KEPT) return;
    known.delete(name);
  }
}
