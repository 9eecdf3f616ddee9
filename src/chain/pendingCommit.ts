import { bytesToKey } from '../bytes/bytes.ts';
import type { Coin } from '../consensus/coin.ts';
import { type CoinChanges, change } from '../consensus/connectBlock.ts';
import type { Block } from '../primitives/block.ts';
import { HEADER_BYTES } from '../primitives/header.ts';
import type { TransactionLocation } from '../store/chainStore.ts';

/** Rough bytes of one changed coin in the batch and in memory. */
const COIN_BYTES = 160;
const LOCATION_BYTES = 64;

/**
 * What has happened since the last commit, on top of the database: while syncing, many blocks go to disk in one batch, and
 * a coin that is made and spent in between never gets there at all.
 */
export class PendingCommit {
  readonly coins: CoinChanges = new Map();
  /** By bytesToKey of the hash; undefined takes the entry out. */
  readonly transactions = new Map<string, TransactionLocation | undefined>();
  /** Bodies and undo data by id. */
  readonly records = new Map<number, Uint8Array>();
  #recordBytes = 0;

  /** What it weighs, in bytes, about. */
  get bytes(): number {
    return this.#recordBytes + this.coins.size * COIN_BYTES + this.transactions.size * LOCATION_BYTES;
  }

  addRecord(id: number, bytes: Uint8Array): void {
    this.records.set(id, bytes);
    this.#recordBytes += bytes.length;
  }

  addCoins(changes: CoinChanges): void {
    for (const [key, { before, after }] of changes) {
      change(this.coins, key, before, after);
      const net = this.coins.get(key)!;
      if (!net.before && !net.after) this.coins.delete(key);
    }
  }

  /** The coin if its fate was decided since the last commit; `undefined` for one that is gone. */
  coin(key: string): { coin: Coin | undefined } | undefined {
    const entry = this.coins.get(key);
    return entry && { coin: entry.after };
  }

  indexTransactions(block: Block, height: number): void {
    let offset = HEADER_BYTES + compactSizeBytes(block.transactions.length);
    for (const { hash, bytes } of block.transactions) {
      this.transactions.set(bytesToKey(hash), { height, offset, length: bytes.length });
      offset += bytes.length;
    }
  }

  unindexTransactions(block: Block): void {
    for (const { hash } of block.transactions) this.transactions.set(bytesToKey(hash), undefined);
  }
}

function compactSizeBytes(value: number): number {
  if (value < 0xfd) return 1;
  return value <= 0xffff ? 3 : 5;
}
