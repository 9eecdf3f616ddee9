import type { Connection } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { peersProtocol } from '../../protocols/peers.ts';
import { type AddressBook, shuffle } from './addressBook.ts';
import type { BanList } from './banList.ts';
import type { Conversation } from './conversation.ts';
import { Deadline } from './deadline.ts';
import { pickCandidates } from './dialCandidates.ts';
import { DialTarget } from './dialTarget.ts';
import { resolveDnsaddr } from './dnsaddr.ts';
import type { Host } from './host.ts';
import type { Peer } from './peer.ts';
import { PeerAddressError } from './peerAddress.ts';
import type { PeerTable } from './peerTable.ts';
import { sleep } from './repeat.ts';
import { messageOf } from './request.ts';
import { dialableAddress, isPrivateAddress, readToldAddress } from './toldAddress.ts';

/** Outbound peers that we look for: chosen by us, they cannot be an attacker's alone. */
const OUTBOUND_TARGET = 8;
const ROUND_MS = 15_000;
/** The first round after we have lost everybody, and twice as long each time up to a normal one. */
const LONELY_ROUND_MS = 1000;
/** Between two rounds, however often peers come and go. */
const MIN_PAUSE_MS = 300;
const DIAL_MS = 10_000;
/** Dials at the same time. */
const MAX_DIALS = 16;
/** A peer that stays is noted as met this often. */
const REFRESH_SEC = 600;
/** Addresses asked of one peer, and how often while we look for more. */
const ASK_ADDRESSES = 64;
const ASK_EVERY_MS = 60_000;

export type DialerOptions = Readonly<{
  host: Host;
  peers: PeerTable;
  book: AddressBook;
  bans: BanList;
  conversation: Conversation;
  seeds: readonly string[];
  maxPeers: number;
  signal: AbortSignal;
  log: Logger;
}>;

/** Rounds without any peer before a word is said about it, and between two such words (about ten minutes). */
const FIRST_REMINDER = 3;
const REMIND_ROUNDS = 40;

