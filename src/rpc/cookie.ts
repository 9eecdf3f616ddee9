import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who can read the data directory may command the node: one line, `__cookie__:<64 hex digits>`, new at every start. */
const COOKIE_FILE = '.cookie';
/** Where the RPC listens, `host:port`: with `--rpc-port 0` nobody could know otherwise. */
const ADDRESS_FILE = '.rpc-address';

/** An IP address, in brackets if it has colons, and a port. */
const ADDRESS = /^([\d.]+|\[[\da-f:.]+(%\w+)?\]):\d{1,5}$/i;

const OWNER_ONLY = { mode: 0o600 } as const;

/** Makes the cookie. @returns `user:password` */
export function writeCookie(dataDir: string): string {
  const cookie = `__cookie__:${randomBytes(32).toString('hex')}`;
  writeOwn(join(dataDir, COOKIE_FILE), cookie);
  return cookie;
}

export function writeRpcAddress(dataDir: string, address: string): void {
  writeOwn(join(dataDir, ADDRESS_FILE), address);
}

/** Both are gone when the node is: a file that is left behind by a kill opens nothing. */
export function removeRpcFiles(dataDir: string): void {
  rmSync(join(dataDir, COOKIE_FILE), { force: true });
  rmSync(join(dataDir, ADDRESS_FILE), { force: true });
}

export function readCookie(dataDir: string): string | undefined {
  return readLine(join(dataDir, COOKIE_FILE));
}

/** Undefined too when the file is not what was written: nobody else is to be asked then. */
export function readRpcAddress(dataDir: string): string | undefined {
  const line = readLine(join(dataDir, ADDRESS_FILE));
  return line !== undefined && ADDRESS.test(line) ? line : undefined;
}

/** Removed first, because an existing file would keep its mode. */
function writeOwn(path: string, line: string): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  writeFileSync(path, `${line}\n`, { ...OWNER_ONLY, flag: 'wx' });
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
