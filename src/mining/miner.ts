import { randomBytes } from 'node:crypto';
import { hashToHex, hexToHash } from '../bytes/hex.ts';
import type { BlockVerdict } from '../chain/blockVerdict.ts';
import type { Chain } from '../chain/chain.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { Block } from '../primitives/block.ts';
import { encodeHeader } from '../primitives/header.ts';
import { bitsToTarget } from '../primitives/target.ts';
import { hashesPerBlock, hashRate, type MiningSession } from './miningSession.ts';
import { MiningThreads } from './miningThreads.ts';
import type { MiningResult } from './miningWorker.ts';
import { PlainNonceKernel } from './nonceSearch.ts';
import { nonceKernelName } from './simdNonceKernel.ts';
import { type BlockTemplate, blockOfTemplate, buildTemplate, withExtraNonce } from './template.ts';

export type MinerOptions = Readonly<{
  chain: Chain;
  mempool: Mempool;
  /** The one door for blocks. */
  submit: (block: Block) => Promise<BlockVerdict>;
  clockSec?: () => number;
}>;

export type MiningOptions = Readonly<{
  threads: number;
  /** Where subsidy and fees go. */
  lockingScript: Uint8Array;
  /** The least time between two blocks of ours; see PAUSE_WITHOUT_RETARGET_MS. */
  pauseMs?: number;
}>;

export type MinerStatus = Readonly<{
  mining: boolean;
  threads: number;
  hashesPerSecond: number;
  /** Tried since it was started. */
  hashes: number;
  /** Of ours that became the tip. */
  blocksFound: number;
  /** Of ours that came too late. */
  stale: number;
  lockingScript: Uint8Array | undefined;
  /** Which nonce search: `simd`, or `plain` where there is no SIMD. */
  kernel: string;
  /** How long a block of ours takes on average at this rate; undefined while the rate is not known. */
  expectedSec: number | undefined;
  /** Why the last block of ours was refused, or a thread died. */
  lastError: string | undefined;
}>;

/** How often the search begins anew with the clock's time and the transactions that came in. */
const REFRESH_SEC = 5;
const RATE_SPAN_SEC = 10;
/**
 * Where the difficulty never adapts, a block takes microseconds. More than six a second would drive the blocks' times,
 * each past the median of eleven, ahead of the clock, and in the end past the two hours that other nodes allow.
 */
const PAUSE_WITHOUT_RETARGET_MS = 200;
const NONCES = 0x1_0000_0000;
/** Nonces tried on the main thread before others get their turn: about a millisecond. */
const SLICE = 2048;

/** Mines: on threads of its own, or a given number of blocks at once on a network made for tests. */
export class Miner {
  readonly #options: MinerOptions;
  readonly #clockSec: () => number;
  #session: MiningSession | undefined;
  /** From a random start, so that two nodes that mine for one key try different hashes. */
  #extraNonce = randomBytes(8).readBigUInt64LE();
  #blocksFound = 0;
  #stale = 0;
  #lastError: string | undefined;
  /** What stop() has to wait for. */
  #submitting: Promise<void> = Promise.resolve();
  #generating: Promise<unknown> = Promise.resolve();
  #stops = 0;

  constructor(options: MinerOptions) {
    this.#options = options;
    this.#clockSec = options.clockSec ?? (() => Math.floor(Date.now() / 1000));
  }

  /** @throws Error if it is mining already */
  start(options: MiningOptions): void {
    if (this.#session !== undefined) throw new Error('the miner is running already');
    const threads = new MiningThreads(
      options.threads,
      (index, result) => this.#take(index, result),
      (error) => this.#fail(error),
    );
    let ticks = 0;
    const clock = setInterval(() => {
      this.#sampleRate();
      if (++ticks % REFRESH_SEC === 0) this.refresh();
    }, 1000);
    this.#lastError = undefined;
    this.#session = {
      threads,
      options,
      work: Array.from({ length: options.threads }, () => []),
      solved: undefined,
      samples: [],
      clock,
      resumeAtMs: 0,
      resume: undefined,
    };
    this.#sampleRate();
    this.refresh();
  }

  /** Ends the search, also that of generate, and resolves when nothing of it is on its way any more. */
  async stop(): Promise<void> {
    this.#stops++;
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) {
      clearInterval(session.clock);
      clearTimeout(session.resume);
      await session.threads.close();
    }
    await Promise.allSettled([this.#submitting, this.#generating]);
  }

  /** Stops the threads where they are: what they work on is of no use any more. */
  interrupt(): void {
    this.#session?.threads.interrupt();
  }

  /** Begins anew on the tip and the mempool as they are now. To be called when either has changed. */
  refresh(): void {
    const session = this.#session;
    if (session === undefined) return;
    clearTimeout(session.resume);
    const waitMs = session.resumeAtMs - performance.now();
    if (waitMs > 0) {
      session.threads.interrupt();
      session.resume = setTimeout(() => this.refresh(), waitMs);
      return;
    }
    // The threads go on meanwhile: a full block takes some milliseconds.
    const template = this.#template(session.options.lockingScript);
    session.threads.interrupt();
    for (let index = 0; index < session.options.threads; index++) this.#assign(session, index, template);
  }

  status(): MinerStatus {
    const session = this.#session;
    const hashesPerSecond = session === undefined ? 0 : hashRate(session);
    return {
      mining: session !== undefined,
      threads: session?.options.threads ?? 0,
      hashesPerSecond,
      hashes: session?.threads.hashes ?? 0,
      kernel: nonceKernelName(),
      expectedSec: hashesPerSecond > 0 ? hashesPerBlock(session!) / hashesPerSecond : undefined,
      blocksFound: this.#blocksFound,
      stale: this.#stale,
      lockingScript: session?.options.lockingScript,
      lastError: this.#lastError,
    };
  }

  /**
   * Mines that many blocks on the main thread and resolves to their hashes. Meant for networks where a block takes a few
   * hashes; calls wait for one another. @throws Error if a block is refused or the miner is stopped
   */
  generate(count: number, lockingScript: Uint8Array): Promise<string[]> {
    const stops = this.#stops;
    const run = this.#generating.then(() => this.#generate(count, lockingScript, stops));
    this.#generating = run.catch(() => undefined);
    return run;
  }

  async #generate(count: number, lockingScript: Uint8Array, stops: number): Promise<string[]> {
    const hashes: string[] = [];
    while (hashes.length < count) {
      const block = await this.#search(lockingScript, stops);
      // None when the tip moved during the search.
      if (block === undefined) continue;
      const verdict = await this.#options.submit(block);
      if (verdict.status === 'connected') hashes.push(hashToHex(block.header.hash));
      else if (verdict.status !== 'stored') throw new Error(`the block was refused: ${describe(verdict)}`);
    }
    this.#blocksFound += hashes.length;
    return hashes;
  }

