import type { Socket } from 'node:net';
import { adjustDifficulty, FIRST_DIFFICULTY, MAX_DIFFICULTY, MIN_DIFFICULTY } from './shareDifficulty.ts';
import { notifyParams, type StratumJob } from './stratumJob.ts';
import {
  errorLine,
  notificationLine,
  readRequest,
  resultLine,
  STRATUM_ERROR,
  StratumError,
  type StratumRequest,
} from './stratumMessage.ts';

/** Answers a request of a connection. @throws StratumError */
export type RequestHandler = (connection: StratumConnection, request: StratumRequest) => Promise<unknown>;

/** A job as one connection was given it. */
export type GivenJob = Readonly<{ job: StratumJob; difficulty: number }>;

/** A submission takes 200. */
const MAX_LINE_BYTES = 4096;
/** Unsent answers and jobs. */
const MAX_UNSENT_BYTES = 262_144;
/** Requests that wait for their answer. */
const MAX_PENDING = 64;
/** Requests a second in the long run, and at once. */
const REQUESTS_PER_SEC = 50;
const MAX_BURST = 300;
/** Lines that are no request, and shares in a row that are refused for more than coming late. */
const MAX_ERRORS = 100;
/** Jobs of the current tip that shares may still come for. */
const MAX_JOBS = 8;
/** Shares of one job that are remembered, so that none counts twice. */
const MAX_SHARES_PER_JOB = 20_000;
/** Who has not said who he is by then goes, and who brings no share for so long. */
export const LOGIN_MS = 30_000;
const IDLE_MS = 15 * 60_000;

/** A miner's connection: what it was told, how hard its shares are, and the bounds of what it may do. */
export class StratumConnection {
  /** Of this connection alone, in the coinbases that it hashes. */
  readonly extraNonce1: Buffer;
  readonly #socket: Socket;
  readonly #handle: RequestHandler;
  readonly #onClosed: () => void;
  readonly #jobs = new Map<string, GivenJob & { readonly seen: Set<string> }>();
  /** Whom each name that it has authorized pays. */
  readonly payees = new Map<string, Uint8Array>();
  isSubscribed = false;
  /** Bits of the version that it may roll (BIP310). */
  versionMask = 0;
  #isClosed = false;
  #buffer = '';
  #pending = 0;
  #errors = 0;
  #tokens = MAX_BURST;
  #tokensAtMs = performance.now();
  #deadline: NodeJS.Timeout;
  #difficulty = FIRST_DIFFICULTY;
  /** A share need not be harder than a block. */
  #blockDifficulty = Number.POSITIVE_INFINITY;
  /** As it was last told. */
  #told: number | undefined;
  #shares = 0;
  #judgedAtMs = performance.now();

  constructor(socket: Socket, extraNonce1: Buffer, handle: RequestHandler, onClosed: () => void) {
    this.#socket = socket;
    this.extraNonce1 = extraNonce1;
    this.#handle = handle;
    this.#onClosed = onClosed;
    this.#deadline = setTimeout(() => this.close(), LOGIN_MS);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => this.#read(String(chunk)));
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
  }

  /** The payee that its jobs pay: of the name that it authorized last. */
  get payee(): Uint8Array | undefined {
    return [...this.payees.values()].at(-1);
  }

  get isReady(): boolean {
    return this.isSubscribed && this.payees.size > 0 && !this.#isClosed;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#deadline);
    this.#socket.destroy();
    this.#onClosed();
  }

