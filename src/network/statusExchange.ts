import type { Connection } from '@libp2p/interface';
import type { Logger } from 'pino';
import { type NodeStatus, statusProtocol } from '../../protocols/status.ts';
import { clockOffset, MAX_CLOCK_OFFSET_SEC } from './clockOffset.ts';
import type { Conversation } from './conversation.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { repeat } from './repeat.ts';
import { RequestError } from './request.ts';

/** Gossip is never the only way in which a block arrives: heights are compared this often. */
const COMPARE_MS = 30_000;
const SOON_MS = 3000;
/** A connection that never says who it is, is closed. */
const NAMELESS_MS = 60_000;

export type StatusExchangeOptions = Readonly<{
  peers: PeerTable;
  conversation: Conversation;
  ownStatus: () => NodeStatus;
  /** A peer said how far it is. */
  onStatus: (peer: Peer) => void;
  signal: AbortSignal;
  log: Logger;
}>;

/** Asks every peer who it is as soon as it is there, and how far it has come ever after. */
export class StatusExchange {
  readonly #options: StatusExchangeOptions;
  #hasToldClock = false;
  #soon: NodeJS.Timeout | undefined;

  constructor(options: StatusExchangeOptions) {
    this.#options = options;
  }

  start(): void {
    const { signal, log } = this.#options;
    repeat({
      signal,
      everyMs: COMPARE_MS,
      action: () => this.compare(),
      onError: (error) => log.error({ err: error }, 'heights could not be compared'),
    });
  }

  /** Asks all peers at once how far they are. */
  async compare(): Promise<void> {
    const { peers } = this.#options;
    for (const peer of peers.all()) {
      if (peer.status === undefined && Date.now() - peer.connectedAtMs > NAMELESS_MS) {
        peers.disconnect(peer, 'never told its status');
      }
    }
    await Promise.all(peers.introduced().map((peer) => this.ask(peer)));
    this.#lookAtClock();
  }

  /** Our tip moved, so theirs are likely to: what we know of them would be half a minute old otherwise. Does not wait. */
  compareSoon(): void {
    if (this.#soon !== undefined) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      if (!this.#options.signal.aborted) void this.compare();
    }, SOON_MS);
    this.#soon.unref();
  }

  /** Told once, as long as it stays wrong. */
  #lookAtClock(): void {
    const { peers, log } = this.#options;
    const offsetSec = clockOffset(peers.introduced()) ?? 0;
    const isWrong = Math.abs(offsetSec) > MAX_CLOCK_OFFSET_SEC;
    if (isWrong && !this.#hasToldClock) {
      log.warn(
        { minutes: Math.round(-offsetSec / 60), peers: peers.introduced().length },
        'the clock of this machine differs from those of its peers: set it right',
      );
    }
    this.#hasToldClock = isWrong;
  }

  /** What a new peer gets before our gossip streams stand is told to nobody: its status tells of it. */
  askAgainSoon(peer: Peer): void {
    setTimeout(() => void this.ask(peer).then(() => this.#lookAtClock()), SOON_MS).unref();
  }

  /** Never rejects. */
  async ask(peer: Peer): Promise<void> {
    const { conversation, ownStatus, peers } = this.#options;
    let status: NodeStatus | undefined;
    try {
      await conversation.ask(peer, statusProtocol, ownStatus(), {
        onItems: ([theirs]) => {
          status = theirs;
        },
      });
    } catch (error) {
      // It may still introduce itself by asking us.
      if (!(error instanceof RequestError))
        this.#options.log.error({ err: error }, 'no status could be asked for');
      return;
    }
    const connection = peers.connection(peer);
    if (status !== undefined && connection !== undefined) this.heard(connection, status);
  }

  /** Somebody said who it is, asked or not. */
  heard(connection: Connection, status: NodeStatus): void {
    const peer = this.#options.peers.introduce(connection, status);
    if (peer?.isIntroduced) this.#options.onStatus(peer);
  }
}
