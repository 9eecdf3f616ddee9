import type { Stream } from '@libp2p/interface';
import { type Ping, ping } from '@libp2p/ping';

/** Of one stream, which has ten seconds: a thousand pings. */
export const MAX_ECHO_BYTES = 32_000;
export const ECHO_MS = 10_000;

/**
 * libp2p's ping, with answers of our own: its own takes in whatever comes while the asker does not read, hundreds of megabytes a
 * second, and keeps it.
 */
export function boundedPing(): ReturnType<typeof ping> {
  const make = ping();
  return (components) => {
    const service = make(components) as Ping & { handlePing: (stream: Stream) => Promise<void> };
    service.handlePing = echo;
    return service;
  };
}

async function echo(stream: Stream): Promise<void> {
  let echoed = 0;
  const timer = setTimeout(() => stream.abort(new Error('pings are answered for ten seconds')), ECHO_MS);
  stream.addEventListener('close', () => clearTimeout(timer), { once: true });
  stream.addEventListener('remoteCloseWrite', () => void stream.close().catch(() => undefined), {
    once: true,
  });
  stream.addEventListener('message', ({ data }) => {
    echoed += data.byteLength;
    if (echoed > MAX_ECHO_BYTES) stream.abort(new Error('more pings than are answered'));
    else if (stream.status === 'open') stream.send(data);
  });
}
