import type { Connection } from '@libp2p/interface';
import type { Logger } from 'pino';
import type { ConnectionTraffic } from './connectionTraffic.ts';
import { Deadline } from './deadline.ts';
import type { Host } from './host.ts';
import { repeat } from './repeat.ts';

const PING_PROTOCOL = '/ipfs/ping/1.0.0';
const PING_BYTES = 32;
const PING_EVERY_MS = 30_000;
/** A peer that checks a large block answers nothing for many seconds. */
const ANSWER_MS = 25_000;

export type PingWatchOptions = Readonly<{
  host: Pick<Host, 'getConnections'>;
  traffic: ConnectionTraffic;
  /** How long an answer may take. */
  answerMs?: number;
  signal: AbortSignal;
  log: Logger;
}>;

/**
 * Finds connections that are dead. libp2p's own monitor takes a late answer for death; but a ping waits behind the megabytes
 * of a block that are on their way over the same connection, and a seed that sent one to 292 peers lost 59 of them. So a
 * connection over which anything came meanwhile lives.
 */
export class PingWatch {
  readonly #options: PingWatchOptions;

  constructor(options: PingWatchOptions) {
    this.#options = options;
  }

  start(): void {
    const { host, signal, log } = this.#options;
    repeat({
      signal,
      everyMs: PING_EVERY_MS,
      action: () => {
        for (const connection of host.getConnections()) void this.look(connection);
      },
      onError: (error) => log.error({ err: error }, 'peers could not be pinged'),
    });
  }

  /** Pings over this connection, and ends it if it is dead. */
  async look(connection: Connection): Promise<void> {
    const { traffic, signal, log } = this.#options;
    const peer = connection.remotePeer.toString();
    const startMs = Date.now();
    const deadline = new Deadline(this.#options.answerMs ?? ANSWER_MS, signal);
    try {
      connection.rtt = await ping(connection, deadline.signal);
    } catch {
      if (signal.aborted || connection.status !== 'open' || traffic.of(peer).receivedAtMs >= startMs) return;
      log.debug({ peer }, 'nothing comes from this peer any more');
      connection.abort(new Error('no answer to a ping'));
    } finally {
      deadline.end();
    }
  }
}

/** Milliseconds until so many bytes have come back. */
async function ping(connection: Connection, signal: AbortSignal): Promise<number> {
  const stream = await connection.newStream(PING_PROTOCOL, { signal });
  try {
    const startMs = Date.now();
    await new Promise<void>((resolve, reject) => {
      let received = 0;
      const onEnd = () => reject(new Error('no answer'));
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength;
        if (received >= PING_BYTES) resolve();
      });
      stream.addEventListener('close', onEnd, { once: true });
      signal.addEventListener('abort', onEnd, { once: true });
      stream.send(crypto.getRandomValues(new Uint8Array(PING_BYTES)));
    });
    await stream.close({ signal });
    return Date.now() - startMs;
  } catch (error) {
    stream.abort(new Error('no answer'));
    throw error;
  }
}
