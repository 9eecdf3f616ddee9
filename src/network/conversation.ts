import type { Logger } from 'pino';
import type { Protocol } from '../../protocols/protocol.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { type AnswerEnd, RequestError, type RequestOptions, request } from './request.ts';

/** For an answer that breaks the protocol: five of them are a ban. */
const VIOLATION_POINTS = 20;

/** Asks peers, counts their bytes, and holds broken answers against them. */
export class Conversation {
  readonly #peers: PeerTable;
  readonly #network: string;
  readonly #signal: AbortSignal;
  readonly #log: Logger;

  constructor(options: { peers: PeerTable; network: string; signal: AbortSignal; log: Logger }) {
    this.#peers = options.peers;
    this.#network = options.network;
    this.#signal = options.signal;
    this.#log = options.log;
  }

  /** @throws RequestError */
  async ask<Request, Item>(
    peer: Peer,
    protocol: Protocol<Request, Item>,
    question: Request,
    options: Partial<RequestOptions<Item>> = {},
  ): Promise<AnswerEnd> {
    const connection = this.#peers.connection(peer);
    if (connection === undefined) throw new RequestError('unreachable', 'not connected');
    try {
      return await request(connection, protocol, question, {
        ...options,
        network: this.#network,
        signals: [this.#signal, ...(options.signals ?? [])],
      });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#log.debug({ peer: peer.id, protocol: protocol.name, reason: error.message }, 'no answer');
      if (error.kind === 'violation') {
        this.#peers.punish(peer.id, VIOLATION_POINTS, `${protocol.name}: ${error.message}`);
      }
      throw error;
    }
  }

  /** All items, or undefined when there was no whole answer with the status OK. */
  async askAll<Request, Item>(
    peer: Peer,
    protocol: Protocol<Request, Item>,
    question: Request,
    options: Partial<RequestOptions<Item>> = {},
  ): Promise<Item[] | undefined> {
    const items: Item[] = [];
    try {
      const end = await this.ask(peer, protocol, question, {
        ...options,
        onItems: (more) => {
          for (const item of more) items.push(item);
        },
      });
      return end.status === 'OK' ? items : undefined;
    } catch (error) {
      if (error instanceof RequestError) return undefined;
      throw error;
    }
  }
}
