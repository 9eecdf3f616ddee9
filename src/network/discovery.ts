import { type PeerDiscovery, type PeerDiscoveryEvents, peerDiscoverySymbol } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { TypedEventEmitter } from 'main-event';
import type { AddressTable } from './addressTable.ts';
import type { BanList } from './banList.ts';
import { pickCandidates } from './dialCandidates.ts';
import type { KnownAddress } from './knownAddress.ts';
import type { Peer } from './peer.ts';
import { hostOf } from './peerAddress.ts';
import { announcedAddress, dialledAddress, isPrivateAddress, readToldAddress } from './toldAddress.ts';

/** A peer that was with us for less was full, or did not want us: it is not dialled again soon. */
const SHORT_VISIT_MS = 15_000;

/**
 * Where the node learns of others: a peer-discovery module of libp2p's kind. The bootstrap list, DNS, the peers remembered
 * from last time and what peers tell of peers all end in one table, and whom to dial next comes out of it. To libp2p only
 * those are told that will be dialled now: its own store of peers has no bound.
 */
export class Discovery extends TypedEventEmitter<PeerDiscoveryEvents> implements PeerDiscovery {
  readonly table: AddressTable;
  readonly #bans: BanList;
  readonly #ownPeerId: string;
  readonly #onAnnounced: (address: string) => void;

  constructor(options: {
    table: AddressTable;
    bans: BanList;
    ownPeerId: string;
    /** Somebody says that it listens there: to be seen soon, as it may be passed on only then. */
    onAnnounced: (address: string) => void;
  }) {
    super();
    this.table = options.table;
    this.#bans = options.bans;
    this.#ownPeerId = options.ownPeerId;
    this.#onAnnounced = options.onAnnounced;
  }

  get [peerDiscoverySymbol](): PeerDiscovery {
    return this;
  }

  get [Symbol.toStringTag](): string {
    return '@indiecoin/discovery';
  }

  /** What a peer told of others, which is as public as the peer itself. How many of them are news. */
  async told(peer: Peer, addresses: readonly string[]): Promise<number> {
    const isPrivatePeer = await isPrivateAddress(peer.address);
    const source = hostOf(multiaddr(peer.address));
    let news = 0;
    for (const text of addresses) {
      const known = readToldAddress(text, isPrivatePeer);
      if (known === undefined || known.peerId === this.#ownPeerId) continue;
      if (this.table.hear(known.address, source, nowSec())) news++;
    }
    return news;
  }

  /** A peer takes part: what we dialled is true, and what it says of itself is to be seen. */
  met(peer: Peer): void {
    const dialled = dialledAddress(peer);
    if (dialled !== undefined) {
      this.table.succeed(dialled, nowSec());
      return;
    }
    const announced = announcedAddress(peer);
    if (announced === undefined) return;
    this.table.hear(announced, hostOf(multiaddr(peer.address)), nowSec());
    this.#onAnnounced(announced);
  }

  /** A peer is gone. Whether it was one that we had dialled and that sent us away at once, as who is full does. */
  left(peer: Peer): boolean {
    const dialled = dialledAddress(peer);
    const hasStayed = Date.now() - peer.connectedAtMs >= SHORT_VISIT_MS;
    if (dialled === undefined || peer.isSentAway || hasStayed) return false;
    this.table.fail(dialled, nowSec());
    return true;
  }

  /** Whom to dial now. */
  pick(options: {
    max: number;
    isLonely: boolean;
    outbound: readonly string[];
    isExcluded: (peerId: string) => boolean;
  }): KnownAddress[] {
    const candidates = this.table.candidates(nowSec(), options.isLonely);
    const picked = pickCandidates(candidates, {
      ...options,
      isExcluded: ({ peerId, host }) =>
        peerId === this.#ownPeerId ||
        this.#bans.isBanned(peerId) ||
        this.#bans.isBanned(host) ||
        options.isExcluded(peerId),
    });
    for (const { peerId, address } of picked) {
      const detail = { id: peerIdFromString(peerId), multiaddrs: [multiaddr(address)] };
      this.safeDispatchEvent('peer', { detail });
    }
    return picked;
  }
}

function nowSec(): number {
  return Math.floor(Date.now() / 1000);
}
