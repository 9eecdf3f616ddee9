import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file as a whole: after a kill, a power cut or on a full disk it holds either the old bytes or the new ones,
 * never a part. The new bytes are in a file beside it, on the disk, before that takes the name. Readable by its owner
 * alone unless `mode` says otherwise. What is large may be given in parts. One write at a time for each path.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | Iterable<Uint8Array>,
  mode = 0o600,
): Promise<void> {
  const beside = `${path}.new`;
  // What a kill left behind would keep its mode.
  await rm(beside, { force: true });
  try {
    const file = await open(beside, 'wx', mode);
    try {
      await writeFile(file, data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw new Error(`${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
  await syncFolder(dirname(path));
}

/** Writes a file that must not exist yet, to the disk, readable by its owner alone. @throws Error `EEXIST` and others */
export async function writeNewFile(path: string, data: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await writeFile(file, data);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

/** The bytes of a file, or undefined when there is none. */
export async function readFileIfAny(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes new names in a folder survive a power cut, where the system allows it (Windows does not open folders). */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
