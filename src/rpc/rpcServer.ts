import { once } from 'node:events';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { isAllowedHost, Logins } from './access.ts';
import { removeRpcFiles, writeCookie, writeRpcAddress } from './cookie.ts';
import { answerJsonRpc } from './jsonRpc.ts';
import { METHODS } from './methods.ts';
import type { NodeServices } from './nodeServices.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { toRpcError } from './toRpcError.ts';

/** Bitcoin Core's limit: a block of 3 MB is 6 MB of hex, and a batch holds several. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** For the request to arrive. The answer may take as long as it takes. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A wrong password is answered after this, so that trying many takes long. */
const WRONG_LOGIN_DELAY_MS = 250;

export type RpcServerOptions = Readonly<{
  dataDir: string;
  host: string;
  /** 0: a free one. */
  port: number;
  /** Beside the cookie. */
  login: Readonly<{ user: string; password: string }> | undefined;
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
  #services: NodeServices | undefined;
  #address = '';

  private constructor(options: RpcServerOptions, logins: Logins) {
    this.#options = options;
    this.#server = Fastify({
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      forceCloseConnections: true,
      logger: false,
    });
    // Clients of Bitcoin's RPC name many content types, or none; the text is ours to parse.
    this.#server.removeAllContentTypeParsers();
    this.#server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    this.#server.addHook('onRequest', async (request, reply) => this.#admit(request, reply, logins));
    this.#server.get('/healthz', async (_request, reply) => this.#health(reply));
    this.#server.post('/*', async (request, reply) => this.#answer(request, reply));
  }

  /** Listens, and leaves the cookie and the address in the data directory. */
  static async open(options: RpcServerOptions): Promise<RpcServer> {
    const cookie = writeCookie(options.dataDir);
    const { login } = options;
    const logins = new Logins(login === undefined ? [cookie] : [cookie, `${login.user}:${login.password}`]);
    const rpc = new RpcServer(options, logins);
    try {
      await rpc.#server.listen({ host: options.host, port: options.port });
    } catch (error) {
      removeRpcFiles(options.dataDir);
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      const message = isTaken
        ? `The RPC port ${options.port} is taken, perhaps by another node. --rpc-port chooses another.`
        : `The RPC cannot listen on ${options.host}, port ${options.port}: ${(error as Error).message}`;
      throw new Error(message, { cause: error });
    }
    const bound = rpc.#server.server.address();
    if (bound === null || typeof bound === 'string') throw new Error('the RPC is bound to no port');
    rpc.#address =
      bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
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
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#server.close();
    removeRpcFiles(this.#options.dataDir);
  }

  async #admit(
    request: FastifyRequest,
    reply: FastifyReply,
    logins: Logins,
  ): Promise<FastifyReply | undefined> {
    if (!isAllowedHost(request.headers.host)) return reply.code(403).send('Forbidden: unknown Host\n');
    // A browser names the page's origin; no page has business here.
    if (request.headers.origin !== undefined)
      return reply.code(403).send('Forbidden: web pages may not ask\n');
    if (request.url === '/healthz' || logins.allow(request.headers.authorization)) return undefined;
    if (request.headers.authorization !== undefined) await this.#delay(WRONG_LOGIN_DELAY_MS);
    return reply.code(401).header('www-authenticate', 'Basic realm="jsonrpc"').send('Unauthorized\n');
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const text = typeof request.body === 'string' ? request.body : '';
    const { status, body } = await answerJsonRpc(text, (method, params) => this.#call(method, params));
    if (body === undefined) return reply.code(status).send();
    return reply.code(status).header('content-type', 'application/json').send(`${body}\n`);
  }

  async #call(name: string, params: unknown): Promise<unknown> {
    const method = METHODS.get(name);
    if (method === undefined) throw new RpcError(RPC_ERROR.methodNotFound, 'Method not found');
    if (this.#services === undefined) throw new RpcError(RPC_ERROR.inWarmup, 'Loading block index…');
    try {
      return await method.handle(this.#services, params);
    } catch (error) {
      const answer = toRpcError(error);
      if (answer.code === RPC_ERROR.internal)
        this.#options.log.error({ err: error, method: name }, 'RPC method failed');
      throw answer;
    }
  }

  #health(reply: FastifyReply): FastifyReply {
    const state = this.#services?.network.state() ?? 'loading';
    return reply
      .code(state === 'running' ? 200 : 503)
      .send({ state, height: this.#services?.chain.tip.height ?? null });
  }

  async #delay(ms: number): Promise<void> {
    await once(AbortSignal.any([AbortSignal.timeout(ms), this.#closing.signal]), 'abort');
  }
}
