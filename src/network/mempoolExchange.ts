import type { Logger } from 'pino';
import { mempoolProtocol } from '../../protocols/mempool.ts';
import { MAX_TRANSACTIONS } from '../../protocols/transactions.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { Conversation } from './conversation.ts';
import type { OrphanTransactions } from './orphanTransactions.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { repeat } from './repeat.ts';

/** Gossip loses some: every peer is asked on joining and this often after. */
const ASK_EVERY_MS = 10 * 60_000;
/** A server answers once a minute. */
const ASK_AGAIN_MS = 65_000;
const LOOK_EVERY_MS = 15_000;
/** What a peer may make us fetch before we have seen whether any of it is good. */
const MAX_FETCHED = 10_000;

export type MempoolExchangeOptions = Readonly<{
  mempool: Mempool;
  peers: PeerTable;
  conversation: Conversation;
  transactions: OrphanTransactions;
  hasCaughtUp: () => boolean;
  signal: AbortSignal;
  log: Logger;
}>;

/** Learns from each peer which transactions wait, and fetches those that we lack. */
export class MempoolExchange {
  readonly #options: MempoolExchangeOptions;
  #isAsking = false;

  constructor(options: MempoolExchangeOptions) {
    this.#options = options;
  }

  start(): void {
    const { signal } = this.#options;
    repeat({
      signal,
      everyMs: LOOK_EVERY_MS,
      action: () => this.askWhoIsDue(),
      onError: (error) => this.#onError(error),
    });
  }

  /** A peer has come, or we have caught up. */
  wake(): void {
    this.askWhoIsDue().catch((error) => this.#onError(error));
  }

  /** What was gossiped meanwhile could not be judged: it is learned from the mempools of those who could. */
  onCaughtUp(): void {
    for (const peer of this.#options.peers.introduced()) {
      const againAtMs = peer.mempoolAskedAtMs + ASK_AGAIN_MS;
      peer.mempoolDueAtMs = Math.min(peer.mempoolDueAtMs, againAtMs);
    }
    this.wake();
  }

  #onError(error: unknown): void {
    this.#options.log.error({ err: error }, 'mempools could not be compared');
  }

  /** Asks, one after the other, the peers whose turn it is. Not before the chain is here: nothing could be judged. */
  async askWhoIsDue(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      for (const peer of this.#options.peers.introduced()) {
        if (!this.#options.hasCaughtUp() || this.#options.signal.aborted) return;
        if (Date.now() >= peer.mempoolDueAtMs) await this.#ask(peer);
      }
    } finally {
      this.#isAsking = false;
    }
  }

  async #ask(peer: Peer): Promise<void> {
    const { conversation, mempool, transactions, log } = this.#options;
    peer.mempoolAskedAtMs = Date.now();
    // Once more soon after joining: what came between the answer and the first gossip was told to nobody.
    peer.mempoolDueAtMs = Date.now() + (peer.mempoolDueAtMs === 0 ? ASK_AGAIN_MS : ASK_EVERY_MS);
    const hashes = await conversation.askAll(peer, mempoolProtocol, {});
    const unknown = (hashes ?? []).map((hash) => hashToHex(hash)).filter((txid) => !mempool.has(txid));
    const wanted = unknown.slice(0, MAX_FETCHED);
    // No answer, or one that had news: gossip with this peer loses some now.
    if (hashes === undefined || wanted.length > 0) peer.mempoolDueAtMs = peer.mempoolAskedAtMs + ASK_AGAIN_MS;
    if (wanted.length > 0) log.debug({ peer: peer.id, count: wanted.length }, 'fetching transactions');
    for (let at = 0; at < wanted.length; at += MAX_TRANSACTIONS) {
      // A child may stand before its parent, which pays less: the mempool keeps it until the parent comes.
      await transactions.fetch(peer, wanted.slice(at, at + MAX_TRANSACTIONS));
    }
  }
}
