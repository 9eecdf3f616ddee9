import type { Logger } from 'pino';
import { hashToHex } from '../bytes/hex.ts';
import type { Chain } from '../chain/chain.ts';
import type { BlockHeader } from '../primitives/header.ts';
import { BlockDownload } from './blockDownload.ts';
import type { Conversation } from './conversation.ts';
import { HeaderSearch } from './headerSearch.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { findUnserved } from './unserved.ts';

/** So far behind the best header is syncing; less is the daily life of a node that has caught up once. */
const FAR_BEHIND = 6;
/** So long without a block or a header, while a peer has just what we have, and what others claim is no more than talk. */
const SETTLED_MS = 5000;
/** So long without either, and a peer that was slow is one that sends nothing more. */
const SERVED_MS = 60_000;
/** So long after the last block, headers are a sign that we get on: they are made without end by whoever wants to hold us up. */
const HEADERS_MS = 30_000;
/** Between a block that was dropped unread and the request for its chain. */
const UNSEEN_MS = 500;
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
  readonly #headers: HeaderSearch;
  readonly #orphanWaiters = new Map<string, (resolved: boolean) => void>();
  #unseenTimer: NodeJS.Timeout | undefined;
  #settleTimer: NodeJS.Timeout | undefined;
  /** When the tip moved, or the first peer came; and when the headers did, if that was soon after it. */
  #tipMovedAtMs = 0;
  #movedAtMs = 0;
  #hasCaughtUp = false;
  #toldUnserved: number | undefined;

  constructor(options: SyncOptions) {
    this.#options = options;
    this.#download = new BlockDownload({
      ...options,
      onIdle: () => {
        // When nobody had the blocks, there may be others whose headers have not been asked for.
        this.#headers.wake();
        this.#noteCaughtUp();
      },
      onLacking: () => this.#headers.wake(),
    });
    this.#headers = new HeaderSearch({
      ...options,
      isStarving: () => this.#download.isStarving,
      onHeaders: () => this.#onHeaders(),
      onChange: () => this.#onSearch(),
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
    this.#headers.wake();
    this.#download.pump();
    this.#noteCaughtUp();
  }

  /** No peers are left: what comes next is judged as at the start. */
  reset(): void {
    this.#hasCaughtUp = false;
    this.#tipMovedAtMs = 0;
  }

  /** The tip moved. */
  onTip(): void {
    const { chain } = this.#options;
    for (const [hash, settle] of this.#orphanWaiters) {
      const node = chain.node(hash);
      if (node !== undefined && chain.isActive(node)) settle(true);
    }
    this.#noteTip();
    // The headers that follow may not have been fetched yet.
    this.#headers.wake();
    this.#download.pump();
    this.#noteCaughtUp();
  }

  /** A peer has sent more blocks than we looked at: asks for its headers, a moment later, as more are likely to follow. */
  noteUnseen(peer: Peer): void {
    this.#headers.urge(peer);
    if (this.#unseenTimer !== undefined) return;
    this.#unseenTimer = setTimeout(() => {
      this.#unseenTimer = undefined;
      this.wake();
    }, UNSEEN_MS);
    this.#unseenTimer.unref();
  }

  /** Fetches what lies between our chain and a block that came too early. True when the block became part of the chain. */
  resolveOrphan(peer: Peer, header: BlockHeader): Promise<boolean> {
    const hash = hashToHex(header.hash);
    this.#headers.urge(peer, hashToHex(header.previousHash));
    this.#headers.wake();
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
    clearTimeout(this.#settleTimer);
    for (const settle of [...this.#orphanWaiters.values()]) settle(false);
  }

  #noteCaughtUp(): void {
    const { chain, peers, log, onProgress } = this.#options;
    if (this.#hasCaughtUp || peers.introduced().length === 0) return;
    if (this.#tipMovedAtMs === 0) this.#noteTip();
    const isBusy = this.#download.isActive || this.#headers.isPromising || this.#download.isHopeful;
    const isWaiting = this.#isWaitingForPruned() || isBusy;
    clearTimeout(this.#settleTimer);
    if ((isWaiting && !this.#isSettled) || this.#isAtItsBeginning || this.#isBeingServed) {
      this.#settleTimer = setTimeout(() => this.#noteCaughtUp(), SETTLED_MS + 10);
      this.#settleTimer.unref();
      return;
    }
    this.#hasCaughtUp = true;
    log.trace({ height: chain.tip.height }, 'no peer is ahead');
    onProgress();
  }

  /** Others who are at the beginning as well say nothing of where the chain is that we have headers of. */
  get #isAtItsBeginning(): boolean {
    const { chain, peers } = this.#options;
    if (chain.tip.height > 0 || chain.bestHeader.height <= FAR_BEHIND) return false;
    if (Date.now() - this.#movedAtMs > SERVED_MS) return false;
    return peers.introduced().some(({ chainWork }) => chainWork > chain.tip.chainWork);
  }

  /** However slowly: those who sent blocks, and neither stalled nor had nothing when they were asked, have more. */
  get #isBeingServed(): boolean {
    const { chain, peers } = this.#options;
    if (Date.now() - this.#movedAtMs > SERVED_MS) return false;
    return peers.introduced().some(({ hasDelivered, lacks, bestNode }) => {
      return (
        hasDelivered &&
        lacks === 0 &&
        bestNode !== undefined &&
        !bestNode.isInvalid &&
        bestNode.chainWork > chain.tip.chainWork
      );
    });
  }

  /** Headers without blocks, and claims without headers, however many, do not keep us from being where others are. */
  get #isSettled(): boolean {
    const { chain, peers } = this.#options;
    const sinceMs = Date.now() - SETTLED_MS;
    if (this.#movedAtMs > sinceMs || !this.#download.isQuietSince(sinceMs)) return false;
    return peers.introduced().some(({ chainWork }) => chainWork === chain.tip.chainWork);
  }

  #noteTip(): void {
    this.#tipMovedAtMs = Date.now();
    this.#movedAtMs = this.#tipMovedAtMs;
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

  /** Somebody is being asked for headers, or has answered. */
  #onSearch(): void {
    this.#download.pump();
    this.#noteCaughtUp();
    this.#options.onProgress();
  }

  #onHeaders(): void {
    const nowMs = Date.now();
    if (nowMs - this.#tipMovedAtMs < HEADERS_MS) this.#movedAtMs = nowMs;
    if (this.#isAtItsBeginning) this.#hasCaughtUp = false;
    this.#download.pump();
    this.#options.onProgress();
  }
}
