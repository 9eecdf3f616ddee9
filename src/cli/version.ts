import { readFileSync } from 'node:fs';

/** `package.json` of the package, seen from `dist/src/cli`. */
const PACKAGE = new URL('../../../package.json', import.meta.url);

export const VERSION: string = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
