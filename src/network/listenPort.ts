import { createServer } from 'node:net';
import { join } from 'node:path';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';

const FILE_NAME = 'port';

/**
 * The port to listen on. 0 asks for any free one, the same at every start while it stays free, so that the addresses
 * which others remember stay true.
 * @throws Error when a port that was asked for by number is taken.
 */
export async function chooseListenPort(
  dataDir: string,
  host: string,
  wanted: number,
  onDamaged?: (path: string) => void,
): Promise<number> {
  if (wanted !== 0) {
    if (await tryPort(host, wanted)) return wanted;
    throw new Error(`Port ${wanted} on ${host} is taken or not allowed: choose another --server-port.`);
  }
  const path = join(dataDir, FILE_NAME);
  const text = (await readFileIfAny(path))?.toString('utf8').trim();
  const remembered = Number(text);
  if (Number.isInteger(remembered) && remembered > 0 && remembered < 65536) {
    if (await tryPort(host, remembered)) return remembered;
  } else if (text !== undefined) onDamaged?.(path);
  const port = await tryPort(host, 0);
  if (port === undefined) throw new Error(`Cannot listen on ${host}.`);
  return port;
}

export function rememberListenPort(dataDir: string, port: number): Promise<void> {
  return writeFileAtomic(join(dataDir, FILE_NAME), `${port}\n`, 0o644);
}

/** Listens for a moment. Undefined when that fails. */
function tryPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host, port }, () => {
      const address = server.address();
      const free = typeof address === 'object' ? address?.port : undefined;
      server.close(() => resolve(free));
    });
  });
}
