import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';
import { breathe } from '../bytes/breathe.ts';
import { keyToBytes } from '../bytes/bytes.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { decodeTransaction } from '../primitives/transaction.ts';
import { decodeFeeEstimates, encodeFeeEstimates } from './feeEstimateRecords.ts';
import { FROM_FILE, type Mempool } from './mempool.ts';
import { decodeMempool, encodeMempool, type MempoolRecord } from './mempoolRecords.ts';
import { EXPIRY_SEC } from './policy.ts';

export const MEMPOOL_FILE = 'mempool.dat';
export const FEE_ESTIMATES_FILE = 'fee_estimates.dat';

/** Transactions that are on their way through the checks at once: others have their turn too. */
const AT_ONCE = 250;
/** A file of a full mempool is not larger: what is longer was not written by us. */
const MAX_FILE_SHARE = 1.2;
const MAX_ESTIMATES_BYTES = 1_000_000;

/** What became of a mempool's file. */
export type LoadResult = Readonly<{
  /** Transactions in it. */
  count: number;
  /** Those that are in the mempool now. */
  kept: number;
}>;

/** Keeps the mempool, and what is known of fees, from one run of the node to the next. */
export class MempoolFiles {
  readonly #dataDir: string;
  readonly #mempool: Mempool;
  readonly #params: NetworkParams;
  readonly #onDamaged: (path: string, reason: string) => void;
  readonly #stop = new AbortController();
  #loading: Promise<LoadResult> | undefined;
  #isLoaded = false;

  /** `onDamaged` is told of a file that cannot be used: the mempool is a convenience, not a reason not to start. */
  constructor(options: {
    dataDir: string;
    mempool: Mempool;
    params: NetworkParams;
    onDamaged: (path: string, reason: string) => void;
  }) {
    this.#dataDir = options.dataDir;
    this.#mempool = options.mempool;
    this.#params = options.params;
    this.#onDamaged = options.onDamaged;
  }

  get path(): string {
    return join(this.#dataDir, MEMPOOL_FILE);
  }

  /** Whether all that the last run left has been looked at. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Begins to take in what the last run left. To be called once. Rejects with an Error only for our own faults. */
  load(): Promise<LoadResult> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Writes the mempool down. Not before it is loaded, lest a part takes the place of the whole. */
  async save(): Promise<boolean> {
    if (!this.#isLoaded) return false;
    const nowSec = Math.floor(Date.now() / 1000);
    const { estimator, feeDeltas } = this.#mempool;
    // Parents before their children, and in a smaller mempool the next time the best ones first.
    const saved = { entries: this.#mempool.byFeeRate(), deltas: new Map(feeDeltas) };
    await writeFileAtomic(this.path, encodeMempool(saved, this.#params));
    const estimates = encodeFeeEstimates(estimator, this.#params, nowSec);
    await writeFileAtomic(join(this.#dataDir, FEE_ESTIMATES_FILE), estimates);
    return true;
  }

  /** Writes everything down for the next run. Nothing may come in any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loading?.catch(() => undefined);
    this.#mempool.estimator.forgetWaiting();
    await this.save();
  }

  async #load(): Promise<LoadResult> {
    await this.#tryToRead(FEE_ESTIMATES_FILE, MAX_ESTIMATES_BYTES, (file) => {
      decodeFeeEstimates(file, this.#mempool.estimator, this.#params, Math.floor(Date.now() / 1000));
    });
    const maxBytes = MAX_FILE_SHARE * this.#mempool.maxUsage;
    const found = await this.#tryToRead(MEMPOOL_FILE, maxBytes, (file) => decodeMempool(file, this.#params));
    const result = { count: found?.count ?? 0, kept: 0 };
    if (found !== undefined) {
      for (const [key, delta] of found.deltas) this.#mempool.prioritise(keyToBytes(key), delta);
      for (const batch of batches(found.records)) {
        if (this.#stop.signal.aborted) return result;
        const hashes = await Promise.all(batch.map((record) => this.#takeIn(record)));
        // Asked at the end, since a better one of the batch may have thrown out one that was in.
        for (const hash of hashes) if (hash && this.#mempool.hasHash(hash)) result.kept++;
        await breathe();
      }
    }
    this.#isLoaded = true;
    return result;
  }

  /** Gives it to the mempool. Returns its hash, undefined when it is none any more. */
  async #takeIn({ bytes, addedSec }: MempoolRecord): Promise<Uint8Array | undefined> {
    const nowSec = Math.floor(Date.now() / 1000);
    if (addedSec + EXPIRY_SEC <= nowSec) return undefined;
    try {
      const transaction = decodeTransaction(bytes);
      const { status } = await this.#mempool.accept(transaction, {
        source: FROM_FILE,
        addedSec: Math.min(addedSec, nowSec),
      });
      // The wallet has sent its own again by now.
      if (status === 'known') this.#mempool.backdate(transaction.hash, addedSec);
      return transaction.hash;
    } catch (error) {
      if (error instanceof DecodeError) return undefined;
      throw error;
    }
  }

  /** Undefined when there is no such file, or it cannot be used. */
  async #tryToRead<T>(
    name: string,
    maxBytes: number,
    decode: (file: Uint8Array) => T,
  ): Promise<T | undefined> {
    const path = join(this.#dataDir, name);
    try {
      const size = await sizeOf(path);
      if (size === undefined) return undefined;
      if (size > maxBytes) throw new DecodeError(`${size} bytes are more than it ever has`);
      const file = await readFileIfAny(path);
      return file && decode(file);
    } catch (error) {
      this.#onDamaged(path, (error as Error).message);
      return undefined;
    }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function* batches(records: Iterable<MempoolRecord>): Generator<MempoolRecord[]> {
  let batch: MempoolRecord[] = [];
  for (const record of records) {
    batch.push(record);
    if (batch.length < AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
