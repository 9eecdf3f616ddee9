import type { Logger } from 'pino';
import { peersProtocol } from '../../protocols/peers.ts';
import type { Conversation } from './conversation.ts';
import type { Discovery } from './discovery.ts';
import type { Peer } from './peer.ts';

/** Addresses asked of one peer. */
const ASK_ADDRESSES = 64;
const WHOLE_ANSWER_MS = 15_000;
/** Between two questions to one peer while we look for more: soon after joining, when it may just learn itself, then less. */
const FIRST_PAUSE_MS = 3000;
const MAX_PAUSE_MS = 120_000;

type Asked = { atMs: number; pauseMs: number };

/** Asks peers which others they know. */
export class AddressExchange {
  readonly #options: { conversation: Conversation; discovery: Discovery; onNews: () => void; log: Logger };
  readonly #asked = new WeakMap<Peer, Asked>();

  constructor(options: {
    conversation: Conversation;
    discovery: Discovery;
    onNews: () => void;
    log: Logger;
  }) {
    this.#options = options;
  }

  /** Asks those whose turn it is. Does not wait. */
  askWhoIsDue(peers: readonly Peer[]): void {
    const nowMs = Date.now();
    for (const peer of peers) {
      const asked = this.#asked.get(peer);
      if (asked === undefined || Math.abs(nowMs - asked.atMs) >= asked.pauseMs) void this.ask(peer);
    }
  }

  /** When the next of these may be asked again; Infinity without any. */
  dueMs(peers: readonly Peer[]): number {
    return Math.min(
      ...peers.map((peer) => {
        const asked = this.#asked.get(peer);
        return asked === undefined ? 0 : asked.atMs + asked.pauseMs;
      }),
    );
  }

  /** Never rejects. */
  async ask(peer: Peer): Promise<void> {
    const { conversation, discovery, onNews, log } = this.#options;
    const pauseMs = Math.min(MAX_PAUSE_MS, (this.#asked.get(peer)?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2);
    this.#asked.set(peer, { atMs: Date.now(), pauseMs });
    try {
      const told =
        (await conversation.askAll(
          peer,
          peersProtocol,
          { max: ASK_ADDRESSES },
          { wholeTimeoutMs: WHOLE_ANSWER_MS },
        )) ?? [];
      const texts = told.slice(0, ASK_ADDRESSES).map(({ multiaddr }) => multiaddr);
      if ((await discovery.told(peer, texts)) > 0) onNews();
    } catch (error) {
      log.error({ peer: peer.id, err: error }, 'addresses could not be taken');
    }
  }
}
