import { compactSizeBytes } from '../bytes/byteWriter.ts';
import type { Block } from '../primitives/block.ts';
import { HEADER_BYTES } from '../primitives/header.ts';
import { CoinTable } from '../store/coinTable.ts';
import { TransactionLog } from '../store/transactionLog.ts';
import type { BlockNode } from './blockNode.ts';
import { ChangeLog } from './chainChange.ts';

/** A block that stands in the chain on trust until its signatures are verified: the lowest input that fails, if any. */
export type UnverifiedBlock = Readonly<{ node: BlockNode; failingInput: Promise<number | undefined> }>;

/**
 * What has happened since the last commit, or since what is being committed: while syncing, many blocks go to disk in one
 * batch, and a coin that is made and spent in between never gets there at all.
 */
export class PendingCommit {
  readonly coins = new CoinTable();
  readonly transactions = new TransactionLog();
  /** Bodies and undo data by id. */
  readonly records: Map<number, Uint8Array>;
  readonly log = new ChangeLog();
  readonly connected = new Set<BlockNode>();
  readonly unverified: UnverifiedBlock[] = [];
  #recordBytes = 0;

  /** @param records those of an earlier one that came to nothing */
  constructor(records = new Map<number, Uint8Array>()) {
    this.records = records;
    for (const bytes of records.values()) this.#recordBytes += bytes.length;
  }

  /** What it weighs, in bytes, about. */
  get bytes(): number {
    return this.#recordBytes + this.coins.bytes + this.transactions.bytes;
  }

  addRecord(id: number, bytes: Uint8Array): void {
    this.records.set(id, bytes);
    this.#recordBytes += bytes.length;
  }

  indexTransactions(block: Block, height: number): void {
    let offset = HEADER_BYTES + compactSizeBytes(block.transactions.length);
    for (const { hash, bytes } of block.transactions) {
      this.transactions.add(hash, height, offset, bytes.length);
      offset += bytes.length;
    }
  }

  unindexTransactions(block: Block): void {
    for (const { hash } of block.transactions) this.transactions.remove(hash);
  }
}
