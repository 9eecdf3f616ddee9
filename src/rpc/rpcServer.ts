import { once } from 'node:events';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { isAllowedHost, isFromLoopback, Logins } from './access.ts';
import { CallSlots, MAX_RUNNING } from './callSlots.ts';
import { removeRpcFiles, writeCookie, writeRpcAddress } from './cookie.ts';
import { EventStreams } from './eventStream.ts';
import { answerJsonRpc } from './jsonRpc.ts';
import { addressOf, listen } from './listen.ts';
import { METHODS } from './methods.ts';
import { answerMonitoring, asksFor, type Monitor } from './monitor.ts';
import type { NodeServices } from './nodeServices.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import type { ActiveCall, CallContext } from './rpcMethod.ts';
import { toRpcError } from './toRpcError.ts';
import { checkWalletPath } from './walletListMethods.ts';

/** Bitcoin Core's limit: a block of 3 MB is 6 MB of hex, and a batch holds several. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** For the request to arrive. The answer may take as long as it takes. */
const REQUEST_TIMEOUT_MS = 30_000;
/** For the answer to be taken, and for the next request to come on the same connection. */
const IDLE_TIMEOUT_MS = 60_000;
/** Requests under way at once, those included that wait for something to happen. */
const MAX_REQUESTS = 128;
/** Connections: others are refused before they have said anything. */
const MAX_CONNECTIONS = 256;
/** A wrong password is answered after this, so that trying many takes long. */
const WRONG_LOGIN_DELAY_MS = 250;

export type RpcServerOptions = Readonly<{
  dataDir: string;
  host: string;
  /** 0: a free one. */
  port: number;
  /** Beside the cookie. */
  login: Readonly<{ user: string; password: string }> | undefined;
  /** Names beside localhost and IP addresses under which the node may be asked. */
  allowedHosts: readonly string[];
  monitor: Monitor;
  log: Logger;
}>;

/**
 * The JSON-RPC door. It opens before the rest of the node, and says so (-28) until the services are attached: who asks
 * early learns that the node is there.
 */
export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #server: FastifyInstance;
  readonly #closing = new AbortController();
  readonly #streams = new EventStreams();
  readonly #slots = new CallSlots(MAX_RUNNING);
  readonly #active = new Set<ActiveCall>();
  #requests = 0;
  #services: NodeServices | undefined;
  #address = '';

  private constructor(options: RpcServerOptions, logins: Logins) {
    this.#options = options;
    this.#server = Fastify({
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      forceCloseConnections: true,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      logger: false,
    });
    this.#server.server.maxConnections = MAX_CONNECTIONS;
    // Clients of Bitcoin's RPC name many content types, or none; the text is ours to parse.
    this.#server.removeAllContentTypeParsers();
    this.#server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    this.#server.addHook('onRequest', async (request, reply) => this.#admit(request, reply, logins));
    answerMonitoring(this.#server, options.monitor);
    this.#streams.answerAt(this.#server);
    this.#server.post('/*', async (request, reply) => this.#answer(request, reply));
    this.#server.setNotFoundHandler((_request, reply) =>
      reply.code(405).header('allow', 'POST').send('JSONRPC server handles only POST requests\n'),
    );
  }

  /** Listens, and leaves the cookie and the address in the data directory. */
  static async open(options: RpcServerOptions): Promise<RpcServer> {
    const cookie = writeCookie(options.dataDir);
    const { login } = options;
    const logins = new Logins(login === undefined ? [cookie] : [cookie, `${login.user}:${login.password}`]);
    const rpc = new RpcServer(options, logins);
    const { host, port } = options;
    try {
      await listen(rpc.#server, { host, port, what: 'RPC', setting: 'rpc-port' });
    } catch (error) {
      removeRpcFiles(options.dataDir);
      throw error;
    }
    rpc.#address = addressOf(rpc.#server);
    writeRpcAddress(options.dataDir, rpc.#address);
    return rpc;
  }

  /** `host:port` */
  get address(): string {
    return this.#address;
  }

  /** From here on the methods answer. */
  attach(services: NodeServices): void {
    this.#services = services;
    this.#streams.attach(services.events);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#streams.close();
    await this.#server.close();
    removeRpcFiles(this.#options.dataDir);
  }

  async #admit(
    request: FastifyRequest,
    reply: FastifyReply,
    logins: Logins,
  ): Promise<FastifyReply | undefined> {
    request.socket.setTimeout(0);
    const { allowedHosts } = this.#options;
    if (!isAllowedHost(request.headers.host, allowedHosts))
      return reply.code(403).send('Forbidden: unknown Host\n');
    // A browser names the page's origin; no page has business here.
    if (request.headers.origin !== undefined)
      return reply.code(403).send('Forbidden: web pages may not ask\n');
    if (asksFor(request, '/healthz') || logins.allow(request.headers.authorization)) return undefined;
    if (asksFor(request, '/metrics') && isFromLoopback(request.socket.remoteAddress, request.headers))
      return undefined;
    if (request.headers.authorization !== undefined) await this.#delay(WRONG_LOGIN_DELAY_MS);
    return reply.code(401).header('www-authenticate', 'Basic realm="jsonrpc"').send('Unauthorized\n');
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (this.#requests >= MAX_REQUESTS) return reply.code(503).send('Work queue depth exceeded\n');
    const text = typeof request.body === 'string' ? request.body : '';
    const hungUp = new AbortController();
    reply.raw.once('close', () => hungUp.abort());
    const signal = AbortSignal.any([hungUp.signal, this.#closing.signal]);
    this.#requests++;
    try {
      const { status, body } = await answerJsonRpc(
        text,
        (name, params) => this.#call(name, params, { signal, active: () => this.#active }, request.url),
        (name) => METHODS.get(name)?.overlaps === true,
      );
      // Who does not take the answer gives up the connection.
      request.socket.setTimeout(IDLE_TIMEOUT_MS);
      if (body === undefined) return reply.code(status).send();
      // Bytes: of text Fastify would say the charset, and the npm package bitcoin-core takes that for something else.
      return reply
        .code(status)
        .header('content-type', 'application/json')
        .send(Buffer.from(`${body}\n`));
    } finally {
      this.#requests--;
    }
  }

  async #call(name: string, params: unknown, context: CallContext, path: string): Promise<unknown> {
    const method = METHODS.get(name);
    if (method === undefined) throw new RpcError(RPC_ERROR.methodNotFound, 'Method not found');
    checkWalletPath(method, path);
    const services = this.#services;
    if (services === undefined) throw new RpcError(RPC_ERROR.inWarmup, 'Loading block index…');
    const run = async () => method.handle(services, params, context);
    const active = { method: name, startMs: performance.now() };
    this.#active.add(active);
    try {
      // Slots are for large answers: who waits, or hands in a payment, holds little.
      return await (method.isWaiting || method.overlaps ? run() : this.#slots.run(run));
    } catch (error) {
      const answer = toRpcError(error);
      if (answer.code === RPC_ERROR.internal)
        this.#options.log.error({ err: error, method: name }, 'RPC method failed');
      throw answer;
    } finally {
      this.#active.delete(active);
    }
  }

  async #delay(ms: number): Promise<void> {
    await once(AbortSignal.any([AbortSignal.timeout(ms), this.#closing.signal]), 'abort');
  }
}
