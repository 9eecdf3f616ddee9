import { hashToHex } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import type { ChainChange } from '../chain/chainChange.ts';
import type { Coin } from '../consensus/coin.ts';
import type { VerifyPool } from '../crypto/verifyPool.ts';
import { detachTransaction, type Outpoint, type Transaction } from '../primitives/transaction.ts';
import { Admissions } from './admissions.ts';
import { EntrySet } from './entrySet.ts';
import { type Candidate, Examiner } from './examiner.ts';
import { type EstimateMode, FeeEstimator } from './feeEstimator.ts';
import { FeeFloor } from './feeFloor.ts';
import { followReorganization, removeConnected } from './followChain.ts';
import type { MempoolEntry, RemovalReason } from './mempoolEntry.ts';
import { OrphanPool } from './orphanPool.ts';
import { type PackageVerdict, testPackage } from './packageTest.ts';
import { EXPIRE_EVERY_SEC, EXPIRY_SEC, MAX_USAGE_BYTES } from './policy.ts';
import type { Refusal, TransactionVerdict } from './transactionVerdict.ts';

export type MempoolOptions = Readonly<{
  chain: Chain;
  verifyPool: VerifyPool;
  clockSec?: () => number;
  /** Memory for transactions, if not the usual. */
  maxUsageBytes?: number;
}>;

/** The `source` of what the last run of the node left. */
export const FROM_FILE = 'file';

/** The `source` of what a reorganization took out of its block. */
export const FROM_CHAIN = 'chain';

/** `source` is who brought it: see `accept`; `replaced` is what it took the place of, as in its verdict. */
export type AcceptedListener = (
  entry: MempoolEntry,
  source: string,
  replaced: readonly MempoolEntry[],
) => void;
export type RemovedListener = (entry: MempoolEntry, reason: RemovalReason) => void;

export type AcceptOptions = Readonly<{
  /** Who brings it: for the shares of the orphan pool, and to tell apart what is news. */
  source: string;
  /** When it came in first, if not now. */
  addedSec?: number;
  /** Base units: a higher fee is taken for a slip of its maker, and refused as `max-fee-exceeded`. */
  maxFee?: bigint;
}>;

/** `feeRate` in base units a byte. */
export type FeeEstimate = Readonly<{ feeRate: number; blocks: number }>;

/** How often an admission begins anew because the ground moved meanwhile: a block came in, or a parent left. */
const MAX_ATTEMPTS = 10;

/**
 * The valid transactions that wait for a block, and the one door through which they come in. Many may be on their way
 * through the checks at once; each is added in one step without waiting, after asking again what may have changed.
 */
export class Mempool {
  readonly #chain: Chain;
  readonly #clockSec: () => number;
  readonly #maxUsageBytes: number;
  readonly #entries = new EntrySet();
  readonly #orphans = new OrphanPool();
  readonly #examiner: Examiner;
  readonly #floor = new FeeFloor();
  readonly #estimator = new FeeEstimator();
  readonly #admissions = new Admissions();
  readonly #acceptedListeners: AcceptedListener[] = [];
  readonly #removedListeners: RemovedListener[] = [];
  #tip: BlockNode;
  #updating: Promise<void> | undefined;
  /** Counts everything that came in or left. */
  #sequence = 0;
  #expiredSec = 0;

  constructor({ chain, verifyPool, clockSec, maxUsageBytes }: MempoolOptions) {
    this.#chain = chain;
    this.#clockSec = clockSec ?? (() => Math.floor(Date.now() / 1000));
    this.#maxUsageBytes = maxUsageBytes ?? MAX_USAGE_BYTES;
    this.#tip = chain.tip;
    const entries = this.#entries;
    this.#examiner = new Examiner({ chain, entries, verifyPool, floor: () => this.minFeeRate });
  }

