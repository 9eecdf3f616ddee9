import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashToHex } from '../bytes/hex.ts';
import { sha256d } from '../bytes/sha256.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { Database } from './database.ts';
import { decodeHeaderRecord } from './headerRecord.ts';
import { HEADER, keysOf } from './layout.ts';
import { expectFormat, expectNetwork } from './owner.ts';
import { DatabaseDamagedError } from './storeErrors.ts';

export type SalvagedHeaders = Readonly<{
  /** 80 bytes each, lowest first, without those known to be invalid. There may be gaps. */
  headers: readonly Uint8Array[];
  /** How many of their blocks were pruned. */
  pruned: number;
  /** Hashes of blocks that the owner will not have, as people read them. */
  condemned: readonly string[];
  /** Whether the database still says whose it is. */
  isOwnNetwork: boolean;
}>;

/**
 * All headers that can be read of a chain database that is perhaps damaged.
 * @param folder within the data directory
 * @throws DatabaseInUseError, DatabaseForeignError
 */
export async function salvageHeaders(
  dataDir: string,
  folder: string,
  params: NetworkParams,
): Promise<SalvagedHeaders> {
  const found = { headers: [] as Uint8Array[], pruned: 0, condemned: [] as string[] };
  if (!existsSync(join(dataDir, folder))) return { ...found, isOwnNetwork: false };
  const database = await openAnyhow(dataDir, folder);
  try {
    const isOwnNetwork =
      (await isUndamaged(expectNetwork(database, dataDir, params))) &&
      (await isUndamaged(expectFormat(database, dataDir, { orOlder: true })));
    await isUndamaged(readHeaders(database, found));
    return { ...found, isOwnNetwork };
  } finally {
    await database.close();
  }
}

async function readHeaders(
  database: Database,
  found: { headers: Uint8Array[]; pruned: number; condemned: string[] },
): Promise<void> {
  for await (const [, value] of database.entries('header', keysOf(HEADER), { skipDamaged: true })) {
    const { headerBytes, invalidBy, transactionCount, bodyId } = decodeHeaderRecord(value);
    if (invalidBy === 'owner') found.condemned.push(hashToHex(sha256d(headerBytes)));
    if (invalidBy !== undefined) continue;
    found.headers.push(Uint8Array.from(headerBytes));
    if (transactionCount > 0 && bodyId === 0) found.pruned++;
  }
}

/** What is left of a database, where LevelDB itself does not open it. @throws DatabaseInUseError, DatabaseDamagedError */
export async function openAnyhow(dataDir: string, folder: string): Promise<Database> {
  const options = { cacheMb: 8, writeBufferMb: 4 };
  try {
    return await Database.open(dataDir, folder, options);
  } catch (error) {
    if (!(error instanceof DatabaseDamagedError)) throw error;
    await Database.repair(dataDir, folder);
    return Database.open(dataDir, folder, options);
  }
}

async function isUndamaged(check: Promise<void>): Promise<boolean> {
  try {
    await check;
    return true;
  } catch (error) {
    if (error instanceof DatabaseDamagedError) return false;
    throw error;
  }
}
