import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import type { BlockVerdict } from '../chain/blockVerdict.ts';
import type { Block } from '../primitives/block.ts';
import { difficultyOf } from './describeHeader.ts';
import { listenPlainly } from './listen.ts';
import type { NodeServices } from './nodeServices.ts';
import { RpcError } from './rpcError.ts';
import { targetOfDifficulty } from './shareDifficulty.ts';
import { StratumConnection } from './stratumConnection.ts';
import {
  blockOfShare,
  EXTRA_NONCE_1_BYTES,
  EXTRA_NONCE_2_BYTES,
  headerOfShare,
  makeJob,
  readShare,
  type StratumJob,
} from './stratumJob.ts';
import { STRATUM_ERROR, StratumError, type StratumRequest } from './stratumMessage.ts';
import { expectName, payeeOfName } from './stratumNames.ts';
import { type ShareOutcome, type StratumStatus, StratumWorkers } from './stratumWorkers.ts';
import { expectReady } from './templateMethods.ts';
import { answerConfigure } from './versionRolling.ts';

export type StratumServerOptions = Readonly<{
  host: string;
  /** 0: a free one. */
  port: number;
  log: Logger;
}>;

const MAX_CONNECTIONS = 256;
/** Of one address, so that one stranger cannot take all. */
const MAX_CONNECTIONS_PER_ADDRESS = 128;
/** Names that one connection may authorize. */
const MAX_NAMES = 16;
/** New fees and the time of the clock come to the miners this often; a new tip at once. */
const REFRESH_MS = 30_000;

/**
 * The door for mining machines: Stratum v1 (line by line JSON-RPC over TCP) with vardiff and version rolling (BIP310). A
 * user name that is an address, alone or before a dot and a worker's name, is whom the blocks of that worker pay; any other
 * pays `--public-key` or the wallet. There is no password: shares are counted, and earn nothing but the block they may be.
 */
export class StratumServer {
  readonly #workers = new StratumWorkers();
  readonly #services: NodeServices;
  readonly #log: Logger;
  readonly #server: Server;
  readonly #connections = new Set<StratumConnection>();
  readonly #perAddress = new Map<string, number>();
  /** The current job of each payee, by its lock in hex. */
  readonly #jobs = new Map<string, StratumJob>();
  readonly #refresh: NodeJS.Timeout;
  #nextExtraNonce1 = randomBytes(EXTRA_NONCE_1_BYTES).readUInt32BE();
  #nextJob = randomBytes(4).readUInt32BE();
  #address = '';

