import type { Logger } from 'pino';
import { transactionsProtocol } from '../../protocols/transactions.ts';
import { bytesToKey } from '../bytes/bytes.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { hashToHex, hexToHash } from '../bytes/hex.ts';
import type { Chain } from '../chain/chain.ts';
import type { Mempool } from '../mempool/mempool.ts';
import { decodeTransaction, detachTransaction, type Transaction } from '../primitives/transaction.ts';
import type { Conversation } from './conversation.ts';
import { gossipVerdictOfTransaction, MALFORMED_POINTS } from './gossipVerdict.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { isRefusal, RefusedPayments } from './refusedPayments.ts';

/** Generations of unknown parents that are asked for: policy allows no longer chains of unconfirmed ones. */
const MAX_GENERATIONS = 25;
/** Whoever sent the child has the parents, and is near. */
const ANSWER_MS = 5000;
/** The whole of an answer, 4 MB at most. */
const WHOLE_ANSWER_MS = 30_000;
/** Families that are looked for at the same time, in all and with one peer; of those in all, one more with each that has none. */
const MAX_SEARCHES = 512;
const MAX_SEARCHES_A_PEER = 8;

/** For orphans whose parents their sender does not have, once in so long: a block that we lack explains a few seconds of them. */
export const ORPHAN_PAYMENT_POINTS = 5;
const ORPHAN_PAYMENT_MS = 2000;
const FREE_ORPHAN_PAYMENTS = 3;
/** A free one comes back after so long: parents that were replaced are gone from honest mempools now and then. */
const FREE_AGAIN_MS = 20_000;

export type OrphanTransactionsOptions = Readonly<{
  chain: Chain;
  mempool: Mempool;
  peers: PeerTable;
  conversation: Conversation;
  log: Logger;
}>;

/** Fetches transactions by id from a peer: the parents of those that came too early, and what a mempool lacks. */
export class OrphanTransactions {
  readonly #options: OrphanTransactionsOptions;
  #searches = 0;
  readonly #searchesOf = new Map<string, number>();
  readonly #refused: RefusedPayments;

  constructor(options: OrphanTransactionsOptions) {
    this.#options = options;
    this.#refused = new RefusedPayments(options.chain);
  }

  /** We would not have it: neither are those that build on it of use. */
  noteRefused(txid: string): void {
    this.#refused.add(txid);
  }

