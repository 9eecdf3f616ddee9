import type { Connection, Stream } from '@libp2p/interface';
import type { Logger } from 'pino';
import type { Host } from './host.ts';
import { repeat } from './repeat.ts';

/** A block that is gossiped to ninety peers is 270 MB within a second or so, where none of them reads. */
const LOOK_EVERY_MS = 1000;
/** Eight peers at their own limit: more than one line could carry in a minute. */
export const MAX_BACKLOG_BYTES = 256_000_000;
/** A peer whose gossip waits and has not moved for so many looks, a second each, does not read it, or its line is dead. */
export const STILL_LOOKS = 30;

export type GossipBacklogOptions = Readonly<{
  host: Pick<Host, 'getConnections'>;
  /** What may wait for all peers together. */
  maxBytes?: number;
  signal: AbortSignal;
  log: Logger;
}>;

/**
 * Bounds the gossip that waits to be sent. Every stream may hold 32 MB, since a slow line needs minutes for a few large blocks;
 * peers that read nothing would fill the memory with them. No fault: a dead line looks the same.
 */
export class GossipBacklog {
  readonly #options: GossipBacklogOptions;
  /** Looks since anything of a stream's backlog was sent. Looks and not a clock: while we are busy ourselves nothing moves. */
  readonly #still = new WeakMap<Stream, { looks: number }>();

  constructor(options: GossipBacklogOptions) {
    this.#options = options;
  }

  start(): void {
    const { signal, log } = this.#options;
    repeat({
      signal,
      everyMs: LOOK_EVERY_MS,
      action: () => this.look(),
      onError: (error) => log.error({ err: error }, 'gossip that waits could not be looked after'),
    });
  }

  look(): void {
    const { host, maxBytes = MAX_BACKLOG_BYTES } = this.#options;
    const waiting: { connection: Connection; bytes: number }[] = [];
    let total = 0;
    for (const connection of host.getConnections()) {
      const streams = connection.streams.filter(({ protocol }) => protocol.startsWith('/meshsub/'));
      if (streams.some((stream) => this.#isStill(stream))) {
        this.#cut(connection, 'it does not read its gossip');
        continue;
      }
      const bytes = streams.reduce((sum, { writeBufferLength }) => sum + writeBufferLength, 0);
      waiting.push({ connection, bytes });
      total += bytes;
    }
    waiting.sort((a, b) => b.bytes - a.bytes);
    for (const { connection, bytes } of waiting) {
      if (total <= maxBytes) return;
      this.#cut(connection, 'more gossip waits for it than for others');
      total -= bytes;
    }
  }

  #isStill(stream: Stream): boolean {
    const still = this.#stillOf(stream);
    if (stream.writeBufferLength === 0) still.looks = 0;
    else still.looks++;
    return still.looks > STILL_LOOKS;
  }

  #stillOf(stream: Stream): { looks: number } {
    const known = this.#still.get(stream);
    if (known !== undefined) return known;
    const still = { looks: 0 };
    this.#still.set(stream, still);
    // What waits is sent in a microtask after this event, which also comes when other streams of the connection may go on.
    stream.addEventListener('drain', () => {
      const bytes = stream.writeBufferLength;
      queueMicrotask(() => {
        if (stream.writeBufferLength < bytes) still.looks = 0;
      });
    });
    return still;
  }

  #cut(connection: Connection, reason: string): void {
    this.#options.log.debug({ peer: connection.remotePeer.toString(), reason }, 'cutting off');
    connection.abort(new Error(reason));
  }
}
