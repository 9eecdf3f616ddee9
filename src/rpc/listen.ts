import { once } from 'node:events';
import type { Server } from 'node:net';
import type { FastifyInstance } from 'fastify';

const REASONS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this machine does not have that address now.',
  ENOTFOUND: 'no address of that name is known.',
  EAI_AGAIN: 'no address of that name is known.',
  EACCES: 'this user may not do that. Ports below 1024 are for root.',
};

/** @throws Error that names the setting which helps */
export async function listen(
  server: FastifyInstance,
  options: { host: string; port: number; what: string; setting: string },
): Promise<void> {
  const { host, port } = options;
  try {
    await server.listen({ host, port });
  } catch (error) {
    throw cannotListen(error, options);
  }
}

function cannotListen(error: unknown, { host, port, what, setting }: Parameters<typeof listen>[1]): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const why = `The ${what} port ${port} is taken, perhaps by another node. --${setting} chooses another.`;
    return new Error(why, { cause: error });
  }
  const reason = REASONS[code ?? ''] ?? message;
  return new Error(`The ${what} port ${port} cannot be listened on at ${host}: ${reason}`, { cause: error });
}

/** The same for a server that speaks no HTTP. Returns where it listens, as `host:port`. */
export async function listenPlainly(server: Server, options: Parameters<typeof listen>[1]): Promise<string> {
  const { host, port } = options;
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(error, options);
  }
  return hostAndPort(server);
}

/** `host:port` of a server that listens. */
export function addressOf(server: FastifyInstance): string {
  return hostAndPort(server.server);
}

function hostAndPort(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server is bound to no port');
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}
