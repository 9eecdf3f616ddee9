import Fastify, { type FastifyInstance } from 'fastify';
import { isAllowedHost, isNameWithoutDots } from './access.ts';
import { addressOf, listen } from './listen.ts';
import { answerMonitoring, type Monitor } from './monitor.ts';

/** Nothing is sent here but a question. */
const MAX_BODY_BYTES = 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** Idle connections give way to others soon. */
const KEEP_ALIVE_MS = 5000;
/** More than any number of Prometheus servers need. */
const MAX_CONNECTIONS = 32;

/** A door for those who watch over the node and shall do nothing else: `/healthz` and `/metrics`, without a password. */
export class MetricsServer {
  readonly #server: FastifyInstance;

  private constructor(monitor: Monitor) {
    this.#server = Fastify({
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      forceCloseConnections: true,
      logger: false,
    });
    this.#server.server.maxConnections = MAX_CONNECTIONS;
    this.#server.addHook('onRequest', async (request, reply) => {
      const { host, origin } = request.headers;
      if (origin !== undefined) return reply.code(403).send('Forbidden: web pages may not ask\n');
      if (isAllowedHost(host) || isNameWithoutDots(host)) return undefined;
      return reply.code(403).send('Forbidden: unknown Host\n');
    });
    answerMonitoring(this.#server, monitor);
  }

  /** @param port 0: a free one */
  static async open(monitor: Monitor, host: string, port: number): Promise<MetricsServer> {
    const door = new MetricsServer(monitor);
    await listen(door.#server, { host, port, what: 'metrics', setting: 'metrics-port' });
    return door;
  }

  /** `host:port` */
  get address(): string {
    return addressOf(this.#server);
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
