import type { Registry } from 'prom-client';
import { NODE_STATES } from '../network/nodeState.ts';
import { addCounter, addGauge, spread } from './metric.ts';
import type { NodeServices } from './nodeServices.ts';

export function addNetworkMetrics(registry: Registry, { network }: NodeServices): void {
  addGauge(registry, {
    name: 'indiecoin_node_state',
    help: '1 for the state that the node is in, 0 for the others.',
    labels: ['state'],
    read: () => NODE_STATES.map((state) => [state, network.state() === state ? 1 : 0] as const),
  });
  addPeerMetrics(registry, network);
  addGossipMetrics(registry, network);
  addServingMetrics(registry, network);
}

function addPeerMetrics(registry: Registry, network: NodeServices['network']): void {
  addGauge(registry, {
    name: 'indiecoin_peers',
    help: 'Connected peers, by who dialled: inbound are those that came to us.',
    labels: ['direction'],
    read: () => [
      ['inbound', network.inboundCount],
      ['outbound', network.outboundCount],
    ],
  });
  addGauge(registry, {
    name: 'indiecoin_peers_max',
    help: 'Peers that may be connected at once (--max-peers).',
    read: () => network.maxPeers,
  });
  addGauge(registry, {
    name: 'indiecoin_known_addresses',
    help: 'Addresses of other nodes that are remembered: tried ones have answered, new ones were told of.',
    labels: ['kind'],
    read: () => Object.entries(network.knownAddresses()),
  });
  addGauge(registry, {
    name: 'indiecoin_peer_ping_seconds',
    help: 'Round trip to the peers: the shortest, the middle one, the longest.',
    labels: ['of'],
    read: () => spread(network.peers().flatMap(({ pingMs }) => (pingMs === undefined ? [] : pingMs / 1000))),
  });
  addGauge(registry, {
    name: 'indiecoin_peer_clock_offset_seconds',
    help: "The peers' clocks less ours: the least, the middle one, the greatest.",
    labels: ['of'],
    read: () =>
      spread(
        network.peers().flatMap(({ height, clockOffsetSec }) => (height === undefined ? [] : clockOffsetSec)),
      ),
  });
}

function addGossipMetrics(registry: Registry, network: NodeServices['network']): void {
  addGauge(registry, {
    name: 'indiecoin_gossip_mesh_peers',
    help: 'Peers that full messages of a topic are exchanged with.',
    labels: ['topic'],
    read: () => network.gossipTopics().map(({ topic, mesh }) => [topic, mesh] as const),
  });
  addGauge(registry, {
    name: 'indiecoin_gossip_subscribers',
    help: 'Peers that listen to a topic.',
    labels: ['topic'],
    read: () => network.gossipTopics().map(({ topic, subscribers }) => [topic, subscribers] as const),
  });
  addGauge(registry, {
    name: 'indiecoin_gossip_peer_score',
    help: 'Gossip scores of the peers: the least, the middle one, the greatest. Below 0 a peer has misbehaved.',
    labels: ['of'],
    read: () => spread(network.peers().map(({ score }) => score)),
  });
  addCounter(registry, {
    name: 'indiecoin_gossip_messages_total',
    help: 'Gossiped messages, by what was decided: accepted ones are relayed, rejected ones cost the sender.',
    labels: ['topic', 'verdict'],
    read: () => network.counts.gossip.entries(),
  });
}

function addServingMetrics(registry: Registry, network: NodeServices['network']): void {
  addCounter(registry, {
    name: 'indiecoin_requests_total',
    help: 'Requests of peers: admitted ones are answered, refused ones were over a limit.',
    labels: ['protocol', 'outcome'],
    read: () => network.counts.requests.entries(),
  });
  addCounter(registry, {
    name: 'indiecoin_faults_total',
    help: 'Misbehaviour of peers, by where it was found, and what it led to.',
    labels: ['source', 'outcome'],
    read: () => network.counts.faults.entries(),
  });
  addGauge(registry, {
    name: 'indiecoin_bans',
    help: 'Bans of peer ids and addresses that are in force.',
    read: () => network.bans().length,
  });
}
