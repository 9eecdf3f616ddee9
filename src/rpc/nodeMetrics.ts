import type { Registry } from 'prom-client';
import { addChainMetrics } from './chainMetrics.ts';
import { addGauge } from './metric.ts';
import { addNetworkMetrics } from './networkMetrics.ts';
import type { NodeServices } from './nodeServices.ts';
import { addStoreMetrics } from './storeMetrics.ts';
import { addWorkMetrics } from './workMetrics.ts';

/** Every metric of the node's own; libp2p and prom-client add theirs. */
export function addNodeMetrics(registry: Registry, services: NodeServices): void {
  const { params, version, engine, warnings } = services;
  addGauge(registry, {
    name: 'indiecoin_build_info',
    help: 'Always 1: which network, which version, and what verifies signatures.',
    labels: ['network', 'version', 'engine'],
    read: () => [[params.name, version, engine, 1]],
  });
  addGauge(registry, {
    name: 'indiecoin_warnings',
    help: 'Warnings that `indiecoin status` shows now.',
    read: () => warnings().length,
  });
  addChainMetrics(registry, services);
  addNetworkMetrics(registry, services);
  addWorkMetrics(registry, services);
  addStoreMetrics(registry, services);
}