  /** Asks the sender of an orphan for its parents, and theirs. True when the orphan has become part of the mempool. */
  async resolve(peer: Peer, orphan: Transaction, missing: readonly string[]): Promise<boolean> {
    const ofPeer = this.#searchesOf.get(peer.id) ?? 0;
    // A search with a peer that says nothing lasts for seconds: others who hold all of them must leave everybody one.
    const isFull = this.#searches >= MAX_SEARCHES && ofPeer > 0;
    if (isFull || ofPeer >= MAX_SEARCHES_A_PEER) return false;
    // It stands on what we refused, and its sender has done nothing wrong.
    if (missing.some((txid) => this.#refused.has(txid))) return false;
    this.#searches++;
    this.#searchesOf.set(peer.id, ofPeer + 1);
    try {
      let wanted = [...missing];
      const asked = new Set<string>();
      for (let generation = 0; generation < MAX_GENERATIONS && wanted.length > 0; generation++) {
        for (const id of wanted) asked.add(id);
        const { lacking, hasNone } = await this.fetch(peer, wanted);
        if (hasNone) this.#noteParentless(peer);
        wanted = lacking.filter((id) => !asked.has(id));
      }
      // The mempool takes up its orphans by itself when a parent comes; this waits until it has.
      const { mempool } = this.#options;
      await mempool.accept(orphan, { source: peer.id });
      return mempool.has(hashToHex(orphan.hash));
    } finally {
      this.#searches--;
      const left = this.#searchesOf.get(peer.id)! - 1;
      if (left === 0) this.#searchesOf.delete(peer.id);
      else this.#searchesOf.set(peer.id, left);
    }
  }

  /** It spends what neither we nor its sender know. A few may have got into a block meanwhile. */
  #noteParentless(peer: Peer): void {
    // They may be in blocks that we do not have, or will not have.
    if (peer.isRefused || peer.chainWork > this.#options.chain.tip.chainWork) return;
    const sinceMs = Date.now() - peer.orphanPaymentAtMs;
    if (sinceMs < ORPHAN_PAYMENT_MS) return;
    peer.orphanPaymentAtMs = Date.now();
    peer.orphanPayments = Math.max(0, peer.orphanPayments - sinceMs / FREE_AGAIN_MS) + 1;
    if (peer.orphanPayments <= FREE_ORPHAN_PAYMENTS) return;
    const reason = 'transactions/1: it does not have the parents of its payments';
    this.#options.peers.punish(peer.id, ORPHAN_PAYMENT_POINTS, reason);
  }

  /**
   * Asks for transactions and hands those that came to the mempool, also where the answer broke off: a slow line would have sent
   * them for nothing. Returns the parents that they in turn lack, whether the answer was whole, and whether it was that the peer
   * has nothing of what was asked for.
   */
  async fetch(
    peer: Peer,
    txids: readonly string[],
    signals: readonly AbortSignal[] = [],
  ): Promise<{ lacking: string[]; isWhole: boolean; hasNone: boolean }> {
    const { conversation, mempool, peers } = this.#options;
    const wanted = new Set(txids.slice(0, transactionsProtocol.limits.maxItems));
    const question = { hashes: [...wanted].map((txid) => hexToHash(txid)) };
    const { items, isWhole } = await conversation.askSome(peer, transactionsProtocol, question, {
      chunkTimeoutMs: ANSWER_MS,
      wholeTimeoutMs: WHOLE_ANSWER_MS,
      signals,
    });
    const received: Transaction[] = [];
    for (const bytes of items) {
      const transaction = this.#decode(peer, bytes);
      if (transaction === undefined || !wanted.delete(hashToHex(transaction.hash))) {
        peers.punish(peer.id, MALFORMED_POINTS, 'transactions/1: not what was asked for');
        break;
      }
      received.push(transaction);
    }
    const lacking: string[] = [];
    for (const transaction of parentsFirst(received)) {
      const verdict = await mempool.accept(transaction, { source: peer.id });
      if (verdict.status === 'orphan') lacking.push(...verdict.missing);
      if (isRefusal(verdict)) this.noteRefused(hashToHex(transaction.hash));
      const { points, reason } = gossipVerdictOfTransaction(verdict);
      peers.punish(peer.id, points, `transactions/1: ${reason}`);
    }
    return { lacking, isWhole, hasNone: isWhole && items.length === 0 };
  }

  #decode(peer: Peer, bytes: Uint8Array): Transaction | undefined {
    try {
      return detachTransaction(decodeTransaction(bytes));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#options.log.debug(
        { peer: peer.id, reason: error.message },
        'a transaction that cannot be decoded',
      );
      return undefined;
    }
  }
}

/** The same transactions, none before one of these that it spends from: asked by fee rate, a child may come first. */
export function parentsFirst(transactions: readonly Transaction[]): Transaction[] {
  const byHash = new Map(transactions.map((transaction) => [bytesToKey(transaction.hash), transaction]));
  const ordered = new Set<Transaction>();
  // A stack of our own: a chain of transactions may be longer than the call stack allows.
  const stack = [...transactions].reverse();
  const opened = new Set<Transaction>();
  while (stack.length > 0) {
    const transaction = stack.pop()!;
    if (opened.has(transaction)) {
      ordered.add(transaction);
      continue;
    }
    opened.add(transaction);
    stack.push(transaction);
    for (const { outpoint } of transaction.inputs) {
      const parent = byHash.get(bytesToKey(outpoint.txHash));
      if (parent !== undefined && !opened.has(parent)) stack.push(parent);
    }
  }
  return [...ordered];
}