  /** A block on the tip; undefined when the tip changed first, or no nonce will do. */
  async #search(lockingScript: Uint8Array, stops: number): Promise<Block | undefined> {
    const { tip } = this.#options.chain;
    const template = this.#template(lockingScript);
    const kernel = new PlainNonceKernel();
    kernel.prepare(encodeHeader(template.header), targetBytes(template.header.bits));
    for (let start = 0; start < NONCES; start += SLICE) {
      if (this.#stops !== stops) throw new Error('the miner was stopped');
      if (this.#options.chain.tip !== tip) return undefined;
      const nonce = kernel.search(start, SLICE);
      if (nonce !== undefined) return blockOfTemplate(template, nonce);
      await new Promise(setImmediate);
    }
    return undefined;
  }

  #template(lockingScript: Uint8Array): BlockTemplate {
    const { chain, mempool } = this.#options;
    return buildTemplate({
      parent: chain.tip,
      // Between a new tip and the mempool's taking note of it, the mempool may hold what the tip has spent.
      entries: mempool.tip === chain.tip ? mempool.byFeeRate() : [],
      params: chain.params,
      lockingScript,
      timeSec: this.#clockSec(),
      extraNonce: this.#nextExtraNonce(),
    });
  }

  #assign(session: MiningSession, index: number, template: BlockTemplate): void {
    const own = withExtraNonce(template, this.#nextExtraNonce());
    const work = session.work[index]!;
    work.unshift({ generation: session.threads.generation, template: own });
    work.length = Math.min(work.length, 2);
    session.threads.assign(index, encodeHeader(own.header), targetBytes(own.header.bits));
  }

  #nextExtraNonce(): bigint {
    this.#extraNonce = BigInt.asUintN(64, this.#extraNonce + 1n);
    return this.#extraNonce;
  }

  /** A thread has found a nonce, or tried them all. */
  #take(index: number, { generation, nonce }: MiningResult): void {
    const session = this.#session;
    const work = session?.work[index]?.find((one) => one.generation === generation);
    if (nonce === undefined) {
      if (work !== undefined && generation === session!.threads.generation)
        this.#assign(session!, index, work.template);
      return;
    }
    const tip = this.#options.chain.tip.hash;
    const parent = work && hashToHex(work.template.header.previousHash);
    const solved = session?.solved;
    if (parent !== undefined && parent === solved?.parent && (solved.isOnItsWay || parent !== tip)) return;
    if (work === undefined || parent !== tip) {
      this.#stale++;
      return;
    }
    // The others would only find brothers of this block.
    session!.threads.interrupt();
    const own = { parent, isOnItsWay: true };
    session!.solved = own;
    session!.resumeAtMs = performance.now() + this.#pauseMs(session!);
    const block = blockOfTemplate(work.template, nonce);
    this.#submitting = this.#submitting.then(async () => {
      await this.#submit(block);
      own.isOnItsWay = false;
    });
  }

  #pauseMs({ options }: MiningSession): number {
    const isTargetFixed = this.#options.chain.params.retargetBlocks === 0;
    return options.pauseMs ?? (isTargetFixed ? PAUSE_WITHOUT_RETARGET_MS : 0);
  }

  async #submit(block: Block): Promise<void> {
    try {
      const isStale = hashToHex(block.header.previousHash) !== this.#options.chain.tip.hash;
      const verdict = isStale ? undefined : await this.#options.submit(block);
      if (verdict?.status === 'connected') this.#blocksFound++;
      else if (verdict === undefined || verdict.status === 'stored') this.#stale++;
      else throw new Error(`our block was refused: ${describe(verdict)}`);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.refresh();
  }

  /** Work goes on at the next tick of the refresh: whatever it was, it must not happen a thousand times a second. */
  #fail(error: unknown): void {
    this.#lastError = error instanceof Error ? error.message : String(error);
  }

  #sampleRate(): void {
    const session = this.#session;
    if (session === undefined) return;
    session.samples.push({ atMs: performance.now(), hashes: session.threads.hashes });
    if (session.samples.length > RATE_SPAN_SEC + 1) session.samples.shift();
  }
}

function targetBytes(bits: number): Uint8Array {
  const hex = bitsToTarget(bits)!.toString(16).padStart(64, '0');
  return hexToHash(hex);
}

function describe(verdict: BlockVerdict): string {
  return verdict.status === 'rejected' ? verdict.rejection.code : verdict.status;
}