/**
 * Looks for peers for as long as the node lives: the seeds (libp2p's bootstrap module tries them once), those that a person
 * added, and the address book, fed by what peers tell of peers.
 */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #targets = new Map<string, DialTarget>();
  readonly #dialling = new Set<string>();
  readonly #askedAtMs = new WeakMap<Peer, number>();
  #lonelyRounds = 0;
  #wake: AbortController = new AbortController();

  constructor(options: DialerOptions) {
    this.#options = options;
    for (const seed of options.seeds) this.#addSeed(seed);
  }

  start(): void {
    void this.#loop();
  }

  /** Keeps this peer connected from now on. @throws PeerAddressError */
  add(text: string): void {
    this.#targets.set(text, new DialTarget(text, true));
    this.#wake.abort();
  }

  /** Whether it was one of those that are kept connected: the text that it was added with, or its peer id. */
  remove(textOrId: string): boolean {
    let removed = false;
    for (const [text, target] of this.#targets) {
      if (text === textOrId || target.peerId === textOrId) removed = this.#targets.delete(text) || removed;
    }
    return removed;
  }

  /** A peer takes part: its address is worth remembering, and it knows others. */
  onIntroduced(peer: Peer): void {
    this.#lonelyRounds = 0;
    this.#remember(peer);
    void this.#options.book.save();
    void this.#askForAddresses(peer);
  }

  #remember(peer: Peer): void {
    const address = dialableAddress(peer);
    if (address !== undefined) this.#options.book.see(peer.id, address, Math.floor(Date.now() / 1000));
  }

  /** A peer is gone: with the last one the search begins anew, at once. */
  onGone(): void {
    if (this.#options.peers.introduced().length === 0) this.#wake.abort();
  }

  async #loop(): Promise<void> {
    const { signal, peers, log, book } = this.#options;
    while (!signal.aborted) {
      try {
        this.#round();
        await book.save();
      } catch (error) {
        log.error({ err: error }, 'a dial round failed');
      }
      const isLonely = peers.introduced().length === 0;
      if (isLonely && this.#lonelyRounds % REMIND_ROUNDS === FIRST_REMINDER) this.#remind();
      const pauseMs = isLonely ? Math.min(ROUND_MS, LONELY_ROUND_MS * 2 ** this.#lonelyRounds++) : ROUND_MS;
      const onStop = () => this.#wake.abort();
      signal.addEventListener('abort', onStop);
      await sleep(MIN_PAUSE_MS, signal);
      await sleep(pauseMs * (0.75 + Math.random() / 2), this.#wake.signal);
      signal.removeEventListener('abort', onStop);
      if (this.#wake.signal.aborted) this.#wake = new AbortController();
    }
  }

  /** What somebody who waits for the first peer wants to know. */
  #remind(): void {
    const { book, log } = this.#options;
    const tried = this.#targets.size + book.size;
    if (tried === 0) log.info('no seed and no remembered peer to dial: waiting for others to connect');
    else
      log.warn(
        { tried },
        'nobody answers yet, still trying; --dns-seed HOST:PORT names a node that you know',
      );
  }

  #round(): void {
    const { peers, book, maxPeers } = this.#options;
    const nowMs = Date.now();
    const introduced = peers.introduced();
    const isLonely = introduced.length === 0;
    for (const peer of introduced) {
      const known = book.get(peer.id);
      if (known !== undefined && nowMs / 1000 - known.lastSeenSec > REFRESH_SEC) this.#remember(peer);
    }
    const needed = OUTBOUND_TARGET - peers.count('outbound') - this.#dialling.size;
    const room = maxPeers - peers.count();
    for (const target of this.#targets.values()) {
      if (room <= 0 || (needed <= 0 && !target.isManual)) continue;
      if (target.isDue(nowMs, isLonely) && !this.#isConnected(target.peerId)) void this.#dialTarget(target);
    }
    if (Math.min(needed, room) <= 0) return;
    for (const peer of introduced) {
      if (nowMs - (this.#askedAtMs.get(peer) ?? 0) >= ASK_EVERY_MS) void this.#askForAddresses(peer);
    }
    const picked = pickCandidates(book.candidates(nowMs / 1000, isLonely), {
      max: Math.min(needed, room),
      outbound: peers.all().flatMap(({ address, direction }) => (direction === 'outbound' ? [address] : [])),
      isExcluded: (peerId) => this.#isExcluded(peerId),
    });
    for (const { peerId, address } of picked) {
      void this.#dialKnown(peerId, address, isLonely);
    }
  }

  #isExcluded(peerId: string): boolean {
    const { host, bans } = this.#options;
    const isOurs = peerId === host.peerId.toString();
    return isOurs || bans.isBanned(peerId) || this.#isConnected(peerId) || this.#dialling.has(peerId);
  }

  #isConnected(peerId: string | undefined): boolean {
    return peerId !== undefined && this.#options.peers.get(peerId) !== undefined;
  }

  async #dialTarget(target: DialTarget): Promise<void> {
    if (this.#dialling.has(target.text) || this.#dialling.size >= MAX_DIALS) return;
    this.#dialling.add(target.text);
    try {
      const { remotePeer } = await this.#dialAny(await this.#addressesOf(target));
      target.peerId = remotePeer.toString();
      void this.#whenKnown(target.peerId, (fits) => (fits ? target.succeeded() : target.failed(Date.now())));
    } catch (error) {
      if (isSelf(error)) this.#targets.delete(target.text);
      target.failed(Date.now());
      this.#options.log.debug({ address: target.text, reason: messageOf(error) }, 'dial failed');
    } finally {
      this.#dialling.delete(target.text);
    }
  }

  async #dialKnown(peerId: string, address: string, isLonely: boolean): Promise<void> {
    if (this.#dialling.size >= MAX_DIALS) return;
    this.#dialling.add(peerId);
    try {
      await this.#dialAny([address]);
      void this.#whenKnown(peerId, (fits) => {
        if (!fits) this.#options.book.remove(peerId);
      });
    } catch (error) {
      this.#options.log.debug({ address, reason: messageOf(error) }, 'dial failed');
      const nowSec = Math.floor(Date.now() / 1000);
      if (isLonely) this.#options.book.tried(peerId, nowSec);
      else this.#options.book.fail(peerId, nowSec);
    } finally {
      this.#dialling.delete(peerId);
    }
  }

  /** Waits until the peer has said who it is: one of another network is not to be dialled every few seconds. */
  async #whenKnown(peerId: string, action: (fits: boolean) => void): Promise<void> {
    const fits = await this.#options.peers.get(peerId)?.introduced;
    action(fits ?? false);
  }

  async #addressesOf({ address }: DialTarget): Promise<string[]> {
    if (address.kind === 'multiaddr') return [address.multiaddr.toString()];
    const found = await resolveDnsaddr(address.host);
    const wanted = found.filter(
      (text) => address.peerId === undefined || text.endsWith(`/${address.peerId}`),
    );
    if (wanted.length === 0) throw new Error(`${address.host} lists no addresses`);
    return shuffle(wanted);
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

  /** Never rejects. */
  async #askForAddresses(peer: Peer): Promise<void> {
    this.#askedAtMs.set(peer, Date.now());
    try {
      await this.#learnFrom(peer);
    } catch (error) {
      this.#options.log.error({ peer: peer.id, err: error }, 'addresses could not be taken');
    }
  }

  async #learnFrom(peer: Peer): Promise<void> {
    const { conversation, book, host, peers } = this.#options;
    const told = (await conversation.askAll(peer, peersProtocol, { max: ASK_ADDRESSES })) ?? [];
    const isPrivatePeer = await isPrivateAddress(peer.address);
    const before = book.size;
    for (const { multiaddr: text } of told.slice(0, ASK_ADDRESSES)) {
      const known = readToldAddress(text, isPrivatePeer);
      if (known !== undefined && known.peerId !== host.peerId.toString())
        book.hear(known.peerId, known.address);
    }
    if (book.size > before && peers.count('outbound') < OUTBOUND_TARGET) this.#wake.abort();
  }

  #addSeed(text: string): void {
    try {
      this.#targets.set(text, new DialTarget(text, false));
    } catch (error) {
      if (!(error instanceof PeerAddressError)) throw error;
      this.#options.log.warn({ seed: text, reason: error.message }, 'a seed that cannot be read is left out');
    }
  }
}

function isSelf(error: unknown): boolean {
  return /dial self/.test(messageOf(error));
}
