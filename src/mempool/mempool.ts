import { hashToHex } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import type { ChainChange } from '../chain/chainChange.ts';
import { checkSpend, type SpendContext } from '../consensus/checkSpend.ts';
import { checkTransaction } from '../consensus/checkTransaction.ts';
import type { Coin } from '../consensus/coin.ts';
import type { VerifyPool } from '../crypto/verifyPool.ts';
import { detachTransaction, type Outpoint, type Transaction } from '../primitives/transaction.ts';
import { Admissions } from './admissions.ts';
import { CoinReader } from './coinReader.ts';
import { EntrySet } from './entrySet.ts';
import { FeeFloor } from './feeFloor.ts';
import { followReorganization, removeConnected } from './followChain.ts';
import type { MempoolEntry, RemovalReason } from './mempoolEntry.ts';
import { OrphanPool } from './orphanPool.ts';
import {
  EVICT_TO,
  EXPIRY_SEC,
  MAX_USAGE_BYTES,
  unwantedByItself,
  unwantedFamily,
  unwantedWithCoins,
} from './policy.ts';
import type { TransactionVerdict } from './transactionVerdict.ts';

export type MempoolOptions = Readonly<{
  chain: Chain;
  verifyPool: VerifyPool;
  clockSec?: () => number;
  /** Memory for transactions, if not the usual. */
  maxUsageBytes?: number;
}>;

export type AcceptedListener = (entry: MempoolEntry) => void;
export type RemovedListener = (entry: MempoolEntry, reason: RemovalReason) => void;

/** `feeRate` in base units a byte. */
export type FeeEstimate = Readonly<{ feeRate: number; blocks: number }>;

/** How often an admission begins anew because a block came in meanwhile. */
const MAX_ATTEMPTS = 10;
/** A transaction of ours is known to be in a block by its outputs, as long as one of the first few is unspent. */
const OUTPUTS_LOOKED_UP = 8;

/**
 * The valid transactions that wait for a block, and the one door through which they come in. Many may be on their way
 * through the checks at once; each is added in one step without waiting, after asking again what may have changed.
 */
export class Mempool {
  readonly #chain: Chain;
  readonly #verifyPool: VerifyPool;
  readonly #clockSec: () => number;
  readonly #maxUsageBytes: number;
  readonly #entries = new EntrySet();
  readonly #orphans = new OrphanPool();
  readonly #coinReader: CoinReader;
  readonly #floor = new FeeFloor();
  readonly #admissions = new Admissions();
  readonly #acceptedListeners: AcceptedListener[] = [];
  readonly #removedListeners: RemovedListener[] = [];
  #tip: BlockNode;
  /** Counts what pulls the ground from under an admission: blocks, and transactions that leave. */
  #changes = 0;
  #updating: Promise<void> | undefined;

