import type { Stream } from '@libp2p/interface';
import type { Logger } from 'pino';
import { blocksTopic, topicId, transactionsTopic } from '../../protocols/topics.ts';
import { ALL_TRANSACTIONS, GossipAllowance } from './gossipAllowance.ts';
import { countFrame, type GossipFrame } from './gossipFrame.ts';
import { GRAYLIST_SCORE } from './gossipSettings.ts';
import { MALFORMED_POINTS } from './gossipVerdict.ts';
import type { GossipInside, Host } from './host.ts';
import { MessageSplitter } from './messageSplitter.ts';
import { BAN_POINTS, type Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { repeat } from './repeat.ts';
import { TokenBucket } from './tokenBucket.ts';

/** How often gossipsub's scores are looked at: it turns a deaf ear to whom it dislikes, and never disconnects. */
const LOOK_EVERY_MS = 5000;
/** Looks in a row that must find a score so low. */
const LOOKS = 2;
/** After we ignored some of a peer's frames, its broken promises may be our doing. */
const IGNORED_MS = 60_000;
/** As gossipsub sends them. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** How long a peer is kept out whose score says that it breaks gossipsub's rules. */
export const SCORE_BAN_SEC = 600;

export type GossipGuardOptions = Readonly<{
  host: Host;
  network: string;
  peers: PeerTable;
  /** A frame with a block was dropped unread: its sender's chain has to be asked for. */
  onBlockUnseen: (peer: Peer) => void;
  signal: AbortSignal;
  log: Logger;
}>;

/**
 * Stands between the gossip streams and gossipsub: counts what is in a frame before anything is decoded, drops what is too
 * much, and sees to it that who floods, sends garbage or breaks gossipsub's rules ends banned.
 */
export class GossipGuard {
  readonly #options: GossipGuardOptions;
  readonly #topics: { blocks: Buffer; transactions: Buffer };
  readonly #allTransactions = new TokenBucket(ALL_TRANSACTIONS, Date.now());
  readonly #allowances = new WeakMap<Peer, GossipAllowance>();
  /** What is read, by peer. */
  readonly #streams = new Map<string, Stream>();
  readonly #lowLooks = new WeakMap<Peer, number>();

  constructor(options: GossipGuardOptions) {
    this.#options = options;
    const topic = (name: { name: string }) => Buffer.from(topicId(options.network, name));
    this.#topics = { blocks: topic(blocksTopic), transactions: topic(transactionsTopic) };
  }

  /** Before the host listens. */
  start(): void {
    const { host, signal, log } = this.#options;
    const inside: GossipInside = host.services.gossip;
    inside.createInboundStream = (peerId, stream) => this.#listen(inside, peerId, stream);
    repeat({
      signal,
      everyMs: LOOK_EVERY_MS,
      action: () => this.look(),
      onError: (error) => log.error({ err: error }, 'gossip scores could not be looked at'),
    });
  }

  /** Bans those whose score has been under gossipsub's own threshold for a while. */
  look(): void {
    const { host, peers } = this.#options;
    const nowMs = Date.now();
    for (const peer of peers.introduced()) {
      const ignoredAtMs = this.#allowances.get(peer)?.ignoredAtMs ?? -Infinity;
      const isLow = host.services.gossip.getScore(peer.id) < GRAYLIST_SCORE;
      const looks = isLow && nowMs - ignoredAtMs > IGNORED_MS ? (this.#lowLooks.get(peer) ?? 0) + 1 : 0;
      this.#lowLooks.set(peer, looks);
      if (looks >= LOOKS) peers.ban(peer.id, SCORE_BAN_SEC, 'gossip: its score at gossipsub is too low');
    }
  }

  /**
   * Reads in the place of gossipsub, which reads on what it has replaced, keeps a piece of memory for each piece of a frame, and
   * tells nobody whose frames cannot be decoded. A peer has one stream: of more, the newest.
   */
  #listen(gossip: GossipInside, peerId: Peer['peerId'], stream: Stream): void {
    const id = peerId.toString();
    const prior = this.#streams.get(id);
    this.#streams.set(id, stream);
    prior?.abort(new Error('a newer stream is read'));
    stream.addEventListener('close', ({ error }) => {
      if (this.#streams.get(id) !== stream) return;
      this.#streams.delete(id);
      if (error !== undefined) gossip.handlePeerReadStreamError(error, peerId);
    });
    stream.addEventListener('remoteCloseWrite', () => void stream.close().catch(() => undefined));
    const splitter = new MessageSplitter(MAX_FRAME_BYTES);
    stream.addEventListener('message', ({ data }) => {
      try {
        for (const bytes of data instanceof Uint8Array ? [data] : data) {
          for (const frame of splitter.push(bytes)) this.#take(gossip, peerId, frame);
        }
      } catch (error) {
        // There is no going on behind it.
        this.#options.peers.punish(id, BAN_POINTS, 'gossip: a frame too large');
        stream.abort(error as Error);
      }
    });
  }

  /** Never throws. */
  #take(gossip: GossipInside, peerId: Peer['peerId'], bytes: Uint8Array): void {
    const id = peerId.toString();
    const { peers, log } = this.#options;
    try {
      if (!this.#admits(id, bytes)) return;
      // Not awaited: what the next frames hold must not wait for the verdicts on this one.
      gossip.handleReceivedRpc(peerId, gossip.decodeRpc(bytes)).catch((error) => {
        log.debug({ peer: id, err: error }, 'a gossip frame could not be handled');
      });
    } catch (error) {
      peers.punish(id, MALFORMED_POINTS, `gossip: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** @throws DecodeError */
  #admits(id: string, bytes: Uint8Array): boolean {
    const { peers, log, onBlockUnseen } = this.#options;
    const peer = peers.get(id);
    if (peer === undefined || peer.isCourtesy) return false;
    const frame = countFrame(bytes, this.#topics);
    const { action, points, reason } = this.#admit(peer, frame, bytes.length);
    if (action === 'take') return true;
    if (action === 'flood') peers.punish(id, points, `gossip: too many ${reason}`);
    else log.trace({ peer: id, reason }, 'gossip ignored: too much');
    if (frame.blocks > 0 && peer.isIntroduced) onBlockUnseen(peer);
    return false;
  }

  #admit(peer: Peer, frame: GossipFrame, bytes: number) {
    const nowMs = Date.now();
    let allowance = this.#allowances.get(peer);
    if (allowance === undefined) {
      allowance = new GossipAllowance(this.#allTransactions, nowMs);
      this.#allowances.set(peer, allowance);
    }
    return allowance.admit(frame, bytes, !peer.isIntroduced, nowMs);
  }
}
