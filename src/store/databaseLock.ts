import { link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';

const PROBE_FOLDER = 'lock-probe';

/**
 * Whether another process has the database open. LevelDB's own lock says so, and only to one who takes it: here for an empty
 * database that has the same file for its lock, so that nothing of the real one is touched.
 */
export async function isLocked(path: string): Promise<boolean> {
  const probe = join(path, PROBE_FOLDER);
  await rm(probe, { recursive: true, force: true });
  await mkdir(probe);
  try {
    await link(join(path, 'LOCK'), join(probe, 'LOCK'));
    const level = new Level(probe);
    await level.open();
    await level.close();
    return false;
  } catch (error) {
    const { code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    if (code === 'LEVEL_LOCKED') return true;
    // Nobody has ever opened it.
    if (code === 'ENOENT') return false;
    throw error;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}
