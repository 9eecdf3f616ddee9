import { fileURLToPath } from 'node:url';
import { readFileIfAny } from '../bytes/atomicFile.ts';
import type { NetworkParams } from '../params/networkParams.ts';

/** `bootstrap/` of the package, seen from `dist/src/network`. */
const FOLDER = new URL('../../../bootstrap/', import.meta.url);

/** The seeds of a network: its file in `bootstrap/`, if it has one, and those in its own parameters. */
export async function readBootstrapList(params: NetworkParams): Promise<string[]> {
  const path = fileURLToPath(new URL(`${params.name}.txt`, FOLDER));
  const text = (await readFileIfAny(path))?.toString('utf8') ?? '';
  return [...new Set([...parseSeedList(text), ...params.seeds])];
}

/** One entry a line; what follows a `#` is a comment. The entries are read later, so that one bad line hurts no other. */
export function parseSeedList(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '');
}
