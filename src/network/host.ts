import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import type { ConnectionGater, Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface';
import type { Ping } from '@libp2p/ping';
import { prometheusMetrics } from '@libp2p/prometheus-metrics';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import type { Registry } from 'prom-client';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Discovery } from './discovery.ts';
import { eachMuxer } from './eachMuxer.ts';
import { boundFrames, MAX_UNREAD_BYTES, STREAM_WINDOW_BYTES } from './frameLength.ts';
import { gossipSettings } from './gossipSettings.ts';
import { boundedIdentify } from './identifyAnswers.ts';
import { boundNegotiations } from './negotiation.ts';
import { MAX_PENDING_INBOUND } from './pendingInbound.ts';
import { boundedPing } from './pingAnswers.ts';

/** Connections above the limit of peers, of 5 s each, that get `status` and `peers` alone. */
export const COURTESY_CONNECTIONS = 16;

/** Two nodes that dial each other at once have two for a while. */
export const MAX_CONNECTIONS_OF_PEER = 2;

/** Of one connection: all protocols of ours at their limits take less than half of it. */
export const MAX_INBOUND_STREAMS = 128;

/** What gossipsub has at run time and its exported type lacks. */
export type Gossip = Omit<GossipSub, 'publish'> &
  GossipInside & {
    publish(topic: string, data: Uint8Array, options: { floodPublish: boolean }): Promise<unknown>;
    readonly streamsOutbound: ReadonlyMap<string, unknown>;
    readonly seenCache: { readonly entries: Map<string, unknown> };
    readonly msgIdToStrFn: (id: Uint8Array) => string;
    getScore(peerId: string): number;
    getMeshPeers(topic: string): string[];
  };

/** How gossipsub reads: replaced by the guard. */
export type GossipInside = {
  createInboundStream(peerId: PeerId, stream: Stream): void;
  decodeRpc(bytes: Uint8Array): unknown;
  handleReceivedRpc(from: PeerId, rpc: unknown): Promise<void>;
  handlePeerReadStreamError(error: Error, peerId: PeerId): void;
};

export type Host = Libp2p<{ gossip: Gossip; ping: Ping }>;

export type HostOptions = Readonly<{
  params: NetworkParams;
  privateKey: PrivateKey;
  listen: readonly string[];
  announce: readonly string[];
  maxPeers: number;
  userAgent: string;
  gater: ConnectionGater;
  discovery: Discovery;
  metrics: Registry | undefined;
  /** Our own opinion of a peer, added to its gossip score. */
  scoreOf: (peerId: string) => number;
}>;

/** A libp2p host that does not listen yet: handlers first, then `start()`. */
export async function createHost(options: HostOptions): Promise<Host> {
  const host = await createLibp2p({
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { userAgent: options.userAgent },
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports: [tcp({ backlog: 511, dialOpts: { noDelay: true }, listenOpts: { noDelay: true } })],
    connectionEncrypters: [noise()],
    // Half-open streams by the thousand, each with a buffer, are more than anybody needs.
    streamMuxers: [
      eachMuxer(
        yamux({
          streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES, maxReadBufferLength: MAX_UNREAD_BYTES },
          maxInboundStreams: MAX_INBOUND_STREAMS,
        }),
        (muxer) => {
          boundFrames(muxer);
          boundNegotiations(muxer);
        },
      ),
    ],
    connectionGater: options.gater,
    peerDiscovery: [() => options.discovery],
    ...(options.metrics && {
      metrics: prometheusMetrics({ registry: options.metrics, collectDefaultMetrics: false }),
    }),
    connectionManager: {
      // The hard stop; who is a peer and who a courtesy is decided when a connection is open.
      maxConnections: MAX_CONNECTIONS_OF_PEER * (options.maxPeers + COURTESY_CONNECTIONS),
      // The gater sees to it that there is room: ten silent sockets would keep every newcomer out otherwise.
      maxIncomingPendingConnections: 4 * MAX_PENDING_INBOUND,
      inboundUpgradeTimeout: 5000,
      // The gater counts per address, and spares private ones, where a whole test network may live.
      inboundConnectionThreshold: 10_000,
      maxParallelDials: 32,
      dialTimeout: 10_000,
      reconnectRetries: 0,
    },
    // Our own (pingWatch.ts) knows a late answer from none.
    connectionMonitor: { enabled: false },
    services: {
      identify: boundedIdentify(),
      ping: boundedPing(),
      gossip: gossipsub(gossipSettings(options.params, options.scoreOf)),
    },
  });
  return host as unknown as Host;
}
