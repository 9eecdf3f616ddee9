import type { Libp2p } from '@libp2p/interface';
import type { Logger } from 'pino';
import { repeat } from './repeat.ts';

const SWEEP_EVERY_MS = 30_000;

/**
 * Takes peers that are gone out of libp2p's store of peers, which would keep all that ever called or were called: whoever
 * comes under a new name each time would fill the memory. What is worth remembering is in our own table.
 */
export class PeerStoreSweep {
  readonly #host: Pick<Libp2p, 'peerStore' | 'getConnections'>;
  /** Not connected the last time: libp2p itself looks up who has just left. */
  #gone = new Set<string>();

  constructor(host: Pick<Libp2p, 'peerStore' | 'getConnections'>) {
    this.#host = host;
  }

  start(options: { signal: AbortSignal; log: Logger }): void {
    repeat({
      signal: options.signal,
      everyMs: SWEEP_EVERY_MS,
      action: () => this.sweep(),
      onError: (error) => options.log.error({ err: error }, 'peers that are gone could not be forgotten'),
    });
  }

  async sweep(): Promise<void> {
    const gone = new Set<string>();
    for (const { id } of await this.#host.peerStore.all()) {
      if (this.#host.getConnections(id).length > 0) continue;
      const name = id.toString();
      if (this.#gone.has(name)) await this.#host.peerStore.delete(id);
      else gone.add(name);
    }
    this.#gone = gone;
  }
}
