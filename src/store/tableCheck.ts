import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileIfAny } from '../bytes/atomicFile.ts';
import { breathe } from '../bytes/breathe.ts';
import { readLiveTables } from './liveTables.ts';
import { DatabaseDamagedError } from './storeErrors.ts';
import { isTableSound } from './tableFile.ts';

/** Of tables, the newest, that every opening checks: a quarter of a second. */
export const ROUTINE_CHECK_BYTES = 256 * 1024 * 1024;
/** Between two of the others, of 2 MB each: twenty megabytes a second. */
const PAUSE_MS = 100;
const NAME = /^(\d+)\.(ldb|sst)$/;

/**
 * The damaged tables of a database, by name, the newest first.
 * @param options.maxBytes the newest tables are looked at up to this size in all, and always one
 * @param options.isRepair looks at those too that the database does not count as its own
 */
export async function findDamagedTables(
  folder: string,
  options: { maxBytes: number; isRepair?: boolean },
): Promise<string[]> {
  const live = options.isRepair === true ? undefined : await readLiveTables(folder);
  const damaged: string[] = [];
  let read = 0;
  for (const name of await tablesIn(folder, live)) {
    if (read >= options.maxBytes) break;
    const file = await readFileIfAny(join(folder, name));
    // Another process may have the database open and compact it; a table that is missed otherwise, LevelDB names.
    if (file === undefined) continue;
    if (!isTableSound(file)) damaged.push(name);
    read += file.length;
    await breathe();
  }
  return damaged;
}

/** Tables that the database does not count as its own: LevelDB deletes them when it opens. */
export async function countUnlistedTables(folder: string): Promise<number> {
  const all = await tablesIn(folder, undefined);
  return all.length - (await tablesIn(folder, await readLiveTables(folder))).length;
}

/** Whether a database, if there is one, has no damaged table. */
export async function areTablesSound(folder: string): Promise<boolean> {
  return !existsSync(folder) || (await findDamagedTables(folder, { maxBytes: Infinity })).length === 0;
}

/**
 * Looks at the tables that an opening had no time for, one after the other at leisure. Those that a compaction takes away
 * meanwhile do not count. @throws DatabaseDamagedError
 */
export async function checkOlderTables(
  folder: string,
  signal: AbortSignal,
  checkedBytes = ROUTINE_CHECK_BYTES,
): Promise<void> {
  const live = await readLiveTables(folder);
  let newer = 0;
  for (const name of await tablesIn(folder, live)) {
    const isOlder = newer >= checkedBytes;
    newer += live?.get(numberOf(name)) ?? 0;
    if (!isOlder) continue;
    const file = await readFileIfAny(join(folder, name));
    if (file !== undefined && !isTableSound(file) && (await readLiveTables(folder))?.has(numberOf(name)))
      throw new DatabaseDamagedError(`${folder}: ${name} is damaged`);
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** Names, the newest first; only those that the database counts as its own, if it is known which. */
async function tablesIn(folder: string, live: ReadonlyMap<number, number> | undefined): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name));
  const own = names.filter((name) => live === undefined || live.has(numberOf(name)));
  return own.sort((a, b) => numberOf(b) - numberOf(a));
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}