  /** The block after which everything in here is valid: the chain's tip, but for the moments between the two. */
  get tip(): BlockNode {
    return this.#tip;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Of the transactions. */
  get bytes(): number {
    return this.#entries.bytes;
  }

  /** Of memory, estimated. */
  get usage(): number {
    return this.#entries.usage;
  }

  get maxUsage(): number {
    return this.#maxUsageBytes;
  }

  /** Of all together, base units. */
  get fees(): bigint {
    return this.#entries.fees;
  }

  /** Grows by one with everything that comes in or leaves. */
  get sequence(): number {
    return this.#sequence;
  }

  get orphanCount(): number {
    return this.#orphans.size;
  }

  /** The least that is asked at the moment, base units a byte. */
  get minFeeRate(): number {
    return this.#floor.rateAt(this.#clockSec(), this.#entries.usage / this.#maxUsageBytes);
  }

  get(txid: string): MempoolEntry | undefined {
    return this.#entries.get(txid);
  }

  has(txid: string): boolean {
    return this.#entries.has(txid);
  }

  /** The same by the hash in wire order. */
  hasHash(hash: Uint8Array): boolean {
    return this.#entries.ofHash(hash) !== undefined;
  }

  /** Notes that a transaction, if it is here, came in earlier than it seemed: before a restart. */
  backdate(hash: Uint8Array, addedSec: number): void {
    this.#entries.backdate(hash, addedSec);
  }

  /** In the order in which a miner should take them: the best paid first, parents before their children. */
  byFeeRate(): readonly MempoolEntry[] {
    return this.#entries.inFeeOrder();
  }

  /** All, in the order in which they came. */
  entries(): Iterable<MempoolEntry> {
    return this.#entries.values();
  }

  /** The txid of the transaction in here that spends this output. */
  spenderOf(outpoint: Outpoint): string | undefined {
    return this.#entries.spenderOf(outpoint)?.txid;
  }

  /** The coin as if all that is in here were in the next block: unconfirmed ones too, without those that are spent. */
  async readCoin(outpoint: Outpoint): Promise<Coin | undefined> {
    if (this.#entries.spenderOf(outpoint)) return undefined;
    const coin =
      this.#entries.coinOf(outpoint, this.#tip.height + 1) ?? (await this.#chain.readCoin(outpoint));
    return this.#entries.spenderOf(outpoint) ? undefined : coin;
  }

  /** Whether its signatures were verified on its way in here: the txid covers them, so a block need not do it again. */
  isVerified(transaction: Transaction): boolean {
    return this.#entries.size > 0 && this.hasHash(transaction.hash);
  }

  /** Called for everything that comes in, also when a reorganization brings it back. */
  onAccepted(listener: AcceptedListener): void {
    this.#acceptedListeners.push(listener);
  }

  /**
   * Called for everything that leaves, when it has left, and before what takes its place or comes back is told of. The
   * listener must not throw.
   */
  onRemoved(listener: RemovedListener): void {
    this.#removedListeners.push(listener);
  }

  /**
   * The fee rate, base units a byte, with which a transaction is likely to be in a block within so many blocks, 1 to 1008,
   * as seen in the past; `blocks` is the target that the answer is for, which may be another. Undefined when too little was
   * seen. Never less than what the mempool asks at the moment.
   */
  estimateFeeRate(targetBlocks: number, mode: EstimateMode = 'economical'): FeeEstimate | undefined {
    const { feeRate, blocks } = this.#estimator.estimate(targetBlocks, mode);
    return feeRate === undefined ? undefined : { feeRate: Math.max(feeRate, this.minFeeRate), blocks };
  }

  /** What `estimateFeeRate` learns from. */
  get estimator(): FeeEstimator {
    return this.#estimator;
  }

  /** What the owner has added to fees, base units, by hash in wire order as bytesToKey writes it. */
  get feeDeltas(): ReadonlyMap<string, number> {
    return this.#entries.deltas();
  }

  /** Lets a transaction, here or still to come, count as if it paid so much more (or less), on top of earlier calls. */
  prioritise(hash: Uint8Array, delta: number): void {
    this.#entries.prioritise(hash, delta);
  }

  /**
   * The one door for transactions, whoever brings them.
   * Rejects with an Error only for our own faults: nobody is to be punished for one.
   */
  async accept(transaction: Transaction, options: AcceptOptions): Promise<TransactionVerdict> {
    if (this.hasHash(transaction.hash)) return { status: 'known' };
    const twin = this.#admissions.get(transaction.hash);
    if (twin) {
      const verdict = await twin;
      return verdict.status === 'accepted' ? { status: 'known' } : verdict;
    }
    const broken = this.#examiner.checkAlone(transaction);
    if (broken) return broken;
    const { length } = transaction.bytes;
    if (!this.#admissions.hasRoomFor(length)) return refuse('too many transactions wait to be checked');
    const verdict = this.#admit(detachTransaction(transaction), options);
    this.#admissions.begin(transaction, verdict);
    return verdict;
  }

  /** Says what would become of these, in which each may spend from the ones before, and adds nothing. */
  async test(transactions: readonly Transaction[]): Promise<PackageVerdict> {
    for (let attempt = 1; ; attempt++) {
      while (this.#updating) await this.#updating;
      const { tip } = this.#chain;
      const verdict = await testPackage(transactions, { examiner: this.#examiner, entries: this.#entries });
      if (tip === this.#chain.tip || attempt === MAX_ATTEMPTS) return verdict;
    }
  }

  /**
   * Follows the chain to its new tip. To be awaited by it, one change at a time, before anything that builds on this mempool
   * is told; nothing comes in meanwhile.
   */
  async update(change: ChainChange): Promise<void> {
    const update = this.#follow(change);
    this.#updating = update;
    try {
      await update;
    } finally {
      this.#updating = undefined;
    }
  }

  async #admit(transaction: Transaction, options: AcceptOptions): Promise<TransactionVerdict> {
    const forerunners = this.#admissions.forerunnersOf(transaction);
    // Awaited even when there are none: whoever asks meanwhile finds the verdict that is to come.
    await (forerunners.length > 0 ? Promise.allSettled(forerunners) : undefined);
    try {
      const txid = hashToHex(transaction.hash);
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        while (this.#updating) await this.#updating;
        const verdict = await this.#tryToAdmit(transaction, txid, options);
        if (verdict) return verdict;
      }
      return refuse('the chain moves too fast to check it');
    } finally {
      this.#admissions.end(transaction);
    }
  }

  /** Undefined when the ground moved meanwhile. */
  async #tryToAdmit(
    transaction: Transaction,
    txid: string,
    options: AcceptOptions,
  ): Promise<TransactionVerdict | undefined> {
    const { tip } = this.#chain;
    const found = await this.#examiner.find(transaction, txid);
    if (found.status === 'found') {
      if (!this.#examiner.isStillTrue(found.candidate)) return undefined;
      return this.#admitFound(found.candidate, options);
    }
    if (tip !== this.#chain.tip || this.#updating) return undefined;
    if (found.status !== 'missing') return found;
    const verdict = await this.#examiner.judgeMissing(transaction, found.coins);
    if (verdict.status === 'orphan') {
      const { missing } = verdict;
      this.#orphans.add({ transaction, txid, source: options.source, missing, addedSec: this.#clockSec() });
    }
    return verdict;
  }

  async #admitFound(candidate: Candidate, options: AcceptOptions): Promise<TransactionVerdict | undefined> {
    const examiner = this.#examiner;
    const early = examiner.plan(candidate);
    if (early.status !== 'wanted') return early;
    if (options.maxFee !== undefined && candidate.fee > options.maxFee) return refuse('max-fee-exceeded');
    const forged = await examiner.verify(candidate);
    if (forged) return forged;
    if (!examiner.isStillTrue(candidate) || this.#updating) return undefined;
    // From here on nothing is awaited: what is found now still holds when the transaction is in.
    if (this.hasHash(candidate.transaction.hash)) return { status: 'known' };
    const plan = examiner.plan(candidate);
    if (plan.status !== 'wanted') return plan;
    return this.#add(candidate, plan.replaced, options);
  }

  #add(
    { transaction, txid, fee, coins, tip }: Candidate,
    rivals: ReadonlySet<MempoolEntry>,
    { source, addedSec = this.#clockSec() }: AcceptOptions,
  ): TransactionVerdict {
    const replaced = rivals.size === 0 ? [] : this.#entries.removeWithDescendants(rivals, 'replaced');
    const entry = this.#entries.add({ transaction, txid, fee, addedSec, height: tip.height, coins });
    this.#limit();
    this.#tellRemovals();
    if (!this.#entries.holds(entry)) return refuse('mempool full');
    // What waited before the node was started waits for longer than it seems.
    if (source !== FROM_FILE) this.#estimator.add(entry);
    this.#announce([entry], source, replaced);
    return { status: 'accepted', entry, replaced };
  }

  /** Lets go what is too old or too much. */
  #limit(): void {
    const nowSec = this.#clockSec();
    if (Math.abs(nowSec - this.#expiredSec) >= EXPIRE_EVERY_SEC) this.#expire(nowSec);
    while (this.#entries.usage > this.#maxUsageBytes) {
      const worst = this.#entries.worst();
      if (worst === undefined) return;
      this.#floor.raiseAbove(worst.descendants.fees / worst.descendants.bytes);
      this.#entries.removeWithDescendants([worst], 'evicted');
    }
  }

  #expire(nowSec: number): void {
    this.#expiredSec = nowSec;
    const old: MempoolEntry[] = [];
    for (const entry of this.#entries.values()) if (entry.addedSec + EXPIRY_SEC <= nowSec) old.push(entry);
    if (old.length > 0) this.#entries.removeWithDescendants(old, 'expired');
  }

  #announce(entries: readonly MempoolEntry[], source: string, replaced: readonly MempoolEntry[] = []): void {
    this.#sequence += entries.length;
    for (const entry of entries)
      for (const listener of this.#acceptedListeners) listener(entry, source, replaced);
    if (this.#orphans.size === 0) return;
    for (const { txid } of entries) this.#readmitOrphans(txid);
  }

  #tellRemovals(): void {
    for (const { entry, reason } of this.#entries.takeRemovals()) {
      this.#sequence++;
      if (reason !== 'confirmed') this.#estimator.remove(entry);
      for (const listener of this.#removedListeners) listener(entry, reason);
    }
  }

  #readmitOrphans(parentTxid: string): void {
    for (const { transaction, source } of this.#orphans.takeChildren(parentTxid)) {
      // Nobody waits for the verdict any more. A fault of ours shows again in what is asked for.
      this.accept(transaction, { source }).catch(() => undefined);
    }
  }

  async #follow(change: ChainChange): Promise<void> {
    const nowSec = this.#clockSec();
    for (const block of change.connected) {
      this.#tellRemovals();
      const confirmed = removeConnected(this.#entries, block);
      this.#estimator.addBlock(block.node.height, confirmed);
    }
    if (change.connected.length > 0) this.#floor.noteBlock(nowSec);
    const context = this.#examiner.spendContext(change.tip);
    const returned =
      change.disconnected.length === 0
        ? []
        : await followReorganization(this.#entries, this.#chain, context, change, nowSec);
    this.#expire(nowSec);
    this.#limit();
    this.#tip = change.tip;
    this.#tellRemovals();
    this.#announce(
      returned.filter((entry) => this.#entries.holds(entry)),
      FROM_CHAIN,
    );
    if (this.#orphans.size === 0) return;
    for (const { block } of change.connected) {
      for (const { hash } of block.transactions) {
        this.#orphans.delete(hashToHex(hash));
        this.#readmitOrphans(hashToHex(hash));
      }
    }
  }
}

function refuse(reason: string): Refusal {
  return { status: 'policy', reason };
}
