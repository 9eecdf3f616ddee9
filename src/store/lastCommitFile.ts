import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';

/** In the folder of the chain's database, and gone with it. LevelDB leaves alone what it does not know. */
const FILE_NAME = 'last-commit';

/**
 * Notes beside the database which commit is on disk for good: a database whose log was cut looks like one that was killed
 * a little earlier, and only somebody outside of it can tell. One line, `<number> <CRC-32 of it in hex>`.
 */
export async function writeLastCommitFile(folder: string, number: number): Promise<void> {
  await writeFileAtomic(join(folder, FILE_NAME), lineOf(number), 0o644);
}

/** The number of a commit that must be there. 0, which asks for nothing, when the file is missing or not whole. */
export async function readLastCommitFile(folder: string): Promise<number> {
  const text = (await readFileIfAny(join(folder, FILE_NAME)))?.toString('utf8') ?? '';
  const number = Number.parseInt(text, 10);
  return text === lineOf(number) ? number : 0;
}

function lineOf(number: number): string {
  const digits = String(number);
  return `${digits} ${crc32(digits).toString(16).padStart(8, '0')}\n`;
}
