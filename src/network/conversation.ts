import type { Logger } from 'pino';
import type { Protocol } from '../../protocols/protocol.ts';
import { Deadline } from './deadline.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { type AnswerEnd, RequestError, type RequestOptions, request } from './request.ts';

/** For an answer that breaks the protocol: five of them are a ban. */
const VIOLATION_POINTS = 20;

/** `wholeTimeoutMs` is for all of an answer: somebody who sends a little now and then would take for ever. */
type WholeOptions<Item> = Partial<RequestOptions<Item>> & { wholeTimeoutMs: number };

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
    options: WholeOptions<Item>,
  ): Promise<Item[] | undefined> {
    const { items, isWhole } = await this.askSome(peer, protocol, question, options);
    return isWhole ? items : undefined;
  }

  /** The items that came, and whether they are a whole answer with the status OK. */
  async askSome<Request, Item>(
    peer: Peer,
    protocol: Protocol<Request, Item>,
    question: Request,
    { wholeTimeoutMs, ...options }: WholeOptions<Item>,
  ): Promise<{ items: Item[]; isWhole: boolean }> {
    const items: Item[] = [];
    const whole = new Deadline(wholeTimeoutMs, ...(options.signals ?? []));
    try {
      const end = await this.ask(peer, protocol, question, {
        ...options,
        signals: [whole.signal],
        onItems: (more) => {
          for (const item of more) items.push(item);
        },
      });
      return { items, isWhole: end.status === 'OK' };
    } catch (error) {
      if (error instanceof RequestError) return { items, isWhole: false };
      throw error;
    } finally {
      whole.end();
    }
  }
}
