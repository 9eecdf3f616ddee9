import type { MultiaddrConnection, PeerId } from '@libp2p/interface';

/** What went over the wire with a peer since it came, all of its connections together, encryption included. */
export type Traffic = { receivedBytes: number; sentBytes: number; receivedAtMs: number; sentAtMs: number };

const NONE: Readonly<Traffic> = { receivedBytes: 0, sentBytes: 0, receivedAtMs: 0, sentAtMs: 0 };

/** Counts the bytes of every connection. Who sends is alive, even if it does not answer. */
export class ConnectionTraffic {
  readonly #peers = new Map<string, Traffic & { open: number }>();
  readonly #total = { receivedBytes: 0, sentBytes: 0 };

  /** A connection with this peer stands. */
  listen(peerId: PeerId, connection: MultiaddrConnection): void {
    // Of one that is closed already no end would be heard, and its name would stay for ever.
    if (connection.status !== 'open') return;
    const id = peerId.toString();
    const traffic = this.#peers.get(id) ?? {
      ...NONE,
      open: 0,
      receivedAtMs: Date.now(),
      sentAtMs: Date.now(),
    };
    traffic.open++;
    this.#peers.set(id, traffic);
    connection.addEventListener('message', ({ data }) => {
      traffic.receivedAtMs = Date.now();
      traffic.receivedBytes += data.byteLength;
      this.#total.receivedBytes += data.byteLength;
    });
    this.#countSent(connection, traffic);
    const onClose = () => {
      if (--traffic.open === 0) this.#peers.delete(id);
    };
    connection.addEventListener('close', onClose, { once: true });
  }

  /** Zeros for a peer that is not connected. */
  of(peerId: string): Readonly<Traffic> {
    return this.#peers.get(peerId) ?? NONE;
  }

  /** With all peers since the start. */
  get total(): Readonly<{ receivedBytes: number; sentBytes: number }> {
    return this.#total;
  }

  /** There is no event for what is sent; libp2p's own metrics count in this way too. */
  #countSent(connection: MultiaddrConnection, traffic: Traffic): void {
    const send = connection.send.bind(connection);
    connection.send = (data) => {
      traffic.sentAtMs = Date.now();
      traffic.sentBytes += data.byteLength;
      this.#total.sentBytes += data.byteLength;
      return send(data);
    };
  }
}
