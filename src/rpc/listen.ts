import type { FastifyInstance } from 'fastify';

/** @throws Error that names the setting which helps */
export async function listen(
  server: FastifyInstance,
  options: { host: string; port: number; what: string; setting: string },
): Promise<void> {
  const { host, port, what, setting } = options;
  try {
    await server.listen({ host, port });
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const message = isTaken
      ? `The ${what} port ${port} is taken, perhaps by another node. --${setting} chooses another.`
      : `The ${what} port ${port} cannot be listened on at ${host}: ${(error as Error).message}`;
    throw new Error(message, { cause: error });
  }
}

/** `host:port` of a server that listens. */
export function addressOf(server: FastifyInstance): string {
  const bound = server.server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server is bound to no port');
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}
