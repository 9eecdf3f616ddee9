import { type Message, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub';
import type { Logger } from 'pino';
import { blocksTopic, type Topic, topicId, transactionsTopic } from '../../protocols/topics.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { hashToHex } from '../bytes/hex.ts';
import { sha256 } from '../bytes/sha256.ts';
import type { Chain } from '../chain/chain.ts';
import { checkProofOfWork } from '../consensus/checkHeader.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { type BlockHeader, decodeHeader, HEADER_BYTES } from '../primitives/header.ts';
import { decodeTransaction } from '../primitives/transaction.ts';
import {
  type GossipVerdict,
  gossipVerdictOfBlock,
  gossipVerdictOfTransaction,
  MALFORMED_POINTS,
} from './gossipVerdict.ts';
import { HOPELESS_FAILURES } from './headerSearch.ts';
import type { Host } from './host.ts';
import type { NetworkCounts } from './networkCounts.ts';
import type { OrphanTransactions } from './orphanTransactions.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { isRefusal } from './refusedPayments.ts';
import { Turnstile } from './turnstile.ts';

/** How long a message waits for its sender to say who it is. */
const INTRODUCTION_MS = 5000;
/** Messages of one peer that may wait so. */
const MAX_WAITING = 64;
/** Own messages go to every peer while that is no more than this; larger ones to the mesh. */
const FLOOD_BYTES = 8_000_000;

const IGNORE: GossipVerdict = { result: 'ignore', points: 0, reason: '' };
const MALFORMED: GossipVerdict = { result: 'reject', points: MALFORMED_POINTS, reason: 'malformed' };

export type GossipOptions = Readonly<{
  host: Host;
  params: NetworkParams;
  chain: Chain;
  mempool: Mempool;
  peers: PeerTable;
  orphans: OrphanTransactions;
  /** A block was dropped unread, because its sender has sent many: its chain has to be asked for. */
  onBlockUnseen: (peer: Peer) => void;
  /** Fetches what leads to a block whose parent is unknown. True when the block has become part of the chain. */
  resolveOrphanBlock: (peer: Peer, header: BlockHeader) => Promise<boolean>;
  /** Before that no transaction can be judged: its coins may be in blocks that are still to come. */
  isSyncing: () => boolean;
  counts: NetworkCounts;
  log: Logger;
}>;

/** Both topics: judging what comes before it is relayed, and publishing what is ours. */
export class GossipTopics {
  readonly #options: GossipOptions;
  readonly #blocks: string;
  readonly #transactions: string;
  /** Hashes that are being judged: gossipsub relays them itself when they are accepted. */
  readonly #judging = new Set<string>();
  readonly #waiting = new Map<string, number>();
  /** 20,000 transactions may come at once from an honest peer: they are checked a thousand at a time. */
  readonly #turnstile = new Turnstile({ maxInside: 1000, maxWaitingBytes: 32_000_000 });

  constructor(options: GossipOptions) {
    this.#options = options;
    this.#blocks = topicId(options.params.name, blocksTopic);
    this.#transactions = topicId(options.params.name, transactionsTopic);
  }

  start(): void {
    const { gossip } = this.#options.host.services;
    const judge = (topic: Topic, judgement: (peer: Peer, data: Uint8Array) => Promise<GossipVerdict>) =>
      gossip.topicValidators.set(topicId(this.#options.params.name, topic), async (from, message) => {
        const result = await this.#judge(topic, from.toString(), message, judgement);
        this.#options.counts.gossip.add(topic.name, result);
        return result;
      });
    judge(blocksTopic, (peer, data) => this.#judgeBlock(peer, data));
    judge(transactionsTopic, (peer, data) => this.#judgeTransaction(peer, data));
    gossip.subscribe(this.#blocks);
    gossip.subscribe(this.#transactions);
  }

  /** Tells the network of a block that became our tip. Not those that gossip brought and relays itself. */
  publishBlock(hash: string, bytes: Uint8Array): void {
    if (!this.#judging.has(hash)) this.#publish(this.#blocks, bytes);
  }

  publishTransaction(txid: string, bytes: Uint8Array): void {
    if (!this.#judging.has(txid)) this.#publish(this.#transactions, bytes);
  }

  /**
   * A message that was once ignored, say an orphan, would count as seen for two minutes and not be sent: it is new to
   * others now, so it is forgotten first.
   */
  #publish(topic: string, data: Uint8Array): void {
    const { gossip } = this.#options.host.services;
    gossip.seenCache.entries.delete(gossip.msgIdToStrFn(sha256(data)));
    const recipients = gossip.getSubscribers(topic).length;
    gossip
      .publish(topic, data, { floodPublish: data.length * recipients <= FLOOD_BYTES })
      .catch((error) => this.#options.log.debug({ topic, err: error }, 'not published'));
  }

  /** Never throws: gossipsub would take that for a verdict on the message. */
  async #judge(
    topic: Topic,
    from: string,
    { data }: Message,
    judgement: (peer: Peer, data: Uint8Array) => Promise<GossipVerdict>,
  ): Promise<TopicValidatorResult> {
    const { peers, params, log } = this.#options;
    try {
      const peer = peers.get(from);
      if (peer === undefined || !(await this.#isIntroduced(peer))) return TopicValidatorResult.Ignore;
      const verdict = data.length > topic.maxMessageBytes(params) ? MALFORMED : await judgement(peer, data);
      if (verdict.result !== 'accept') {
        log.debug({ peer: from, topic: topic.name, ...verdict }, 'gossip not relayed');
      }
      peers.punish(from, verdict.points, `${topic.name}: ${verdict.reason}`);
      return resultOf(verdict);
    } catch (error) {
      if (error instanceof DecodeError) {
        peers.punish(from, MALFORMED.points, `${topic.name}: ${error.message}`);
        return TopicValidatorResult.Reject;
      }
      log.error({ topic: topic.name, err: error }, 'a gossip message could not be judged');
      return TopicValidatorResult.Ignore;
    }
  }

  /** Nothing is looked at before its sender's genesis is known to be ours. */
  async #isIntroduced(peer: Peer): Promise<boolean> {
    if (peer.isIntroduced) return true;
    const waiting = this.#waiting.get(peer.id) ?? 0;
    if (peer.isCourtesy || waiting >= MAX_WAITING) return false;
    this.#waiting.set(peer.id, waiting + 1);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), INTRODUCTION_MS);
    });
    const fits = await Promise.race([peer.introduced, tooLate]);
    clearTimeout(timer);
    const left = (this.#waiting.get(peer.id) ?? 1) - 1;
    if (left === 0) this.#waiting.delete(peer.id);
    else this.#waiting.set(peer.id, left);
    return fits;
  }

  async #judgeBlock(peer: Peer, data: Uint8Array): Promise<GossipVerdict> {
    const { chain, params, resolveOrphanBlock, onBlockUnseen } = this.#options;
    if (!peer.gossipedBlocks.take(Date.now())) {
      onBlockUnseen(peer);
      return IGNORE;
    }
    // Proof of work first: a body is dear to decode, and lies about it are cheap to make.
    const header = decodeHeader(data.subarray(0, HEADER_BYTES));
    const lacksWork = checkProofOfWork(header, params);
    if (lacksWork) return gossipVerdictOfBlock({ status: 'rejected', rejection: lacksWork });
    const hash = hashToHex(header.hash);
    const known = chain.node(hash);
    if (known?.hadBody && !known.isInvalid) {
      peer.showed(known);
      return IGNORE;
    }
    // Who did not show the ancestors of the last ones has no place for more.
    const isHopeless = peer.headerFailures >= HOPELESS_FAILURES;
    if (isHopeless && chain.node(hashToHex(header.previousHash)) === undefined) return IGNORE;
    return this.#whileJudging(hash, async () => {
      // As bytes: decoded it would weigh six times as much while it waits, and 3 MB are decoded in slices there.
      const options = { requested: false, source: peer.id, isProven: peer.lastBlockAtMs > 0 };
      const verdict = await chain.acceptBlock(data, options);
      // Only what is of use counts in the peer's favour when places are scarce.
      if (verdict.status === 'connected') peer.lastBlockAtMs = Date.now();
      if (verdict.status === 'connected' || verdict.status === 'stored' || verdict.status === 'known') {
        peer.showed(verdict.node);
      }
      if (verdict.status === 'orphan' && (await resolveOrphanBlock(peer, header))) {
        return { result: 'accept', points: 0, reason: '' };
      }
      return gossipVerdictOfBlock(verdict);
    });
  }

  async #judgeTransaction(peer: Peer, data: Uint8Array): Promise<GossipVerdict> {
    const { mempool, orphans, isSyncing } = this.#options;
    if (isSyncing()) return IGNORE;
    let txid = '';
    try {
      // It waits for its turn as bytes: decoded it would weigh many times as much.
      const judged = await this.#turnstile.run(peer.id, data.length, async () => {
        // A copy: the message is a view into all that came in the same packet.
        const transaction = decodeTransaction(Uint8Array.from(data));
        if (mempool.hasHash(transaction.hash)) return undefined;
        txid = hashToHex(transaction.hash);
        this.#judging.add(txid);
        return { transaction, verdict: await mempool.accept(transaction, { source: peer.id }) };
      });
      if (judged === undefined) return IGNORE;
      const { transaction, verdict } = judged;
      if (verdict.status === 'accepted') peer.lastTransactionAtMs = Date.now();
      if (isRefusal(verdict)) orphans.noteRefused(txid);
      if (verdict.status === 'orphan' && (await orphans.resolve(peer, transaction, verdict.missing))) {
        return { result: 'accept', points: 0, reason: '' };
      }
      return gossipVerdictOfTransaction(verdict);
    } finally {
      this.#judging.delete(txid);
    }
  }

  async #whileJudging(hash: string, judgement: () => Promise<GossipVerdict>): Promise<GossipVerdict> {
    this.#judging.add(hash);
    try {
      return await judgement();
    } finally {
      this.#judging.delete(hash);
    }
  }
}

function resultOf({ result }: GossipVerdict): TopicValidatorResult {
  switch (result) {
    case 'accept':
      return TopicValidatorResult.Accept;
    case 'ignore':
      return TopicValidatorResult.Ignore;
    case 'reject':
      return TopicValidatorResult.Reject;
  }
}
