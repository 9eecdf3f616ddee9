import type { MultiaddrConnection, PeerId } from '@libp2p/interface';

/** When any bytes came last from a peer, over whatever connection: who sends is alive, even if it does not answer. */
export class LastHeard {
  readonly #atMs = new Map<string, number>();

  /** A connection with this peer stands. */
  listen(peerId: PeerId, connection: MultiaddrConnection): void {
    // Of one that is closed already no end would be heard, and its name would stay for ever.
    if (connection.status !== 'open') return;
    const id = peerId.toString();
    this.#atMs.set(id, Date.now());
    connection.addEventListener('message', () => this.#atMs.set(id, Date.now()));
    connection.addEventListener('close', () => this.#atMs.delete(id), { once: true });
  }

  /** 0 when it was never heard. */
  atMs(peerId: string): number {
    return this.#atMs.get(peerId) ?? 0;
  }
}