  constructor({ chain, verifyPool, clockSec, maxUsageBytes }: MempoolOptions) {
    this.#chain = chain;
    this.#verifyPool = verifyPool;
    this.#coinReader = new CoinReader(chain);
    this.#clockSec = clockSec ?? (() => Math.floor(Date.now() / 1000));
    this.#maxUsageBytes = maxUsageBytes ?? MAX_USAGE_BYTES;
    this.#tip = chain.tip;
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

  get orphanCount(): number {
    return this.#orphans.size;
  }

  /** The least that is asked at the moment, base units a byte. */
  get minFeeRate(): number {
    return this.#floor.rateAt(this.#clockSec());
  }

  get(txid: string): MempoolEntry | undefined {
    return this.#entries.get(txid);
  }

  has(txid: string): boolean {
    return this.#entries.has(txid);
  }

  /** In the order in which a miner should take them: the best paid first, parents before their children. */
  byFeeRate(): readonly MempoolEntry[] {
    return this.#entries.inFeeOrder();
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
    return this.#entries.size > 0 && this.#entries.has(hashToHex(transaction.hash));
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
  estimateFeeRate(_targetBlocks: number): FeeEstimate | undefined {
    return undefined;
  }

  /**
   * The one door for transactions, whoever brings them. `source` is for the shares of the orphan pool.
   * Rejects with an Error only for our own faults: nobody is to be punished for one.
   */
  async accept(transaction: Transaction, { source }: { source: string }): Promise<TransactionVerdict> {
    const txid = hashToHex(transaction.hash);
    if (this.#entries.has(txid)) return { status: 'known' };
    const twin = this.#admissions.get(txid);
    if (twin) {
      const verdict = await twin;
      return verdict.status === 'accepted' ? { status: 'known' } : verdict;
    }
    const rejection = checkTransaction(transaction);
    if (rejection) return { status: 'rejected', rejection };
    const unwanted = unwantedByItself(transaction);
    if (unwanted !== undefined) return { status: 'policy', reason: unwanted };
    const { length } = transaction.bytes;
    if (!this.#admissions.hasRoomFor(length))
      return { status: 'policy', reason: 'too many transactions wait to be checked' };
    return this.#admissions.run(txid, length, () =>
      this.#admit(detachTransaction(transaction), txid, source),
    );
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

  async #admit(transaction: Transaction, txid: string, source: string): Promise<TransactionVerdict> {
    // A child that comes right behind its parents is no orphan: they were here first, so this cannot go in circles.
    const parents = transaction.inputs.map(({ outpoint }) =>
      this.#admissions.get(hashToHex(outpoint.txHash)),
    );
    if (parents.some((parent) => parent !== undefined)) await Promise.allSettled(parents);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      while (this.#updating) await this.#updating;
      const verdict = await this.#tryToAdmit(transaction, txid, source);
      if (verdict) return verdict;
    }
    return { status: 'policy', reason: 'the chain moves too fast to check it' };
  }

  /** Undefined when the ground moved meanwhile. */
  async #tryToAdmit(
    transaction: Transaction,
    txid: string,
    source: string,
  ): Promise<TransactionVerdict | undefined> {
    const { tip } = this.#chain;
    const changes = this.#changes;
    const hasMoved = () => changes !== this.#changes || tip !== this.#chain.tip;
    const obstacle = this.#obstacle(transaction, txid);
    if (obstacle) return obstacle;

    const coins = await this.#readCoins(transaction, tip.height + 1);
    if (hasMoved()) return undefined;
    if (coins.includes(undefined)) return this.#missingVerdict(transaction, txid, source, coins);
    const spend = checkSpend(transaction, coins, this.#spendContext(tip));
    if ('rejection' in spend) return { status: 'rejected', rejection: spend.rejection };
    const unwanted = unwantedWithCoins(transaction, coins as Coin[], spend.fee, this.minFeeRate);
    if (unwanted !== undefined) return { status: 'policy', reason: unwanted };

    // One check an input, in order: only reserved locks have none, and those we do not want.
    const input = await this.#verifyPool.verify(spend.checks);
    if (input !== undefined) return { status: 'rejected', rejection: { code: 'bad-signature', input } };
    if (hasMoved()) return undefined;

    // From here on nothing is awaited: what is found now still holds when the transaction is in.
    const lateObstacle = this.#obstacle(transaction, txid);
    if (lateObstacle) return lateObstacle;
    const { fee } = spend;
    return this.#add({ transaction, txid, fee, height: tip.height, coins: coins as Coin[] });
  }

  /** What in here stands against a transaction. */
  #obstacle(transaction: Transaction, txid: string): TransactionVerdict | undefined {
    if (this.#entries.has(txid)) return { status: 'known' };
    const conflict = this.#entries.conflictOf(transaction);
    if (conflict) return { status: 'conflict', with: conflict.txid };
    const reason = unwantedFamily(this.#entries.parentsOf(transaction));
    return reason === undefined ? undefined : { status: 'policy', reason };
  }

  #add(fields: Omit<MempoolEntry, 'addedSec' | 'feeRate' | 'parents' | 'children'>): TransactionVerdict {
    const entry = this.#entries.add({ ...fields, addedSec: this.#clockSec() });
    this.#evict();
    this.#tellRemovals();
    if (!this.#entries.has(entry.txid))
      return { status: 'policy', reason: 'the mempool is full of transactions that pay more' };
    this.#announce([entry]);
    return { status: 'accepted', entry, replaced: [] };
  }

  #announce(entries: readonly MempoolEntry[]): void {
    for (const entry of entries) for (const listener of this.#acceptedListeners) listener(entry);
    for (const { txid } of entries) this.#readmitOrphans(txid);
  }

  #tellRemovals(): void {
    for (const { entry, reason } of this.#entries.takeRemovals())
      for (const listener of this.#removedListeners) listener(entry, reason);
  }

  #readmitOrphans(parentTxid: string): void {
    for (const { transaction, source } of this.#orphans.takeChildren(parentTxid)) {
      // Nobody waits for the verdict any more. A fault of ours shows again in what is asked for.
      this.accept(transaction, { source }).catch(() => undefined);
    }
  }

  #evict(): void {
    if (this.#entries.usage <= this.#maxUsageBytes) return;
    const evicted = this.#entries.evictTo(this.#maxUsageBytes * EVICT_TO);
    const best = evicted.reduce((rate, { feeRate }) => Math.max(rate, feeRate), 0);
    this.#floor.raiseAbove(best, this.#clockSec());
    this.#changes++;
  }

  /** The coins that it spends, in order: made in here, or in the chain. */
  async #readCoins({ inputs }: Transaction, height: number): Promise<(Coin | undefined)[]> {
    const coins = inputs.map(({ outpoint }) => this.#entries.coinOf(outpoint, height));
    const elsewhere = inputs.filter((_, i) => !coins[i]).map(({ outpoint }) => outpoint);
    if (elsewhere.length === 0) return coins;
    const read = (await this.#coinReader.read(elsewhere)).values();
    return coins.map((coin) => coin ?? read.next().value);
  }

  async #missingVerdict(
    transaction: Transaction,
    txid: string,
    source: string,
    coins: readonly (Coin | undefined)[],
  ): Promise<TransactionVerdict> {
    const missing = new Set<string>();
    for (const [input, { outpoint }] of transaction.inputs.entries()) {
      if (coins[input]) continue;
      const parent = hashToHex(outpoint.txHash);
      // The parent is here and has no such output, or one that cannot be spent.
      if (this.#entries.has(parent))
        return { status: 'rejected', rejection: { code: 'bad-txns-inputs-missingorspent', input } };
      missing.add(parent);
    }
    if (await this.#isInChain(transaction)) return { status: 'known' };
    const orphan = { transaction, txid, source, missing: [...missing], addedSec: this.#clockSec() };
    this.#orphans.add(orphan);
    return { status: 'orphan', missing: orphan.missing };
  }

  async #isInChain({ hash, outputs }: Transaction): Promise<boolean> {
    const outpoints = outputs.slice(0, OUTPUTS_LOOKED_UP).map((_, index) => ({ txHash: hash, index }));
    return (await this.#coinReader.read(outpoints)).some((coin) => coin !== undefined);
  }

  #spendContext(tip: BlockNode): SpendContext {
    const chain = this.#chain;
    return {
      height: tip.height + 1,
      medianTimeSec: chain.medianTime(tip),
      medianTimeAt: (height) => chain.medianTime(chain.nodeAt(height)!),
      params: chain.params,
    };
  }

  async #follow(change: ChainChange): Promise<void> {
    this.#changes++;
    const nowSec = this.#clockSec();
    removeConnected(this.#entries, change.connected);
    const returned =
      change.disconnected.length === 0
        ? []
        : await followReorganization(
            this.#entries,
            this.#chain,
            this.#spendContext(change.tip),
            change,
            nowSec,
          );
    this.#expire(nowSec);
    this.#evict();
    this.#changes++;
    this.#tip = change.tip;
    this.#tellRemovals();
    this.#announce(returned.filter(({ txid }) => this.#entries.has(txid)));
    if (this.#orphans.size === 0) return;
    for (const { block } of change.connected) {
      for (const { hash } of block.transactions) {
        this.#orphans.delete(hashToHex(hash));
        this.#readmitOrphans(hashToHex(hash));
      }
    }
  }

  #expire(nowSec: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.addedSec + EXPIRY_SEC > nowSec) return;
      this.#entries.removeWithDescendants(entry, 'expired');
    }
  }
}
