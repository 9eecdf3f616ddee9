import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { openNonceKernel } from '../../src/mining/simdNonceKernel.ts';
import { numberOf, sha256d } from './externalMiner.ts';

/**
 * A Stratum v1 miner as it is written from the public description of the protocol and BIP310. Nothing of the node's side is
 * in it; but the nonces may be tried by our fast search, as a machine's would be by its chip.
 */

export type StratumAnswer = Readonly<{
  id: number | null;
  result: unknown;
  error: [code: number, message: string, data: unknown] | null;
}>;

export type Work = Readonly<{
  id: string;
  previousHash: Buffer;
  coinbase: readonly [Buffer, Buffer];
  branch: readonly Buffer[];
  version: number;
  bits: string;
  timeSec: number;
  isClean: boolean;
}>;

export type Found = Readonly<{ extraNonce2: string; time: string; nonce: string; versionBits?: string }>;

/** Hashes between two looks at the connection: some milliseconds. */
const SLICE = 16_384;
const DIFFICULTY_ONE = 0xffff * 2 ** 208;

export class StratumClient {
  readonly socket: Socket;
  extraNonce1 = Buffer.alloc(0);
  extraNonce2Bytes = 0;
  versionMask = 0;
  difficulty = 1;
  /** Newest last. */
  readonly works: Work[] = [];
  isClosed = false;
  #nextId = 0;
  #nextExtraNonce2 = 0;
  readonly #waiting = new Map<
    number,
    { resolve: (answer: StratumAnswer) => void; reject: (error: Error) => void }
  >();
  readonly #listeners = new Set<() => void>();
  #buffer = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => this.#read(String(chunk)));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      for (const { reject } of this.#waiting.values()) reject(new Error('the connection was closed'));
      for (const listener of this.#listeners) listener();
    });
  }

  static async connect(address: string): Promise<StratumClient> {
    const [host, port] = address.split(':');
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    return new StratumClient(socket);
  }

  /** Subscribed and authorized, with the first work at hand. */
  static async ready(address: string, user: string, password = 'x'): Promise<StratumClient> {
    const client = await StratumClient.connect(address);
    await client.subscribe();
    await client.request('mining.authorize', user, password);
    await client.until('work', () => client.works.length > 0);
    return client;
  }

  close(): void {
    this.socket.destroy();
  }

  async answer(method: string, ...params: unknown[]): Promise<StratumAnswer> {
    if (this.isClosed) throw new Error('the connection was closed');
    const id = ++this.#nextId;
    const answered = new Promise<StratumAnswer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.socket.write(`${JSON.stringify({ id, method, params })}\n`);
    return answered;
  }

  /** @throws Error with the code */
  async request(method: string, ...params: unknown[]): Promise<unknown> {
    const { result, error } = await this.answer(method, ...params);
    if (error !== null) throw new Error(`${method}: ${error[0]} ${error[1]}`);
    return result;
  }

  async subscribe(): Promise<void> {
    const [, extraNonce1, bytes] = (await this.request('mining.subscribe', 'test/1')) as [
      unknown,
      string,
      number,
    ];
    this.extraNonce1 = Buffer.from(extraNonce1, 'hex');
    this.extraNonce2Bytes = bytes;
  }

  async configure(mask: string): Promise<Record<string, unknown>> {
    const answer = (await this.request('mining.configure', ['version-rolling'], {
      'version-rolling.mask': mask,
      'version-rolling.min-bit-count': 2,
    })) as Record<string, unknown>;
    this.versionMask = Number.parseInt(String(answer['version-rolling.mask']), 16);
    return answer;
  }

  /** Resolves when the condition holds. */
  async until(what: string, holds: () => boolean, timeoutMs = 150_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(end, 200);
        const listeners = this.#listeners;
        function end() {
          clearTimeout(timer);
          listeners.delete(end);
          resolve();
        }
        listeners.add(end);
      });
    }
  }

  get work(): Work {
    return this.works.at(-1)!;
  }

  /** The next share that is at least as hard as asked, the network's target by default; undefined when interrupted. */
  async find(
    work: Work,
    target: bigint = targetOfBits(work.bits),
    options: {
      isWanted?: () => boolean;
      versionBits?: number;
      timeSec?: number;
      /** Told of every run of hashes; the search goes on when it resolves. */
      onTried?: (hashes: number) => Promise<void>;
    } = {},
  ): Promise<Found | undefined> {
    const { isWanted = () => true, versionBits, timeSec = work.timeSec, onTried } = options;
    const kernel = openNonceKernel();
    const targetBytes = Buffer.from(target.toString(16).padStart(64, '0'), 'hex').reverse();
    const time = timeSec.toString(16).padStart(8, '0');
    for (;;) {
      const extraNonce2 = Buffer.alloc(this.extraNonce2Bytes);
      extraNonce2.writeUInt32BE(this.#nextExtraNonce2++, this.extraNonce2Bytes - 4);
      const header = this.header(work, {
        extraNonce2: extraNonce2.toString('hex'),
        time,
        nonce: '00000000',
        ...(versionBits !== undefined && { versionBits: hex32(versionBits) }),
      });
      kernel.prepare(header, targetBytes);
      for (let start = 0; start < 0x1_0000_0000; start += SLICE) {
        const nonce = kernel.search(start, SLICE);
        await onTried?.(nonce === undefined ? SLICE : nonce - start + 1);
        if (nonce !== undefined) {
          return {
            extraNonce2: extraNonce2.toString('hex'),
            time,
            nonce: hex32(nonce),
            ...(versionBits !== undefined && { versionBits: hex32(versionBits) }),
          };
        }
        await new Promise(setImmediate);
        if (!isWanted() || this.isClosed) return undefined;
      }
    }
  }

  submit(user: string, work: Work, found: Found): Promise<StratumAnswer> {
    const words: unknown[] = [user, work.id, found.extraNonce2, found.time, found.nonce];
    if (found.versionBits !== undefined) words.push(found.versionBits);
    return this.answer('mining.submit', ...words);
  }

  /** The 80 bytes that a share stands for. */
  header(work: Work, { extraNonce2, time, nonce, versionBits }: Found): Buffer {
    const coinbase = Buffer.concat([
      work.coinbase[0],
      this.extraNonce1,
      Buffer.from(extraNonce2, 'hex'),
      work.coinbase[1],
    ]);
    const root = work.branch.reduce((hash, next) => sha256d(Buffer.concat([hash, next])), sha256d(coinbase));
    const header = Buffer.alloc(80);
    const rolled =
      versionBits === undefined
        ? work.version
        : ((work.version & ~this.versionMask) | (Number.parseInt(versionBits, 16) & this.versionMask)) >>> 0;
    header.writeUInt32LE(rolled >>> 0, 0);
    work.previousHash.copy(header, 4);
    root.copy(header, 36);
    header.writeUInt32LE(Number.parseInt(time, 16), 68);
    header.writeUInt32LE(Number.parseInt(work.bits, 16), 72);
    header.writeUInt32LE(Number.parseInt(nonce, 16), 76);
    return header;
  }

  /** What the hash of a share is to be at most, by the difficulty that was last told. */
  get shareTarget(): bigint {
    const target = DIFFICULTY_ONE / this.difficulty;
    return target >= 2 ** 256 ? (1n << 256n) - 1n : BigInt(target);
  }

  #read(chunk: string): void {
    this.#buffer += chunk;
    for (let end = this.#buffer.indexOf('\n'); end >= 0; end = this.#buffer.indexOf('\n')) {
      const message = JSON.parse(this.#buffer.slice(0, end)) as Record<string, unknown>;
      this.#buffer = this.#buffer.slice(end + 1);
      if (typeof message.method === 'string') this.#notified(message.method, message.params as unknown[]);
      else {
        this.#waiting.get(message.id as number)?.resolve(message as StratumAnswer);
        this.#waiting.delete(message.id as number);
      }
      for (const listener of [...this.#listeners]) listener();
    }
  }

  #notified(method: string, params: unknown[]): void {
    if (method === 'mining.set_difficulty') this.difficulty = params[0] as number;
    if (method !== 'mining.notify') return;
    const [id, previous, first, last, branch, version, bits, time, isClean] = params as [
      string,
      string,
      string,
      string,
      string[],
      string,
      string,
      string,
      boolean,
    ];
    this.works.push({
      id,
      // Word by word in the other order.
      previousHash: Buffer.concat(
        Array.from({ length: 8 }, (_, i) => Buffer.from(previous.slice(8 * i, 8 * i + 8), 'hex').reverse()),
      ),
      coinbase: [Buffer.from(first, 'hex'), Buffer.from(last, 'hex')],
      branch: branch.map((hex) => Buffer.from(hex, 'hex')),
      version: Number.parseInt(version, 16),
      bits,
      timeSec: Number.parseInt(time, 16),
      isClean,
    });
  }
}

/** The target of Bitcoin's compact form. */
export function targetOfBits(bits: string): bigint {
  const value = Number.parseInt(bits, 16);
  return BigInt(value & 0xff_ffff) << BigInt(8 * ((value >>> 24) - 3));
}

export function hashNumber(header: Buffer): bigint {
  return numberOf(sha256d(header));
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
