import { createServer, isIP } from 'node:net';
import { join } from 'node:path';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';

const FILE_NAME = 'port';
/** What is free on one address may be taken on another. */
const ATTEMPTS = 10;

/**
 * The port to listen on. 0 asks for any free one, the same at every start while it stays free, so that the addresses
 * which others remember stay true.
 * @throws Error when a port that was asked for by number is taken, or an address is none of this machine: mistyped, or of
 * an interface that comes up later.
 */
export async function chooseListenPort(
  dataDir: string,
  hosts: readonly string[],
  wanted: number,
  onDamaged?: (path: string) => void,
): Promise<number> {
  if (wanted !== 0) {
    if (await isFree(hosts, wanted)) return wanted;
    throw new Error(
      `Port ${wanted} on ${hosts.join(', ')} is taken or not allowed: choose another --server-port.`,
    );
  }
  const path = join(dataDir, FILE_NAME);
  const text = (await readFileIfAny(path))?.toString('utf8').trim();
  const remembered = Number(text);
  if (Number.isInteger(remembered) && remembered > 0 && remembered < 65536) {
    if (await isFree(hosts, remembered)) return remembered;
  } else if (text !== undefined) onDamaged?.(path);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = await tryPort(hosts[0]!, 0);
    if (port !== undefined && (await isFree(hosts, port))) return port;
  }
  throw new Error(`Cannot listen on ${hosts.join(', ')}.`);
}

async function isFree(hosts: readonly string[], port: number): Promise<boolean> {
  for (const host of hosts) if ((await tryPort(host, port)) === undefined) return false;
  return true;
}

export function rememberListenPort(dataDir: string, port: number): Promise<void> {
  return writeFileAtomic(join(dataDir, FILE_NAME), `${port}\n`, 0o644);
}

/** Listens for a moment. Undefined when the port is not free. @throws Error when the address is none of this machine */
function tryPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code !== 'EADDRNOTAVAIL') resolve(undefined);
      else reject(new Error(`listen-host: this machine does not have the address ${host} now.`));
    });
    // As libp2p does: each family by itself.
    server.listen({ host, port, ipv6Only: isIP(host) === 6 }, () => {
      const address = server.address();
      const free = typeof address === 'object' ? address?.port : undefined;
      server.close(() => resolve(free));
    });
  });
}
