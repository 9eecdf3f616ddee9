import type { Logger } from 'pino';
import { mempoolProtocol } from '../../protocols/mempool.ts';
import { MAX_TRANSACTIONS } from '../../protocols/transactions.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { Conversation } from './conversation.ts';
import { Deadline } from './deadline.ts';
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
/** For all that one peer is asked: others wait for it. On a slow line the rest follows when it is due again. */
const WHOLE_MS = 15_000;
/** Peers that are asked at the same time: one that dawdles does not hold up the others. */
const ASKED_AT_ONCE = 4;

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
  #asking = 0;
  /** Transactions that a peer was asked for, and has not answered yet. */
  readonly #fetching = new Set<string>();

  constructor(options: MempoolExchangeOptions) {
    this.#options = options;
  }

  start(): void {
    const { signal } = this.#options;
    repeat({
      signal,
      everyMs: LOOK_EVERY_MS,
      action: () => this.wake(),
      onError: (error) => this.#onError(error),
    });
  }

  /**
   * Asks the peers whose turn it is, those first who have waited longest. Not before the chain is here: nothing could be judged.
   */
  wake(): void {
    const { peers, hasCaughtUp, signal } = this.#options;
    if (!hasCaughtUp() || signal.aborted) return;
    const nowMs = Date.now();
    const due = peers
      .introduced()
      .filter(({ mempoolDueAtMs }) => mempoolDueAtMs <= nowMs)
      .sort((a, b) => dueSinceMs(a) - dueSinceMs(b));
    for (const peer of due.slice(0, ASKED_AT_ONCE - this.#asking)) void this.#askInTurn(peer);
  }

  async #askInTurn(peer: Peer): Promise<void> {
    this.#asking++;
    try {
      await this.#ask(peer);
    } catch (error) {
      this.#onError(error);
    }
    this.#asking--;
    this.wake();
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

  async #ask(peer: Peer): Promise<void> {
    const { conversation, mempool, log } = this.#options;
    peer.mempoolAskedAtMs = Date.now();
    // Once more soon after joining: what came between the answer and the first gossip was told to nobody.
    peer.mempoolDueAtMs = Date.now() + (peer.mempoolDueAtMs === 0 ? ASK_AGAIN_MS : ASK_EVERY_MS);
    const whole = new Deadline(WHOLE_MS);
    try {
      const hashes = await conversation.askAll(
        peer,
        mempoolProtocol,
        {},
        { wholeTimeoutMs: WHOLE_MS, signals: [whole.signal] },
      );
      const unknown = (hashes ?? []).map((hash) => hashToHex(hash)).filter((txid) => !mempool.has(txid));
      const wanted = new Set(unknown.slice(0, MAX_FETCHED));
      // No answer, or one that had news: gossip with this peer loses some now.
      if (hashes === undefined || wanted.size > 0) peer.mempoolDueAtMs = peer.mempoolAskedAtMs + ASK_AGAIN_MS;
      if (wanted.size > 0) log.debug({ peer: peer.id, count: wanted.size }, 'fetching transactions');
      await this.#fetchAll(peer, wanted, whole.signal);
    } finally {
      whole.end();
    }
  }

  /** Ends where an answer is not whole: the next would hardly be better, and others wait. */
  async #fetchAll(peer: Peer, wanted: Set<string>, signal: AbortSignal): Promise<void> {
    const { transactions } = this.#options;
    let goesOn = true;
    while (goesOn && !signal.aborted) {
      const batch = this.#takeBatch(wanted);
      if (batch.length === 0) return;
      for (const txid of batch) this.#fetching.add(txid);
      try {
        // A child may stand before its parent, which pays less: the mempool keeps it until the parent comes.
        const { isWhole } = await transactions.fetch(peer, batch, [signal]);
        goesOn = isWhole;
      } finally {
        for (const txid of batch) this.#fetching.delete(txid);
      }
    }
  }

  /** First what nobody else is asked for: peers that know the same share the work, and none can keep it back by its silence. */
  #takeBatch(wanted: Set<string>): string[] {
    const left = [...wanted].filter((txid) => !this.#options.mempool.has(txid));
    const unasked = left.filter((txid) => !this.#fetching.has(txid));
    const batch = (unasked.length > 0 ? unasked : left).slice(0, MAX_TRANSACTIONS);
    for (const txid of batch) wanted.delete(txid);
    return batch;
  }
}

/** Since when it has been a peer's turn. */
function dueSinceMs({ mempoolDueAtMs, connectedAtMs }: Peer): number {
  return Math.max(mempoolDueAtMs, connectedAtMs);
}
