import type { Registry } from 'prom-client';
import type { LevelStats } from '../store/databaseStats.ts';
import { addCounter, addGauge, type Sample } from './metric.ts';
import type { NodeServices } from './nodeServices.ts';

/** LevelDB and the disk under it. */
export function addStoreMetrics(registry: Registry, { chain, freeDiskBytes }: NodeServices): void {
  const perLevel = (pick: (level: LevelStats) => number) => (): Sample[] =>
    Object.entries(chain.databaseStats()).flatMap(([database, { levels }]) =>
      levels.map((level) => [database, String(level.level), pick(level)] as const),
    );
  const labels = ['database', 'level'];
  addGauge(registry, {
    name: 'indiecoin_leveldb_memory_bytes',
    help: 'Block cache and write buffers of a database.',
    labels: ['database'],
    read: () =>
      Object.entries(chain.databaseStats()).map(([name, stats]) => [name, stats.memoryBytes] as const),
  });
  addGauge(registry, {
    name: 'indiecoin_leveldb_files',
    help: 'Tables of a level.',
    labels,
    read: perLevel(({ files }) => files),
  });
  addGauge(registry, {
    name: 'indiecoin_leveldb_size_bytes',
    help: 'Size of the tables of a level, to the MiB.',
    labels,
    read: perLevel(({ bytes }) => bytes),
  });
  addCounter(registry, {
    name: 'indiecoin_leveldb_compaction_seconds_total',
    help: 'Time that moving tables into a level has taken.',
    labels,
    read: perLevel(({ compactionSec }) => compactionSec),
  });
  addCounter(registry, {
    name: 'indiecoin_leveldb_compaction_read_bytes_total',
    help: 'Bytes read to move tables into a level.',
    labels,
    read: perLevel(({ compactionReadBytes }) => compactionReadBytes),
  });
  addCounter(registry, {
    name: 'indiecoin_leveldb_compaction_written_bytes_total',
    help: 'Bytes written to move tables into a level.',
    labels,
    read: perLevel(({ compactionWrittenBytes }) => compactionWrittenBytes),
  });
  addGauge(registry, {
    name: 'indiecoin_disk_free_bytes',
    help: 'Free on the disk of the data directory, as of the last look.',
    read: freeDiskBytes,
  });
}
