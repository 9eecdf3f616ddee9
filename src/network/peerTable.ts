import { randomBytes } from 'node:crypto';
import type { Connection, PeerId } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { peersProtocol } from '../../protocols/peers.ts';
import type { Protocol } from '../../protocols/protocol.ts';
import { type NodeStatus, statusProtocol, VISITOR_AGENT } from '../../protocols/status.ts';
import { equalBytes } from '../bytes/bytes.ts';
import type { Rejection } from '../consensus/rejection.ts';
import { costOf } from '../consensus/verdict.ts';
import type { BanList } from './banList.ts';
import { groupSizes, leastUseful } from './eviction.ts';
import { COURTESY_CONNECTIONS, type Host, MAX_CONNECTIONS_OF_PEER } from './host.ts';
import { type NetworkCounts, sourceOfFault } from './networkCounts.ts';
import { BAN_POINTS, type Faults, Peer } from './peer.ts';
import { hostOf, isPrivateHost, subscriberOf } from './peerAddress.ts';
import type { Gate } from './serve.ts';
import { Serving } from './serving.ts';
import { TokenBucket } from './tokenBucket.ts';

/** How long somebody who misbehaved is kept out. */
export const BAN_SEC = 3600;
const COURTESY_MS = 5000;
/** Inbound peers leave room for so many of our own choice (eclipse attacks), or for an eighth of a small limit, one at least. */
const RESERVED_OUTBOUND = 8;
/** A peer that has not said who it is after that gives its place to one that has. */
const NAMELESS_MS = 5000;
/** Inbound peers that are replaced by newcomers although these spread us no better: else the places would never change. */
const REPLACED = { burst: 1, perSec: 1 / 30 };
/** An unreadable request: a hundred of them in ten minutes are no accident. */
export const UNREADABLE_POINTS = 1;
/** For each request of one who goes on although it has been refused for a long time. */
export const EXCESS_POINTS = 1;
/** Peers that are gone and whose faults are remembered. */
const MAX_FAULTS = 1000;
/** Time for the answer to `status` to leave before a connection of another network is closed. */
const FAREWELL_MS = 500;

export type PeerTableOptions = Readonly<{
  host: Host;
  bans: BanList;
  maxPeers: number;
  genesisHash: Uint8Array;
  counts: NetworkCounts;
  log: Logger;
  /** Whether a person wants to be connected to this peer, come what may. */
  isKept: (peerId: string) => boolean;
  /** Whether it leads to such a peer. */
  isWanted: (connection: Connection) => boolean;
  onConnected: (peer: Peer) => void;
  onIntroduced: (peer: Peer) => void;
  onGone: (peer: Peer) => void;
}>;

/** The nodes that we are connected to: who they are, what they may, what they have done wrong. */
export class PeerTable implements Gate {
  readonly #options: PeerTableOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #serving = new Serving();
  /** Peers so far. */
  #count = 0;
  readonly #faultsOfGone = new Map<string, Faults>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #salt = randomBytes(32);
  readonly #replaced = new TokenBucket(REPLACED, Date.now());

