import type { Connection } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import type { AddressExchange } from './addressExchange.ts';
import { ANCHORS } from './addressTable.ts';
import { Deadline } from './deadline.ts';
import { DialTarget } from './dialTarget.ts';
import type { DialTargets } from './dialTargets.ts';
import type { Discovery } from './discovery.ts';
import { resolveDnsaddr } from './dnsaddr.ts';
import type { Host } from './host.ts';
import type { Peer } from './peer.ts';
import { hostOf } from './peerAddress.ts';
import type { PeerTable } from './peerTable.ts';
import { sleep } from './repeat.ts';
import { messageOf } from './request.ts';
import { shuffle } from './shuffle.ts';
import type { Shunned } from './shunned.ts';
import { dialledAddress } from './toldAddress.ts';

/** Outbound peers that we look for: chosen by us, they cannot be an attacker's alone. */
export const OUTBOUND_TARGET = 8;
/** While the chain is still to be fetched: more to fetch it from, and some that are of no use do no harm. */
const SYNCING_TARGET = 16;
const ROUND_MS = 15_000;
/** The first round after we have lost everybody, and twice as long each time up to a limit. */
const LONELY_ROUND_MS = 1000;
const MAX_LONELY_ROUND_MS = 6000;
/** After a dial that failed while places are free: dead addresses are many, but a dead line must not have all of them tried. */
const NEXT_MS = 2000;
/** Between two rounds, however often peers come and go. */
const MIN_PAUSE_MS = 300;
const DIAL_MS = 10_000;
/** Dials at the same time. */
const MAX_DIALS = 16;
/** A peer that stays is noted as met this often. */
const REFRESH_MS = 600_000;
/** Rounds without any peer before a word is said about it, and between two such words (about ten minutes). */
const FIRST_REMINDER = 5;
const REMIND_ROUNDS = 100;

export type DialerOptions = Readonly<{
  host: Host;
  peers: PeerTable;
  discovery: Discovery;
  exchange: AddressExchange;
  targets: DialTargets;
  shunned: Shunned;
  maxPeers: number;
  hasCaughtUp: () => boolean;
  signal: AbortSignal;
  log: Logger;
}>;

/**
 * Keeps eight outbound peers for as long as the node lives: from the addresses that discovery knows, from the seeds
 * (libp2p's bootstrap module tries them once), and those that a person added in any case.
 */
