import type { Codec } from './codec.ts';

/**
 * What a protocol may cost. The server holds the asker to the limits on requests, the asker the server to those on
 * answers, and both check a length before they allocate anything for it.
 */
export type ProtocolLimits = Readonly<{
  maxRequestBytes: number;
  /** Of the payload of one chunk. */
  maxPayloadBytes: number;
  /** Of all payloads of an answer. */
  maxAnswerBytes: number;
  /** Items in an answer. */
  maxItems: number;
  /** Open at the same time, from one peer. */
  streamsPerPeer: number;
  /** Answered at the same time, of all peers together. */
  streamsInAll: number;
  /** A token bucket of its own for each peer: as many at once, refilled at this pace. */
  requestBurst: number;
  requestsPerSec: number;
  /** Of all peers together. */
  requestsPerSecInAll: number;
  /** For the request to arrive, for each chunk to follow the one before, and for each to be taken. */
  timeoutMs: number;
}>;

/** One request/response protocol: what is said, and within which limits. Who answers, and what, is src/network's. */
export type Protocol<Request, Item> = Readonly<{
  /** Name and version: any change of bytes is a new version. */
  name: string;
  request: Codec<Request>;
  /** The items in the payload of one chunk. */
  payload: Codec<readonly Item[]>;
  limits: ProtocolLimits;
}>;

/** The id under which libp2p negotiates it. */
export function protocolId(network: string, protocol: { name: string }): string {
  return `/indiecoin/${network}/${protocol.name}`;
}
