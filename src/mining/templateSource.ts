import { randomBytes } from 'node:crypto';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import type { Mempool } from '../mempool/mempool.ts';
import { type BlockTemplate, buildTemplate, withCoinbase, withTime } from './template.ts';

export type TemplateSourceOptions = Readonly<{
  chain: Chain;
  mempool: Mempool;
  clockSec?: () => number;
  /** How long a waiting miner goes without new fees, if not the usual. */
  feesAfterMs?: number;
}>;

/** A new template for fees is made at most so often (Bitcoin Core's number). */
const REBUILD_MS = 5000;
/** Who waits for a better template gets one with new fees after this (Bitcoin Core's number); a new tip comes at once. */
const FEES_AFTER_MS = 60_000;
const LOOK_MS = 5000;
/** More than these are answered at once, and have to ask again. */
const MAX_WAITING = 256;
/** Like the lock of any payee, that of a compressed key: it counts as much in bytes and in public-key outputs. */
const ANY_LOCK = payToPublicKey(new Uint8Array(33).fill(0x02));

type Built = Readonly<{
  template: BlockTemplate;
  parent: BlockNode;
  /** Transactions seen when it was made. */
  accepted: number;
  atMs: number;
  /** Made when the mempool knew of the tip. */
  isWhole: boolean;
}>;

/** The work that external miners are given: one template for all of them, each with a coinbase of its own. */
export class TemplateSource {
  readonly #options: TemplateSourceOptions;
  readonly #clockSec: () => number;
  readonly #tipListeners: (() => void)[] = [];
  /** From a random start, so that two nodes that mine for one key try different hashes. */
  #extraNonce = randomBytes(8).readBigUInt64LE();
  #built: Built | undefined;
  /** Transactions that came into the mempool so far. */
  #accepted = 0;
  readonly #waiters = new Set<() => void>();
  #isClosed = false;

  constructor(options: TemplateSourceOptions) {
    this.#options = options;
    this.#clockSec = options.clockSec ?? (() => Math.floor(Date.now() / 1000));
    options.mempool.onAccepted(() => {
      this.#accepted++;
    });
  }

  /** The best block to mine now, in which no one else is given the same coinbase. */
  template(lockingScript: Uint8Array): BlockTemplate {
    const template = withTime(this.#current().template, this.#clockSec());
    return withCoinbase(template, lockingScript, this.#nextExtraNonce());
  }

  /** Names what template() gives: the tip, and how many transactions were seen (as in Bitcoin Core). */
  get id(): string {
    const { parent, accepted } = this.#current();
    return `${parent.hash}${accepted}`;
  }

  /**
   * Resolves when there is something better than the template of this id: at once for a new tip, later for fees. It also
   * does when too many wait, or the node ends.
   */
  waitForBetter(id: string): Promise<void> {
    const { chain, feesAfterMs = FEES_AFTER_MS } = this.#options;
    const { tip } = chain;
    const accepted = id.startsWith(tip.hash) ? id.slice(tip.hash.length) : '';
    if (!/^\d{1,15}$/.test(accepted) || this.#waiters.size >= MAX_WAITING || this.#isClosed) {
      return Promise.resolve();
    }
    const sinceMs = performance.now();
    return new Promise((resolve) => {
      const looking = setInterval(
        () => {
          const isTime = performance.now() - sinceMs >= feesAfterMs;
          if (isTime && this.#accepted !== Number(accepted)) end();
        },
        Math.min(LOOK_MS, feesAfterMs),
      );
      const end = () => {
        clearInterval(looking);
        this.#waiters.delete(end);
        resolve();
      };
      this.#waiters.add(end);
    });
  }

  /** Called when the tip has moved, after the mempool. */
  onTip(listener: () => void): void {
    this.#tipListeners.push(listener);
  }

  /** To be called when the tip has moved and the mempool has followed. */
  update(): void {
    for (const end of [...this.#waiters]) end();
    for (const listener of this.#tipListeners) listener();
  }

  /** Lets everyone go who waits. */
  close(): void {
    this.#isClosed = true;
    for (const end of [...this.#waiters]) end();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  #current(): Built {
    const { chain, mempool } = this.#options;
    const nowMs = performance.now();
    const built = this.#built;
    // Between a new tip and the mempool's taking note of it, the mempool may hold what the tip has spent.
    const canBeWhole = mempool.tip === chain.tip;
    const isGood =
      built !== undefined &&
      built.parent === chain.tip &&
      (built.isWhole || !canBeWhole) &&
      (built.accepted === this.#accepted || nowMs - built.atMs < REBUILD_MS);
    if (isGood) return built;
    const template = buildTemplate({
      parent: chain.tip,
      entries: canBeWhole ? mempool.byFeeRate() : [],
      params: chain.params,
      lockingScript: ANY_LOCK,
      timeSec: this.#clockSec(),
      extraNonce: 0n,
    });
    this.#built = {
      template,
      parent: chain.tip,
      accepted: this.#accepted,
      atMs: nowMs,
      isWhole: canBeWhole,
    };
    return this.#built;
  }

  #nextExtraNonce(): bigint {
    this.#extraNonce = BigInt.asUintN(64, this.#extraNonce + 1n);
    return this.#extraNonce;
  }
}