export class Dialer {
  readonly #options: DialerOptions;
  /** Whom we dial, by peer id or as typed, and where. */
  readonly #dialling = new Map<string, readonly string[]>();
  readonly #notedAtMs = new WeakMap<Peer, number>();
  #lonelyRounds = 0;
  /** By who asks for it. */
  readonly #extra = new Map<string, number>();
  #wake: AbortController = new AbortController();
  #nextTimer: NodeJS.Timeout | undefined;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#loop();
  }

  /** Keeps this peer connected from now on. @throws PeerAddressError */
  add(text: string): void {
    const { targets, discovery, shunned } = this.#options;
    targets.add(text);
    // Whoever it is that answers there: the name alone does not say.
    shunned.clear();
    discovery.table.setKept(targets.kept);
    this.wake();
  }

  /** Dials it now, and never again. @throws PeerAddressError */
  tryOnce(text: string): void {
    const { shunned, peers, maxPeers } = this.#options;
    const target = new DialTarget(text, true);
    shunned.clear();
    if (peers.count() >= maxPeers) peers.giveUpOne();
    void this.#dialTarget(target);
  }

  /** Keeps it connected no more. Those that were meant: by the text that they were added with, or by peer id. */
  remove(textOrId: string): DialTarget[] {
    const { targets, discovery } = this.#options;
    const removed = targets.remove(textOrId);
    if (removed.length > 0) discovery.table.setKept(targets.kept);
    return removed;
  }

  /** Looks now, as at the start: the line may be back. */
  wake(): void {
    this.#lonelyRounds = 0;
    this.#wake.abort();
  }

  /** Looks for so many more outbound peers than usual: those that we have may be of no use. */
  lookForMore(extra: number, reason: string): void {
    if (extra > (this.#extra.get(reason) ?? 0)) this.#wake.abort();
    this.#extra.set(reason, extra);
  }

  /** There are addresses that we did not know. */
  onNews(): void {
    if (this.#wanted() > 0) this.#wake.abort();
  }

  /** A peer takes part: its address is worth remembering, and it knows others. */
  onIntroduced(peer: Peer): void {
    const { discovery, exchange } = this.#options;
    this.#lonelyRounds = 0;
    this.#note(peer);
    void discovery.table.save();
    void exchange.ask(peer);
  }

  /** A peer is gone: with the last one the search begins anew, at once. */
  onGone(peer: Peer): void {
    if (this.#options.discovery.left(peer)) this.#options.targets.refused(peer.id);
    if (this.#options.peers.introduced().length === 0) this.wake();
  }

  #note(peer: Peer): void {
    this.#notedAtMs.set(peer, Date.now());
    this.#options.discovery.met(peer);
  }

  async #loop(): Promise<void> {
    const { signal, discovery, log } = this.#options;
    while (!signal.aborted) {
      try {
        this.#round();
        // Not waited for: a disk that hangs must not keep us from dialling.
        void discovery.table.save();
      } catch (error) {
        log.error({ err: error }, 'a dial round failed');
      }
      const pauseMs = this.#pauseMs();
      const onStop = () => this.#wake.abort();
      signal.addEventListener('abort', onStop);
      await sleep(MIN_PAUSE_MS, signal);
      await sleep(pauseMs * (0.75 + Math.random() / 2), this.#wake.signal);
      signal.removeEventListener('abort', onStop);
      if (this.#wake.signal.aborted) this.#wake = new AbortController();
    }
  }

  #pauseMs(): number {
    const { peers, exchange } = this.#options;
    const introduced = peers.introduced();
    if (introduced.length === 0) {
      if (this.#lonelyRounds % REMIND_ROUNDS === FIRST_REMINDER) this.#remind();
      return Math.min(MAX_LONELY_ROUND_MS, LONELY_ROUND_MS * 2 ** Math.min(this.#lonelyRounds++, 16));
    }
    if (this.#wanted() <= 0) return ROUND_MS;
    return Math.max(0, Math.min(ROUND_MS, exchange.dueMs(introduced) - Date.now()));
  }

  /** What somebody who waits for the first peer wants to know. */
  #remind(): void {
    const { targets, discovery, log } = this.#options;
    const tried = targets.size + discovery.table.size;
    if (tried === 0) log.info('no seed and no remembered peer to dial: waiting for others to connect');
    else
      log.warn(
        { tried },
        'nobody answers yet, still trying; --dns-seed HOST:PORT names a node that you know',
      );
  }

  #needed(): number {
    return -this.surplus() - this.#dialling.size;
  }

  /** How many outbound peers there are too many; below zero, how many are missing. */
  surplus(): number {
    const { peers, hasCaughtUp } = this.#options;
    const extra = Math.max(0, ...this.#extra.values());
    return peers.count('outbound') - extra - (hasCaughtUp() ? OUTBOUND_TARGET : SYNCING_TARGET);
  }

  /** Those of them that there is room for. */
  #wanted(): number {
    const { peers, maxPeers } = this.#options;
    return Math.min(this.#needed(), maxPeers - peers.count());
  }

  #round(): void {
    const { peers, exchange } = this.#options;
    const introduced = peers.introduced();
    const isLonely = introduced.length === 0;
    this.#refresh(introduced);
    // Before the seeds, which may take all the places: a restart must not be a way to isolate us.
    if (isLonely) this.#dialKnown(Math.min(ANCHORS, this.#wanted()), true);
    this.#dialTargets(isLonely);
    const wanted = this.#wanted();
    if (wanted <= 0) return;
    exchange.askWhoIsDue(introduced);
    this.#dialKnown(wanted, isLonely);
  }

  #refresh(introduced: readonly Peer[]): void {
    const nowMs = Date.now();
    for (const peer of introduced) {
      if (nowMs - (this.#notedAtMs.get(peer) ?? 0) >= REFRESH_MS) this.#note(peer);
    }
    const outbound = introduced.filter(({ direction }) => direction === 'outbound');
    // Nobody connected, as when the line is down, is no reason to forget them.
    if (outbound.length === 0) return;
    const oldest = outbound.sort((a, b) => a.connectedAtMs - b.connectedAtMs);
    this.#options.discovery.table.setAnchors(oldest.flatMap((peer) => dialledAddress(peer) ?? []));
  }

  #dialTargets(isLonely: boolean): void {
    const { targets, peers, maxPeers } = this.#options;
    // In no order: who comes first in a list should not always come first.
    for (const target of shuffle(targets.all())) {
      if (!target.isDue(Date.now(), isLonely) || this.#isConnected(target.peerId)) continue;
      const isWanted = target.isManual || (this.#needed() > 0 && peers.count() < maxPeers);
      if (isWanted && !this.#isShunned(target.peerId)) void this.#dialTarget(target);
    }
  }

  #dialKnown(max: number, isLonely: boolean): void {
    const { discovery, peers } = this.#options;
    const picked = discovery.pick({
      max,
      isLonely,
      outbound: [
        ...peers.all().flatMap(({ address, direction }) => (direction === 'outbound' ? [address] : [])),
        ...[...this.#dialling.values()].flat(),
      ],
      isExcluded: (peerId) =>
        this.#isConnected(peerId) || this.#isShunned(peerId) || this.#dialling.has(peerId),
    });
    for (const { peerId, address } of picked) void this.#dialOne(peerId, address, isLonely);
  }

  #isShunned(peerId: string | undefined): boolean {
    return peerId !== undefined && this.#options.shunned.has(peerId);
  }

  #isConnected(peerId: string | undefined): boolean {
    return peerId !== undefined && this.#options.peers.get(peerId) !== undefined;
  }

  async #dialTarget(target: DialTarget): Promise<void> {
    if (this.#dialling.has(target.text) || this.#dialling.size >= MAX_DIALS) return;
    this.#dialling.set(target.text, target.multiaddrs);
    try {
      const { remotePeer } = await this.#dialAny(await this.#addressesOf(target));
      target.peerId = remotePeer.toString();
      void this.#whenKnown(target.peerId, (fits) => (fits ? target.succeeded() : target.failed(Date.now())));
    } catch (error) {
      if (isSelf(error)) this.#options.targets.drop(target);
      target.failed(Date.now());
      this.#options.log.debug({ address: target.text, reason: messageOf(error) }, 'dial failed');
    } finally {
      this.#dialling.delete(target.text);
    }
  }

  async #dialOne(peerId: string, address: string, isLonely: boolean): Promise<void> {
    const { discovery, peers } = this.#options;
    const { table } = discovery;
    if (this.#dialling.size >= MAX_DIALS) return;
    this.#dialling.set(peerId, [address]);
    const nowSec = () => Math.floor(Date.now() / 1000);
    try {
      await this.#dialAny([address]);
      void this.#whenKnown(peerId, (fits) => {
        if (fits) return;
        table.fail(address, nowSec());
        this.#tryNext();
      });
    } catch (error) {
      this.#options.log.debug({ address, reason: messageOf(error) }, 'dial failed');
      if (isLonely || !peers.reaches(hostOf(multiaddr(address)))) table.tried(address, nowSec());
      else table.fail(address, nowSec());
      this.#tryNext();
    } finally {
      this.#dialling.delete(peerId);
    }
  }

  /** The next round is soon, where it would be a while. */
  #tryNext(): void {
    if (this.#nextTimer !== undefined) return;
    this.#nextTimer = setTimeout(() => {
      this.#nextTimer = undefined;
      if (this.#wanted() > 0) this.#wake.abort();
    }, NEXT_MS);
    this.#nextTimer.unref();
  }

  /** Waits until the peer has said who it is: one of another network is not to be dialled every few seconds. */
  async #whenKnown(peerId: string, action: (fits: boolean) => void): Promise<void> {
    const fits = await this.#options.peers.get(peerId)?.introduced;
    action(fits ?? false);
  }

  async #addressesOf(target: DialTarget): Promise<readonly string[]> {
    const { address } = target;
    if (address.kind === 'multiaddr') return target.multiaddrs;
    const found = await resolveDnsaddr(address.host);
    const wanted = found.filter(
      (text) => address.peerId === undefined || text.endsWith(`/${address.peerId}`),
    );
    if (wanted.length === 0) throw new Error(`${address.host} lists no addresses`);
    target.multiaddrs = shuffle(wanted);
    return target.multiaddrs;
  }

  /** The first of the addresses that answers. */
  async #dialAny(addresses: readonly string[]): Promise<Connection> {
    let failure: unknown;
    for (const address of addresses) {
      const deadline = new Deadline(DIAL_MS, this.#options.signal);
      try {
        return this.#keepOne(await this.#options.host.dial(multiaddr(address), { signal: deadline.signal }));
      } catch (error) {
        failure = error;
      } finally {
        deadline.end();
      }
    }
    throw failure;
  }

  /** An address without a peer id may lead to a peer that is connected already: the older connection carries its gossip. */
  #keepOne(connection: Connection): Connection {
    const others = this.#options.host
      .getConnections(connection.remotePeer)
      .filter((other) => other.id !== connection.id && other.status === 'open');
    if (others.length > 0) connection.close().catch(() => undefined);
    return connection;
  }
}

function isSelf(error: unknown): boolean {
  return /dial self/.test(messageOf(error));
}