  private constructor(services: NodeServices, log: Logger) {
    this.#services = services;
    this.#log = log;
    this.#server = createServer((socket) => this.#admit(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
    services.templates.onTip(() => this.#renew(true));
    services.network.onState((state) => state === 'running' && this.#renew(true));
    this.#refresh = setInterval(() => this.#renew(false), REFRESH_MS);
  }

  /** @throws Error that names the setting which helps */
  static async open(
    services: NodeServices,
    { host, port, log }: StratumServerOptions,
  ): Promise<StratumServer> {
    const stratum = new StratumServer(services, log);
    try {
      stratum.#address = await listenPlainly(stratum.#server, {
        host,
        port,
        what: 'Stratum',
        setting: 'stratum-port',
      });
    } catch (error) {
      clearInterval(stratum.#refresh);
      throw error;
    }
    // Such as no file descriptors left for one more connection: no reason for the node to end.
    stratum.#server.on('error', (err) => log.warn({ err }, 'a mining machine could not be let in'));
    return stratum;
  }

  status(): StratumStatus {
    const { totals, blocks, hashesPerSecond } = this.#workers;
    return {
      address: this.#address,
      connections: this.#connections.size,
      hashesPerSecond,
      blocksFound: blocks,
      shares: { ...totals },
      workers: this.#workers.stats(),
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#refresh);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of [...this.#connections]) connection.close();
    await closed;
  }

  #admit(socket: Socket): void {
    const from = socket.remoteAddress ?? '';
    const count = (this.#perAddress.get(from) ?? 0) + 1;
    if (count > MAX_CONNECTIONS_PER_ADDRESS) {
      socket.destroy();
      return;
    }
    this.#perAddress.set(from, count);
    const extraNonce1 = Buffer.alloc(EXTRA_NONCE_1_BYTES);
    extraNonce1.writeUInt32BE(this.#nextExtraNonce1);
    this.#nextExtraNonce1 = (this.#nextExtraNonce1 + 1) >>> 0;
    const connection: StratumConnection = new StratumConnection(
      socket,
      extraNonce1,
      (_, request) => this.#handle(connection, request),
      () => {
        this.#connections.delete(connection);
        const left = this.#perAddress.get(from)! - 1;
        if (left === 0) this.#perAddress.delete(from);
        else this.#perAddress.set(from, left);
      },
    );
    this.#connections.add(connection);
  }

  async #handle(connection: StratumConnection, { method, params }: StratumRequest): Promise<unknown> {
    switch (method) {
      case 'mining.subscribe':
        return this.#subscribe(connection);
      case 'mining.authorize':
        return this.#authorize(connection, params[0], params[1]);
      case 'mining.submit':
        return this.#submit(connection, params);
      case 'mining.configure':
        return this.#configure(connection, params);
      case 'mining.suggest_difficulty':
        suggest(connection, params[0]);
        return true;
      // The first half of the extra nonce stays as it is, so there is nothing to tell later.
      case 'mining.extranonce.subscribe':
        return true;
      case 'mining.ping':
        return 'pong';
      default:
        throw new StratumError(STRATUM_ERROR.other, 'Method not found');
    }
  }

  #subscribe(connection: StratumConnection): unknown {
    connection.isSubscribed = true;
    const id = connection.extraNonce1.toString('hex');
    setImmediate(() => this.#give(connection, true));
    const subscriptions = [
      ['mining.set_difficulty', id],
      ['mining.notify', id],
    ];
    return [subscriptions, id, EXTRA_NONCE_2_BYTES];
  }

  async #authorize(connection: StratumConnection, name: unknown, password: unknown): Promise<true> {
    expectName(name);
    if (connection.payees.size >= MAX_NAMES && !connection.payees.has(name)) {
      throw new StratumError(STRATUM_ERROR.unauthorized, 'Too many workers on one connection');
    }
    connection.payees.set(name, await payeeOfName(this.#services, name));
    connection.noteActivity();
    // The way in which most pools let a large miner begin: d=1000.
    const wish = /(?:^|[,;])d=([0-9.]{1,20})/.exec(typeof password === 'string' ? password : '');
    if (wish) suggest(connection, Number(wish[1]));
    setImmediate(() => this.#give(connection, true));
    return true;
  }

  #configure(connection: StratumConnection, [extensions, options]: readonly unknown[]): unknown {
    const { answer, versionMask } = answerConfigure(extensions, options, this.#services);
    if (versionMask !== undefined) connection.versionMask = versionMask;
    return answer;
  }

  async #submit(connection: StratumConnection, params: readonly unknown[]): Promise<true> {
    if (!connection.isSubscribed) throw new StratumError(STRATUM_ERROR.notSubscribed, 'Not subscribed');
    const name = params[0];
    if (typeof name !== 'string' || !connection.payees.has(name)) {
      throw new StratumError(STRATUM_ERROR.unauthorized, 'Unauthorized worker');
    }
    let difficulty = 0;
    try {
      const given = connection.job(params[1]);
      difficulty = given.difficulty;
      // The tip may have moved, and the news not be sent yet.
      if (given.job.parent !== this.#services.chain.tip.hash) {
        throw new StratumError(STRATUM_ERROR.jobNotFound, 'Job not found');
      }
      const block = this.#takeShare(connection, given.job, difficulty, params);
      if (block !== undefined) void this.#takeBlock(block, name);
    } catch (error) {
      this.#workers.note(name, outcomeOf(error), difficulty);
      throw error;
    }
    this.#workers.note(name, 'accepted', difficulty);
    connection.noteActivity();
    if (connection.countShare()) setImmediate(() => this.#give(connection, false));
    return true;
  }

  /** Checks a share. Returns the block that it is, if it is one. @throws StratumError */
  #takeShare(
    connection: StratumConnection,
    job: StratumJob,
    difficulty: number,
    params: readonly unknown[],
  ): Block | undefined {
    const { versionMask, extraNonce1 } = connection;
    const share = readShare(params, versionMask);
    const nowSec = Math.floor(Date.now() / 1000);
    const found = headerOfShare(job, extraNonce1, share, versionMask, nowSec);
    const isBlock = found.hash < job.target;
    if (!isBlock && found.hash > targetOfDifficulty(difficulty)) {
      throw new StratumError(STRATUM_ERROR.lowDifficulty, 'Low difficulty share');
    }
    // By the header's hash: the same work in whatever words.
    connection.rememberShare(job.id, bytesToHex(found.header.hash));
    return isBlock ? blockOfShare(job, found.header, found.coinbaseBytes) : undefined;
  }

  async #takeBlock(block: Block, worker: string): Promise<void> {
    const hash = hashToHex(block.header.hash);
    try {
      const options = { requested: true, source: 'stratum', durable: true };
      const verdict = await this.#services.chain.acceptBlock(block, options);
      if (verdict.status === 'connected') {
        this.#workers.noteBlock(worker);
        this.#log.info({ hash, worker, height: verdict.node.height }, 'block found by an external miner');
      } else
        this.#log.warn(
          { hash, worker, verdict: wordOf(verdict) },
          'the block of an external miner is not the tip',
        );
    } catch (error) {
      this.#log.error({ err: error, hash }, 'the block of an external miner could not be taken');
    }
  }

  /** A new job for everyone. */
  #renew(isClean: boolean): void {
    this.#jobs.clear();
    for (const connection of this.#connections) {
      connection.judgePace();
      this.#give(connection, isClean);
    }
  }

