import type { Logger } from 'pino';
import type { Chain } from '../chain/chain.ts';
import { BlockDownload } from './blockDownload.ts';
import type { Conversation } from './conversation.ts';
import { syncHeaders } from './headerSync.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { findUnserved } from './unserved.ts';

/** So far behind the best header is syncing; less is the daily life of a node that has caught up once. */
const FAR_BEHIND = 6;
/** A peer whose headers led to nothing is asked again after that. */
const REST_MS = 10_000;
const MAX_REST_MS = 600_000;
/** Between a block that was dropped unread and the request for its chain. */
const UNSEEN_MS = 500;
/** A peer that failed to show its headers so often is no reason to wait. */
const HOPELESS_FAILURES = 2;
/** How long a gossiped block waits for its ancestors before it is let go. */
const ORPHAN_MS = 10_000;
const MAX_ORPHANS_WAITING = 16;

export type SyncOptions = Readonly<{
  chain: Chain;
  peers: PeerTable;
  conversation: Conversation;
  signal: AbortSignal;
  log: Logger;
  /** How far we are may have changed. */
  onProgress: () => void;
}>;

/** Brings the chain to where the peers are: headers first, from the peer with the most work, then blocks from many. */
export class Sync {
  readonly #options: SyncOptions;
  readonly #download: BlockDownload;
  readonly #headersRestUntilMs = new WeakMap<Peer, number>();
  readonly #orphanWaiters = new Map<string, (resolved: boolean) => void>();
  #unseenTimer: NodeJS.Timeout | undefined;
  #asking: Peer | undefined;
  #hasCaughtUp = false;
  #toldUnserved: number | undefined;