  /** It has done something that only a miner does. */
  noteActivity(): void {
    clearTimeout(this.#deadline);
    if (!this.#isClosed) this.#deadline = setTimeout(() => this.close(), IDLE_MS);
  }

  /** Whether it knows this job, with the difficulty that was then. */
  knows(job: StratumJob): boolean {
    return this.#jobs.has(job.id);
  }

  /** Gives it a job that it does not know, of a difficulty that is no harder than a block. With `isClean` those before are of no more use. */
  give(job: StratumJob, blockDifficulty: number, isClean: boolean): void {
    if (isClean) this.#jobs.clear();
    this.#blockDifficulty = blockDifficulty;
    const difficulty = Math.min(this.#difficulty, blockDifficulty);
    if (difficulty !== this.#told) {
      this.#told = difficulty;
      this.send(notificationLine('mining.set_difficulty', [difficulty]));
    }
    this.#jobs.set(job.id, { job, difficulty, seen: new Set() });
    if (this.#jobs.size > MAX_JOBS) this.#jobs.delete(this.#jobs.keys().next().value!);
    this.send(notificationLine('mining.notify', notifyParams(job, isClean)));
  }

  /** @throws StratumError */
  job(id: unknown): GivenJob {
    const given = typeof id === 'string' ? this.#jobs.get(id) : undefined;
    if (given === undefined) throw new StratumError(STRATUM_ERROR.jobNotFound, 'Job not found');
    return given;
  }

  /** @throws StratumError when it has brought this share before */
  rememberShare(jobId: string, key: string): void {
    const { seen } = this.#jobs.get(jobId)!;
    if (seen.has(key)) throw new StratumError(STRATUM_ERROR.duplicateShare, 'Duplicate share');
    if (seen.size >= MAX_SHARES_PER_JOB) throw new StratumError(STRATUM_ERROR.other, 'Too many shares');
    seen.add(key);
  }

  /** What the miner would rather have. Takes effect with the next job. */
  suggestDifficulty(difficulty: number): void {
    this.#difficulty = Math.min(MAX_DIFFICULTY, Math.max(MIN_DIFFICULTY, difficulty));
    this.#beginCount();
  }

  /** Counts a good share. Returns whether the difficulty has changed with it: then it needs a new job. */
  countShare(): boolean {
    this.#errors = 0;
    this.#shares++;
    return this.judgePace();
  }

  /** Returns whether shares come so fast or so slowly that the difficulty has changed. */
  judgePace(): boolean {
    const seconds = (performance.now() - this.#judgedAtMs) / 1000;
    const current = this.#told ?? this.#difficulty;
    const adjusted = adjustDifficulty(current, this.#shares, seconds);
    if (adjusted === undefined) {
      // What came before must not hide for long that the pace has changed.
      if (seconds > 300) this.#beginCount();
      return false;
    }
    this.#difficulty = adjusted;
    this.#beginCount();
    return Math.min(adjusted, this.#blockDifficulty) !== this.#told;
  }

  send(line: string): void {
    if (this.#isClosed) return;
    // Who does not read gets no more.
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.close();
    else this.#socket.write(line);
  }

  #beginCount(): void {
    this.#shares = 0;
    this.#judgedAtMs = performance.now();
  }

  #read(chunk: string): void {
    this.#buffer += chunk;
    for (;;) {
      const end = this.#buffer.indexOf('\n');
      if (end < 0 || this.#isClosed) break;
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + 1);
      if (line.length > MAX_LINE_BYTES || !this.#mayAsk()) this.close();
      else if (line.trim() !== '') void this.#answer(line);
    }
    if (this.#buffer.length > MAX_LINE_BYTES) this.close();
  }

  #mayAsk(): boolean {
    const nowMs = performance.now();
    const refill = ((nowMs - this.#tokensAtMs) / 1000) * REQUESTS_PER_SEC;
    this.#tokens = Math.min(MAX_BURST, this.#tokens + refill);
    this.#tokensAtMs = nowMs;
    if (this.#tokens < 1 || this.#pending >= MAX_PENDING) return false;
    this.#tokens--;
    return true;
  }

  async #answer(line: string): Promise<void> {
    let id: StratumRequest['id'] = null;
    this.#pending++;
    try {
      const request = readRequest(line);
      id = request.id;
      this.send(resultLine(id, await this.#handle(this, request)));
    } catch (error) {
      const answer =
        error instanceof StratumError ? error : new StratumError(STRATUM_ERROR.other, 'Internal error');
      this.send(errorLine(id, answer));
      if (answer.code !== STRATUM_ERROR.jobNotFound && ++this.#errors >= MAX_ERRORS) this.close();
    } finally {
      this.#pending--;
    }
  }
}
