/** One level of a LevelDB's tables, and what moving tables into it has cost since the database was opened. */
export type LevelStats = Readonly<{
  level: number;
  files: number;
  /** LevelDB tells sizes in whole MiB. */
  bytes: number;
  compactionSec: number;
  compactionReadBytes: number;
  compactionWrittenBytes: number;
}>;

export type DatabaseStats = Readonly<{
  /** Of the block cache and the write buffers. */
  memoryBytes: number;
  levels: readonly LevelStats[];
}>;

export const NO_STATS: DatabaseStats = { memoryBytes: 0, levels: [] };

const MIB = 1024 * 1024;

/**
 * Reads the properties `leveldb.stats` and `leveldb.approximate-memory-usage`. The first is a table for people, with a
 * row for every level that has something to tell:
 *
 *     Level  Files Size(MB) Time(sec) Read(MB) Write(MB)
 *     --------------------------------------------------
 *       0        2        1         0        0         1
 */
export function parseDatabaseStats(stats: string, memoryUsage: string): DatabaseStats {
  const rows = stats
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((row) => row.length === 6 && row.every(Number.isFinite));
  return {
    memoryBytes: Number(memoryUsage) || 0,
    levels: rows.map(([level, files, size, sec, read, written]) => ({
      level: level!,
      files: files!,
      bytes: size! * MIB,
      compactionSec: sec!,
      compactionReadBytes: read! * MIB,
      compactionWrittenBytes: written! * MIB,
    })),
  };
}
