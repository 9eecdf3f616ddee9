import { DecodeError } from '../src/bytes/decodeError.ts';
import { decodeProtobuf } from './codec.ts';
import { PeersPayload, PeersRequest as PeersRequestMessage } from './generated/peers.ts';
import type { Protocol } from './protocol.ts';

export type PeersRequest = Readonly<{ max: number }>;

export type PeerAddress = Readonly<{
  /** Text of a multiaddr that ends in the peer's id; not parsed yet. */
  multiaddr: string;
  lastSeenSec: number;
}>;

export const MAX_PEER_ADDRESSES = 256;
const MAX_MULTIADDR_CHARACTERS = 256;

/** Other nodes to connect to. Items: addresses, all in one chunk. */
export const peersProtocol: Protocol<PeersRequest, PeerAddress> = {
  name: 'peers/1',
  request: {
    encode: (request) => PeersRequestMessage.encode(request),
    decode(bytes) {
      const { max } = decodeProtobuf(() => PeersRequestMessage.decode(bytes));
      return { max: max === 0 ? MAX_PEER_ADDRESSES : Math.min(max, MAX_PEER_ADDRESSES) };
    },
  },
  payload: {
    encode: (peers) => PeersPayload.encode({ peers: [...peers] }),
    decode(bytes) {
      const { peers } = decodeProtobuf(() =>
        PeersPayload.decode(bytes, { limits: { peers: MAX_PEER_ADDRESSES } }),
      );
      return peers.map(({ multiaddr, lastSeenSec }) => {
        if (multiaddr.length > MAX_MULTIADDR_CHARACTERS) throw new DecodeError('a multiaddr too long');
        if (!Number.isSafeInteger(lastSeenSec)) throw new DecodeError('a time beyond any date');
        return { multiaddr, lastSeenSec };
      });
    },
  },
  limits: {
    maxRequestBytes: 64,
    maxPayloadBytes: 72_000,
    maxAnswerBytes: 72_000,
    maxItems: MAX_PEER_ADDRESSES,
    streamsPerPeer: 2,
    streamsInAll: 128,
    requestBurst: 40,
    requestsPerSec: 20,
    requestsPerSecInAll: 400,
    timeoutMs: 10_000,
  },
};