  constructor(options: SyncOptions) {
    this.#options = options;
    this.#download = new BlockDownload({
      ...options,
      onIdle: () => {
        // When nobody had the blocks, there may be others whose headers have not been asked for.
        void this.#askForHeaders();
      },
    });
  }

  /** Whether there is so much to fetch that nothing else makes sense before. */
  get isSyncing(): boolean {
    const { chain } = this.#options;
    if (!this.#hasCaughtUp) return true;
    return this.#download.isFlowing && chain.bestHeader.height - chain.tip.height > FAR_BEHIND;
  }

  /** Whether we have been where the peers are, since there are any. */
  get hasCaughtUp(): boolean {
    return this.#hasCaughtUp;
  }

  /** Peers, their statuses, or our headers changed. */
  wake(): void {
    // In this order: a peer that is ahead is asked before anybody may conclude that nothing is missing.
    void this.#askForHeaders();
    this.#download.pump();
  }

  /** No peers are left: what comes next is judged as at the start. */
  reset(): void {
    this.#hasCaughtUp = false;
  }

  /** The tip moved. */
  onTip(): void {
    const { chain } = this.#options;
    for (const [hash, settle] of this.#orphanWaiters) {
      const node = chain.node(hash);
      if (node !== undefined && chain.isActive(node)) settle(true);
    }
    this.#download.pump();
    this.#noteCaughtUp();
  }

  /** A peer has sent more blocks than we looked at: asks for its headers, a moment later, as more are likely to follow. */
  noteUnseen(peer: Peer): void {
    peer.isAheadUnseen = true;
    if (this.#unseenTimer !== undefined) return;
    this.#unseenTimer = setTimeout(() => {
      this.#unseenTimer = undefined;
      this.wake();
    }, UNSEEN_MS);
    this.#unseenTimer.unref();
  }

  /** Fetches what lies between our chain and a block that came too early. True when the block became part of the chain. */
  resolveOrphan(peer: Peer, hash: string): Promise<boolean> {
    peer.isAheadUnseen = true;
    this.#headersRestUntilMs.delete(peer);
    void this.#askForHeaders();
    if (this.#orphanWaiters.has(hash) || this.#orphanWaiters.size >= MAX_ORPHANS_WAITING) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      const settle = (resolved: boolean) => {
        clearTimeout(timer);
        this.#orphanWaiters.delete(hash);
        resolve(resolved);
      };
      const timer = setTimeout(() => settle(false), ORPHAN_MS);
      this.#orphanWaiters.set(hash, settle);
    });
  }

  close(): void {
    for (const settle of [...this.#orphanWaiters.values()]) settle(false);
  }

  /** One peer at a time: two would mostly tell the same. */
  async #askForHeaders(): Promise<void> {
    if (this.#asking !== undefined) return;
    const { chain, onProgress, signal, log } = this.#options;
    while (!signal.aborted) {
      const peer = this.#nextToAsk();
      if (peer === undefined) break;
      this.#asking = peer;
      // Before the request: a block that arrives while it is under way is news that its answer may not have.
      peer.isAheadUnseen = false;
      onProgress();
      try {
        const shown = await syncHeaders(peer, { ...this.#options, onHeaders: () => this.#onHeaders() });
        // Its claim was a hint; from here on it is worth what its headers have shown.
        if (shown !== undefined) {
          peer.chainWork = shown.chainWork;
          peer.bestNode = shown.node;
          peer.headerFailures = 0;
        } else this.#letRest(peer);
      } catch (error) {
        log.error({ peer: peer.id, err: error }, 'headers could not be taken');
        this.#letRest(peer);
      }
      this.#download.pump();
    }
    this.#asking = undefined;
    this.#noteCaughtUp();
    onProgress();
    log.trace({ height: chain.tip.height, headers: chain.bestHeader.height }, 'no peer is ahead in headers');
  }

  #letRest(peer: Peer): void {
    const restMs = Math.min(MAX_REST_MS, REST_MS * 2 ** peer.headerFailures++);
    this.#headersRestUntilMs.set(peer, Date.now() + restMs);
    setTimeout(() => this.wake(), restMs + 10).unref();
  }

  #noteCaughtUp(): void {
    const { chain, peers } = this.#options;
    if (this.#asking !== undefined || this.#download.isActive || this.#nextToAsk() !== undefined) return;
    const isPromising = ({ chainWork, headerFailures }: Peer) =>
      chainWork > chain.bestHeader.chainWork && headerFailures < HOPELESS_FAILURES;
    if (peers.introduced().length === 0 || peers.introduced().some(isPromising)) return;
    if (this.#isWaitingForPruned()) return;
    this.#hasCaughtUp = true;
  }

  /**
   * Whether what we need is only on nodes that we do not know yet. Told once; a node that has caught up before does not wait
   * for it, as the headers of such a chain may be all that there is of it.
   */
  #isWaitingForPruned(): boolean {
    const { chain, peers, log } = this.#options;
    const unserved = this.#hasCaughtUp ? undefined : findUnserved(chain, peers);
    if (unserved !== undefined && this.#toldUnserved !== unserved.height) {
      log.warn(unserved, 'no peer has the next block: all have pruned it');
    }
    this.#toldUnserved = unserved?.height;
    return unserved !== undefined;
  }

  #onHeaders(): void {
    this.#download.pump();
    this.#options.onProgress();
  }

  /**
   * The peer that claims the most work, if it is more than our best header's. Those that did not answer before come last:
   * a few that claim everything and say nothing must not keep the others from being asked.
   */
  #nextToAsk(): Peer | undefined {
    const { chain, peers } = this.#options;
    const nowMs = Date.now();
    let best: Peer | undefined;
    for (const peer of peers.introduced()) {
      // When nobody has the blocks of the best headers, the chains of the others count too.
      const known = this.#download.isStarving ? (peer.bestNode ?? chain.tip) : chain.bestHeader;
      const isAhead = peer.isAheadUnseen || peer.chainWork > known.chainWork;
      if (!isAhead || (this.#headersRestUntilMs.get(peer) ?? 0) > nowMs) continue;
      const isBetter =
        best === undefined ||
        peer.headerFailures < best.headerFailures ||
        (peer.headerFailures === best.headerFailures && peer.chainWork > best.chainWork);
      if (isBetter) best = peer;
    }
    return best;
  }
}
