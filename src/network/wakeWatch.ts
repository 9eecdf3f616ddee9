import type { Logger } from 'pino';
import type { Host } from './host.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { sleep } from './repeat.ts';

const LOOK_EVERY_MS = 2000;
/** So long without us having run is a machine that slept, or a process that was stopped. */
const SLEPT_MS = 20_000;
const PING_MS = 5000;

/**
 * Notices that the machine was asleep: connections that look alive may have been closed by the others long ago, and would
 * only be missed with the next ping.
 */
export class WakeWatch {
  readonly #options: {
    host: Host;
    peers: PeerTable;
    onWake: () => void;
    signal: AbortSignal;
    log: Logger;
  };

  constructor(options: {
    host: Host;
    peers: PeerTable;
    onWake: () => void;
    signal: AbortSignal;
    log: Logger;
  }) {
    this.#options = options;
  }

  start(): void {
    void this.#loop();
  }

  async #loop(): Promise<void> {
    const { signal, log, onWake, peers } = this.#options;
    while (!signal.aborted) {
      // The clock on the wall: the other one stands still while a machine sleeps.
      const beforeMs = Date.now();
      await sleep(LOOK_EVERY_MS, signal);
      const sleptMs = Date.now() - beforeMs - LOOK_EVERY_MS;
      if (signal.aborted || sleptMs < SLEPT_MS) continue;
      log.info(
        { seconds: Math.round(sleptMs / 1000) },
        'this machine was asleep: looking who is still there',
      );
      onWake();
      await Promise.all(peers.all().map((peer) => this.#check(peer)));
      onWake();
    }
  }

  async #check(peer: Peer): Promise<void> {
    const { host, peers, signal } = this.#options;
    try {
      await host.services.ping.ping(peer.peerId, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(PING_MS)]),
      });
    } catch {
      peers.cut(peer, 'gone while this machine slept');
    }
  }
}
