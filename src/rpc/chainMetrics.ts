import type { Registry } from 'prom-client';
import { addCounter, addGauge } from './metric.ts';
import type { NodeServices } from './nodeServices.ts';

export function addChainMetrics(registry: Registry, { chain, network }: NodeServices): void {
  addGauge(registry, {
    name: 'indiecoin_chain_height',
    help: 'Height of the tip: the last block that is validated.',
    read: () => chain.tip.height,
  });
  addGauge(registry, {
    name: 'indiecoin_chain_headers_height',
    help: 'Height of the best valid header, whose block may not be here yet.',
    read: () => Math.max(chain.bestHeader.height, chain.tip.height),
  });
  addGauge(registry, {
    name: 'indiecoin_chain_best_peer_height',
    help: 'The highest that a peer claims, or our own height.',
    read: () => network.bestPeerHeight(),
  });
  addGauge(registry, {
    name: 'indiecoin_chain_tip_timestamp_seconds',
    help: 'Time in the header of the tip, in seconds since 1970.',
    read: () => chain.tip.timeSec,
  });
  addGauge(registry, {
    name: 'indiecoin_chain_lowest_height',
    help: 'The lowest block that can be served: more than 0 when those before it were pruned.',
    read: () => chain.lowestHeight,
  });
  addGauge(registry, {
    name: 'indiecoin_chain_coins',
    help: 'Unspent outputs.',
    read: () => chain.coinSet.coinCount,
  });
  addGauge(registry, {
    name: 'indiecoin_chain_stored_bytes',
    help: 'Blocks and undo data that are stored.',
    read: () => chain.storedBytes,
  });
  countChanges(registry, chain);
}

function countChanges(registry: Registry, chain: NodeServices['chain']): void {
  let connected = 0;
  let disconnected = 0;
  let reorganizations = 0;
  let transactions = 0;
  chain.onChange((change) => {
    connected += change.connected.length;
    disconnected += change.disconnected.length;
    if (change.disconnected.length > 0) reorganizations++;
    for (const { node } of change.connected) transactions += node.transactionCount;
  });
  addCounter(registry, {
    name: 'indiecoin_chain_blocks_connected_total',
    help: 'Blocks that became part of the active chain.',
    read: () => connected,
  });
  addCounter(registry, {
    name: 'indiecoin_chain_blocks_disconnected_total',
    help: 'Blocks that a reorganization took out of the active chain.',
    read: () => disconnected,
  });
  addCounter(registry, {
    name: 'indiecoin_chain_reorganizations_total',
    help: 'How often the active chain was left for another one.',
    read: () => reorganizations,
  });
  addCounter(registry, {
    name: 'indiecoin_chain_transactions_connected_total',
    help: 'Transactions in the blocks that became part of the active chain.',
    read: () => transactions,
  });
}