  /** Its payee's job, which is the same for all who pay it. None while the node is not up to date. */
  #give(connection: StratumConnection, isClean: boolean): void {
    if (!connection.isReady) return;
    try {
      expectReady(this.#services);
      const payee = connection.payee!;
      const key = bytesToHex(payee);
      let job = this.#jobs.get(key) ?? this.#makeJob(payee);
      this.#jobs.set(key, job);
      // A new difficulty comes with a new job: shares of the former are still judged by the former, and none counts twice.
      if (connection.knows(job)) job = this.#makeJob(payee);
      connection.give(job, difficultyOf(job.template.header.bits), isClean);
    } catch (error) {
      // What tells of it may be the writer of the chain, which has more to do.
      if (!(error instanceof RpcError)) this.#log.error({ err: error }, 'a mining machine gets no work');
    }
  }

  #makeJob(payee: Uint8Array): StratumJob {
    this.#nextJob = (this.#nextJob + 1) >>> 0;
    return makeJob(this.#nextJob.toString(16), this.#services.templates.template(payee));
  }
}

function suggest(connection: StratumConnection, difficulty: unknown): void {
  if (typeof difficulty !== 'number' || !(difficulty > 0) || !Number.isFinite(difficulty)) {
    throw new StratumError(STRATUM_ERROR.other, 'A difficulty is a number above zero');
  }
  connection.suggestDifficulty(difficulty);
}

function outcomeOf(error: unknown): ShareOutcome {
  switch ((error as Partial<StratumError>).code) {
    case STRATUM_ERROR.jobNotFound:
      return 'stale';
    case STRATUM_ERROR.duplicateShare:
      return 'duplicate';
    case STRATUM_ERROR.lowDifficulty:
      return 'low';
    default:
      return 'invalid';
  }
}

function wordOf(verdict: BlockVerdict): string {
  return verdict.status === 'rejected' ? verdict.rejection.code : verdict.status;
}
