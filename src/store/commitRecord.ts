import { ByteReader } from '../bytes/byteReader.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { CoinSetHash } from './coinSetHash.ts';
import type { Database, Snapshot } from './database.ts';
import * as layout from './layout.ts';
import { DatabaseDamagedError } from './storeErrors.ts';

/** What every commit leaves in the log, so that one that got lost leaves a gap. */
export type CommitRecord = Readonly<{
  number: number;
  tipBefore: Uint8Array;
  tip: Uint8Array;
  coinCount: number;
  /** 32 bytes, see CoinSetHash. */
  coinSetHash: Uint8Array;
}>;

export const KEPT_COMMITS = 1000;

export function encodeCommit({ tipBefore, tip, coinCount, coinSetHash }: CommitRecord): Uint8Array {
  return new ByteWriter(104).bytes(tipBefore).bytes(tip).u64(BigInt(coinCount)).bytes(coinSetHash).finish();
}

/** @throws DecodeError */
export function decodeCommit(number: number, bytes: Uint8Array): CommitRecord {
  const reader = new ByteReader(bytes);
  const tipBefore = reader.bytes(32);
  const tip = reader.bytes(32);
  const coinCount = Number(reader.u64());
  return { number, tipBefore, tip, coinCount, coinSetHash: reader.bytes(32) };
}

/** The newest commit in a snapshot; number 0 in a new database. @throws DatabaseDamagedError */
export async function readNewestCommit(
  database: Database,
  params: NetworkParams,
  snapshot: Snapshot,
): Promise<CommitRecord> {
  const options = { snapshot, reverse: true };
  for await (const [key, value] of database.entries('commit', layout.keysOf(layout.COMMIT), options)) {
    return decodeCommit(numberOf(key), value);
  }
  return noCommit(params);
}

/**
 * The newest commit; number 0, with the genesis block as tip, in a new database. Unless the last close was clean, the
 * whole log is walked: LevelDB passes silently over a damaged record of its own log, and what was in it is then missing
 * while what came later is there. @param atLeast the number of a commit that is known to have been on disk
 * @throws DatabaseDamagedError
 */
export async function readLastCommit(
  database: Database,
  params: NetworkParams,
  atLeast: number,
): Promise<CommitRecord> {
  let last: CommitRecord | undefined;
  let count = 0;
  for await (const [key, value] of database.entries('commit', layout.keysOf(layout.COMMIT))) {
    const number = numberOf(key);
    const record = decodeCommit(number, value);
    if (last && (number !== last.number + 1 || !equalBytes(record.tipBefore, last.tip))) {
      throw new DatabaseDamagedError(`chain: a commit between ${last.number} and ${number} was lost`);
    }
    last = record;
    count++;
  }
  if (last && count < Math.min(last.number, KEPT_COMMITS)) {
    throw new DatabaseDamagedError(`chain: commits before ${last.number - count + 1} were lost`);
  }
  const clean = await database.get('clean mark', layout.CLEAN_KEY);
  const expected = Math.max(atLeast, clean ? Number(new ByteReader(clean).u64()) : 0);
  if (expected > (last?.number ?? 0)) {
    throw new DatabaseDamagedError(`chain: the commits after ${last?.number ?? 0} were lost`);
  }
  return last ?? noCommit(params);
}

function noCommit({ genesis }: NetworkParams): CommitRecord {
  const { hash } = genesis.header;
  const coinSetHash = CoinSetHash.empty().toBytes();
  return { number: 0, tipBefore: hash, tip: hash, coinCount: 0, coinSetHash };
}

function numberOf(key: Uint8Array): number {
  return Number(Buffer.from(key).readBigUInt64BE(1));
}
