import type { FastifyInstance, FastifyRequest } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { NodeState } from '../network/nodeState.ts';
import { addNodeMetrics } from './nodeMetrics.ts';
import type { NodeServices } from './nodeServices.ts';

/** Who asks more often gets the answer of before: a flood of questions costs no more than one a second. */
const KEPT_MS = 1000;

export type Health = Readonly<{
  healthy: boolean;
  state: NodeState | 'loading';
  height: number | null;
  headers: number | null;
  /** Of the newest block, by its header. */
  tipAgeSec: number | null;
  peers: number;
}>;

/** What `/healthz` and `/metrics` say, whichever door they are asked at. */
export class Monitor {
  /** To be given to whoever has metrics of its own. */
  readonly registry = new Registry();
  readonly #isSeed: boolean;
  #services: NodeServices | undefined;
  #text: Promise<string> | undefined;
  #textAtMs = 0;

  /** @param isSeed whether the node is of use without peers, too */
  constructor(isSeed: boolean) {
    this.#isSeed = isSeed;
    // The event loop's lag, the heap, CPU, open files.
    collectDefaultMetrics({ register: this.registry });
  }

  /** From here on there is a node to tell of. */
  attach(services: NodeServices): void {
    this.#services = services;
    addNodeMetrics(this.registry, services);
  }

  health(): Health {
    if (this.#services === undefined) {
      return { healthy: false, state: 'loading', height: null, headers: null, tipAgeSec: null, peers: 0 };
    }
    const { chain, network } = this.#services;
    const state = network.state();
    return {
      healthy: isHealthy(state, this.#isSeed),
      state,
      height: chain.tip.height,
      headers: Math.max(chain.bestHeader.height, chain.tip.height),
      tipAgeSec: Math.floor(Date.now() / 1000) - chain.tip.timeSec,
      peers: network.inboundCount + network.outboundCount,
    };
  }

  /** Prometheus' text format. */
  metrics(): Promise<string> {
    const nowMs = performance.now();
    if (this.#text === undefined || nowMs - this.#textAtMs >= KEPT_MS) {
      this.#text = this.registry.metrics();
      this.#textAtMs = nowMs;
    }
    return this.#text;
  }
}

/**
 * Up to date, as far as the peers know. A seed without peers is healthy too: it has its chain to hand out to whoever comes
 * next, the first one of a network begins so, and no restart would bring it peers.
 */
export function isHealthy(state: NodeState, isSeed: boolean): boolean {
  switch (state) {
    case 'running':
      return true;
    case 'bootstrapping':
    case 'evaluating':
    case 'isolated':
      return isSeed;
    case 'syncing':
      return false;
  }
}

/** Answers both paths at a door, whose own hooks decide who may ask. */
export function answerMonitoring(server: FastifyInstance, monitor: Monitor): void {
  server.get('/healthz', async (_request, reply) => {
    const health = monitor.health();
    return reply.code(health.healthy ? 200 : 503).send(health);
  });
  server.get('/metrics', async (_request, reply) =>
    reply.header('content-type', monitor.registry.contentType).send(await monitor.metrics()),
  );
}

/** Whether it asks for one of both. */
export function asksFor(request: FastifyRequest, path: '/healthz' | '/metrics'): boolean {
  return request.method === 'GET' && request.url.split('?', 1)[0] === path;
}
