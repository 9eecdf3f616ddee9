import type { Registry } from 'prom-client';
import { addCounter, addGauge } from './metric.ts';
import type { NodeServices } from './nodeServices.ts';

/** The mempool, the miner, and the workers that verify signatures. */
export function addWorkMetrics(registry: Registry, services: NodeServices): void {
  const { mempool, miner, signatureChecks } = services;
  addMempoolMetrics(registry, mempool);
  addStratumMetrics(registry, services);
  addGauge(registry, {
    name: 'indiecoin_mining_hashes_per_second',
    help: 'How fast the miner of this node looks for blocks.',
    read: () => miner.status().hashesPerSecond,
  });
  addCounter(registry, {
    name: 'indiecoin_mining_blocks_found_total',
    help: 'Blocks that the miner of this node has found.',
    read: () => miner.status().blocksFound,
  });
  addCounter(registry, {
    name: 'indiecoin_mining_stale_total',
    help: 'Blocks that the miner of this node has found too late.',
    read: () => miner.status().stale,
  });
  addGauge(registry, {
    name: 'indiecoin_mining_expected_seconds',
    help: 'How long a block of this node takes on average at its present speed.',
    read: () => miner.status().expectedSec,
  });
  addCounter(registry, {
    name: 'indiecoin_signature_checks_total',
    help: 'Signatures that were verified, or were to be.',
    read: signatureChecks,
  });
}

function addStratumMetrics(registry: Registry, { stratum }: NodeServices): void {
  addGauge(registry, {
    name: 'indiecoin_stratum_connections',
    help: 'Mining machines that are connected by Stratum.',
    read: () => stratum()?.connections,
  });
  addGauge(registry, {
    name: 'indiecoin_stratum_hashes_per_second',
    help: 'How fast they are all together, from their shares.',
    read: () => stratum()?.hashesPerSecond,
  });
  addCounter(registry, {
    name: 'indiecoin_stratum_shares_total',
    help: 'Shares that they brought, by what came of them.',
    labels: ['outcome'],
    read: () => Object.entries(stratum()?.shares ?? {}),
  });
  addCounter(registry, {
    name: 'indiecoin_stratum_blocks_found_total',
    help: 'Blocks that they found.',
    read: () => stratum()?.blocksFound,
  });
}

function addMempoolMetrics(registry: Registry, mempool: NodeServices['mempool']): void {
  addGauge(registry, {
    name: 'indiecoin_mempool_transactions',
    help: 'Transactions that wait for a block.',
    read: () => mempool.size,
  });
  addGauge(registry, {
    name: 'indiecoin_mempool_bytes',
    help: 'Those transactions, as they will be in a block.',
    read: () => mempool.bytes,
  });
  addGauge(registry, {
    name: 'indiecoin_mempool_usage_bytes',
    help: 'Memory that they take, about.',
    read: () => mempool.usage,
  });
  addGauge(registry, {
    name: 'indiecoin_mempool_usage_max_bytes',
    help: 'Memory that they may take, before the cheapest are dropped.',
    read: () => mempool.maxUsage,
  });
  addGauge(registry, {
    name: 'indiecoin_mempool_orphans',
    help: 'Transactions whose inputs are not known yet.',
    read: () => mempool.orphanCount,
  });
  let accepted = 0;
  mempool.onAccepted(() => {
    accepted++;
  });
  addCounter(registry, {
    name: 'indiecoin_mempool_accepted_total',
    help: 'Transactions that came into the mempool.',
    read: () => accepted,
  });
}