  constructor(options: PeerTableOptions) {
    this.#options = options;
    const { host } = options;
    host.addEventListener('connection:open', ({ detail }) => {
      this.#ensure(detail);
      this.#limit(detail);
    });
    host.addEventListener('peer:disconnect', ({ detail }) => this.#remove(detail));
  }

  get(id: string): Peer | undefined {
    return this.#peers.get(id);
  }

  all(): Peer[] {
    return [...this.#peers.values()];
  }

  /** Those that take part. */
  introduced(): Peer[] {
    return this.all().filter((peer) => peer.isIntroduced);
  }

  /**
   * Whether a dial that fails at this host says more of the host than of our own line: there is somebody on that side of it.
   * A neighbour in our own network is no proof that the world is within reach.
   */
  reaches(host: string): boolean {
    const isNear = isPrivateHost(host);
    return this.introduced().some(({ address }) => isNear || !isPrivateHost(hostOf(multiaddr(address))));
  }

  /** Those that count towards the limit. */
  count(direction?: 'inbound' | 'outbound'): number {
    return this.all().filter(
      (peer) => !peer.isCourtesy && (direction === undefined || peer.direction === direction),
    ).length;
  }

  /** An open connection to the peer, the oldest: gossip runs over it. */
  connection(peer: Peer): Connection | undefined {
    return this.#options.host.getConnections(peer.peerId).find(({ status }) => status === 'open');
  }

  /** What it says of itself. A node of another network is seen off, without a ban: it did nothing wrong. */
  introduce(connection: Connection, status: NodeStatus): Peer | undefined {
    const peer = this.#ensure(connection);
    if (peer === undefined) return undefined;
    if (!equalBytes(status.genesisHash, this.#options.genesisHash)) {
      this.#options.log.info({ peer: peer.id, address: peer.address }, 'peer of another network');
      peer.dismiss();
      this.#later(FAREWELL_MS, () => this.disconnect(peer, 'another network'));
      return undefined;
    }
    const isFirst = peer.status === undefined;
    if (isFirst && status.userAgent.startsWith(VISITOR_AGENT)) {
      this.#receiveVisitor(peer);
      return undefined;
    }
    if (isFirst && peer.isCourtesy && this.#findPlace(peer)) peer.seat();
    peer.introduce(status);
    if (isFirst && peer.isIntroduced) {
      const { id, address, direction, height } = peer;
      this.#options.log.info(
        { peer: id, address, direction, height, agent: status.userAgent },
        'peer joined',
      );
      this.#options.onIntroduced(peer);
    }
    return peer;
  }

  disconnect(peer: Peer, reason: string): void {
    this.#options.log.debug({ peer: peer.id, reason }, 'disconnecting');
    peer.isSentAway = true;
    this.#options.host.hangUp(peer.peerId).catch(() => undefined);
  }

  /** Ends a connection that is dead, without a word to the other side. */
  cut(peer: Peer, reason: string): void {
    this.#options.log.debug({ peer: peer.id, reason }, 'cutting off');
    for (const connection of this.#options.host.getConnections(peer.peerId))
      connection.abort(new Error(reason));
  }

  /** Holds a fault against a peer: 100 points, which fade by 10 a minute, are a ban. 0 is no fault. */
  punish(id: string, points: number, reason: string): void {
    if (points <= 0) return;
    const peer = this.#peers.get(id);
    // Blocks also come from our own miner and from the RPC, and the sender of an old one may be long gone.
    if (peer === undefined) return;
    // What it sent before it was banned is still being judged: once is enough.
    if (this.#options.bans.isBanned(id)) return;
    this.#options.counts.faults.add(sourceOfFault(reason), 'punished');
    const total = peer.addPoints(points, Date.now(), reason);
    this.#options.log.info({ peer: id, points, total: Math.round(total), reason }, 'peer misbehaved');
    if (total >= BAN_POINTS) this.ban(id, BAN_SEC, reason);
  }

  /** The same for a block or a header that was rejected: what that costs is written beside the rule. */
  punishForRejected(id: string, what: string, rejection: Rejection): void {
    this.punish(id, costOf(rejection), `${what}: ${rejection.code}`);
  }

  /** Bans a peer, and its address where no others share it: on one machine or behind one router many do. */
  ban(id: string, seconds: number, reason: string): void {
    const peer = this.#peers.get(id);
    this.#options.counts.faults.add(sourceOfFault(reason), 'banned');
    this.#options.bans.add(id, seconds, reason);
    this.#options.log.warn({ peer: id, address: peer?.address, seconds, reason }, 'peer banned');
    for (const { remoteAddr } of peer === undefined ? [] : this.#options.host.getConnections(peer.peerId)) {
      const host = hostOf(remoteAddr);
      if (!isPrivateHost(host)) this.#options.bans.add(subscriberOf(host), seconds, reason);
    }
    if (peer !== undefined) this.disconnect(peer, reason);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const peer of this.#peers.values()) peer.dismiss();
  }

  // ---- what it takes to be answered ----

  enter(connection: Connection, protocol: Protocol<never, never>, end: () => void): string | undefined {
    const refusal = this.#refusalOf(connection, protocol, end);
    this.#options.counts.requests.add(protocol.name, refusal === undefined ? 'admitted' : 'refused');
    return refusal;
  }

  #refusalOf(connection: Connection, protocol: Protocol<never, never>, end: () => void): string | undefined {
    const peer = this.#ensure(connection);
    if (peer === undefined) return 'no room for another peer';
    const { name } = protocol;
    if (peer.isCourtesy && name !== statusProtocol.name && name !== peersProtocol.name) {
      return 'this node is full: ask it for status and peers only';
    }
    const refusal = this.#serving.enter(peer, protocol, end, Date.now());
    if (refusal?.isExcess) this.punish(peer.id, EXCESS_POINTS, `${name}: goes on asking above the limits`);
    return refusal?.message;
  }

  leave({ remotePeer }: Connection, protocol: Protocol<never, never>, end: () => void): void {
    this.#serving.leave(this.#peers.get(remotePeer.toString()), protocol, end, Date.now());
  }

  taken(protocol: Protocol<never, never>, end: () => void, bytes: number): void {
    this.#serving.taken(protocol, end, bytes);
  }

  charge({ remotePeer }: Connection, bytes: number): boolean {
    const peer = this.#peers.get(remotePeer.toString());
    return peer !== undefined && this.#serving.charge(peer, bytes, Date.now());
  }

  blame({ remotePeer }: Connection, reason: string): void {
    this.punish(remotePeer.toString(), UNREADABLE_POINTS, reason);
  }

  failed(protocol: string, error: unknown): void {
    this.#options.log.error({ protocol, err: error }, 'a request could not be answered');
  }

  // ---- coming and going ----

  #ensure(connection: Connection): Peer | undefined {
    const id = connection.remotePeer.toString();
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    if (connection.status !== 'open') return undefined;
    const isInbound = connection.direction === 'inbound';
    // Not before it answers: one that is down for days would cost a peer with every call.
    if (!isInbound && this.count() >= this.#options.maxPeers && this.#options.isWanted(connection))
      this.giveUpOne();
    const isFull = isInbound ? !this.#hasRoom() : this.count() >= this.#options.maxPeers;
    const peer = new Peer(connection, this.#count++, isFull);
    if (isFull && (!isInbound || !this.#hasCourtesy(peer))) {
      connection.abort(new Error('no room for another peer'));
      return undefined;
    }
    this.#peers.set(id, peer);
    const faults = this.#faultsOfGone.get(id);
    if (faults !== undefined) peer.restoreFaults(faults);
    if (isFull) this.#later(COURTESY_MS, () => peer.isCourtesy && this.disconnect(peer, 'this node is full'));
    this.#options.onConnected(peer);
    return peer;
  }

  /** They are counted as one peer, so many of them would take what is there for all. Who dials anew has lost the eldest. */
  #limit({ remotePeer }: Connection): void {
    const open = this.#options.host.getConnections(remotePeer).filter(({ status }) => status === 'open');
    for (const eldest of open.slice(0, -MAX_CONNECTIONS_OF_PEER))
      eldest.abort(new Error('too many connections'));
  }

  /** Whether there is a courtesy for it: of many callers from one address group the eldest makes room for one of another. */
  #hasCourtesy(newcomer: Peer): boolean {
    const courtesies = this.all().filter(({ isCourtesy }) => isCourtesy);
    if (courtesies.length < COURTESY_CONNECTIONS) return true;
    const sizes = groupSizes(courtesies);
    const sizeOf = (group: string) => sizes.get(group) ?? 0;
    const eldest = courtesies.reduce((a, b) => (sizeOf(b.group) > sizeOf(a.group) ? b : a));
    if (sizeOf(newcomer.group) + 1 >= sizeOf(eldest.group)) return false;
    this.#drop(eldest, 'the courtesy goes to another');
    return true;
  }

  /** Who only looks is no peer that could be lost later: a courtesy is enough for it, and anybody may have one. */
  #receiveVisitor(peer: Peer): void {
    if (peer.isCourtesy) return;
    const isOne = this.#hasCourtesy(peer);
    peer.unseat();
    this.#later(
      isOne ? COURTESY_MS : FAREWELL_MS,
      () => peer.isCourtesy && this.disconnect(peer, 'it has looked'),
    );
  }

  /**
   * Whether a newcomer gets a place in a node that is full: it has said who it is, and another inbound peer is given up for
   * it if that spreads us better over the network. So a crowd from one corner changes nothing.
   */
  #findPlace(newcomer: Peer): boolean {
    if (newcomer.direction === 'inbound' && this.#hasRoom()) return true;
    const inbound = this.#seatedInbound();
    const nameless = inbound.find(
      ({ status, connectedAtMs }) => status === undefined && Date.now() - connectedAtMs > NAMELESS_MS,
    );
    const victim = nameless ?? this.#leastUseful(inbound);
    if (victim === undefined) return false;
    const sizes = groupSizes(inbound);
    const better = (sizes.get(victim.group) ?? 0) - (sizes.get(newcomer.group) ?? 0) - 1;
    const isBetter = victim === nameless || this.#options.isKept(newcomer.id) || better > 0;
    if (!isBetter && (better < 0 || newcomer.group === victim.group || !this.#replaced.take(Date.now())))
      return false;
    this.#drop(victim, 'its place goes to another');
    return true;
  }

  /** Gives up a peer for one that a person wants. */
  giveUpOne(): void {
    const inbound = this.#seatedInbound();
    const outbound = this.all().filter(
      ({ id, direction }) => direction === 'outbound' && !this.#options.isKept(id),
    );
    const victim = this.#leastUseful(inbound) ?? inbound.at(-1) ?? outbound.at(-1);
    if (victim !== undefined) this.#drop(victim, 'its place goes to a peer that was added by hand');
  }

  #seatedInbound(): Peer[] {
    return this.all().filter(
      ({ id, direction, isCourtesy }) => direction === 'inbound' && !isCourtesy && !this.#options.isKept(id),
    );
  }

  #leastUseful(inbound: readonly Peer[]): Peer | undefined {
    const seats = inbound.map((peer) => {
      const { id, group, lastBlockAtMs, lastTransactionAtMs, connectedAtMs } = peer;
      const pingMs = this.connection(peer)?.rtt;
      return { id, group, pingMs, lastBlockAtMs, lastTransactionAtMs, connectedAtMs };
    });
    const seat = leastUseful(seats, this.#salt);
    return seat && this.#peers.get(seat.id);
  }

  /** At once: the place is given away now. */
  #drop(peer: Peer, reason: string): void {
    for (const connection of this.#options.host.getConnections(peer.peerId)) {
      // From here on it counts as closed: what it asks meanwhile must not seat it anew.
      connection.close().catch(() => undefined);
    }
    peer.isSentAway = true;
    this.#remove(peer.peerId);
    this.disconnect(peer, reason);
  }

  #hasRoom(): boolean {
    const { maxPeers } = this.#options;
    // A node with one place only is glad of whoever comes.
    const reserved = maxPeers < 2 ? 0 : Math.min(RESERVED_OUTBOUND, Math.max(1, Math.floor(maxPeers / 8)));
    return this.count() < maxPeers && this.count('inbound') < maxPeers - reserved;
  }

  #remove(peerId: PeerId): void {
    const peer = this.#peers.get(peerId.toString());
    if (peer === undefined) return;
    this.#peers.delete(peer.id);
    this.#rememberFaults(peer);
    peer.dismiss();
    if (peer.isIntroduced) this.#options.log.info({ peer: peer.id, address: peer.address }, 'peer left');
    this.#options.onGone(peer);
  }

  /** Who hangs up and comes back does not begin anew. */
  #rememberFaults(peer: Peer): void {
    this.#faultsOfGone.delete(peer.id);
    if (peer.points(Date.now()) === 0) return;
    this.#faultsOfGone.set(peer.id, peer.faults);
    if (this.#faultsOfGone.size > MAX_FAULTS)
      this.#faultsOfGone.delete(this.#faultsOfGone.keys().next().value!);
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}
