import { noise } from '@chainsafe/libp2p-noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2p } from 'libp2p';
import { protocolId } from '../../protocols/protocol.ts';
import { statusProtocol } from '../../protocols/status.ts';
import { Deadline } from './deadline.ts';
import { eachMuxer } from './eachMuxer.ts';
import { boundFrames } from './frameLength.ts';

const PROBE_MS = 6000;

/**
 * Sees whether a node answers at an address. It calls under an identity of its own that nobody knows: the node may well be
 * connected to us already, and a second connection under our name would upset the first.
 */
export class Prober {
  readonly #host: Libp2p;
  readonly #protocol: string;
  readonly #signal: AbortSignal;

  private constructor(host: Libp2p, protocol: string, signal: AbortSignal) {
    this.#host = host;
    this.#protocol = protocol;
    this.#signal = signal;
  }

  static async open(network: string, signal: AbortSignal): Promise<Prober> {
    const host = await createLibp2p({
      addresses: { listen: [] },
      transports: [tcp({ dialOpts: { noDelay: true } })],
      connectionEncrypters: [noise()],
      streamMuxers: [eachMuxer(yamux(), boundFrames)],
      // It has no business with anybody who calls.
      connectionGater: { denyInboundConnection: () => true, denyDialMultiaddr: () => false },
      connectionManager: { reconnectRetries: 0, maxParallelDials: 16, dialTimeout: PROBE_MS },
      connectionMonitor: { enabled: false },
    });
    return new Prober(host, protocolId(network, statusProtocol), signal);
  }

  /**
   * Dials the address, makes sure that the peer named in it is there and speaks our network's protocols, and hangs up.
   * Nothing is asked, so the peer does not take us for one.
   * @throws Error when it is not so.
   */
  async reach(address: string): Promise<void> {
    const deadline = new Deadline(PROBE_MS, this.#signal);
    const { signal } = deadline;
    try {
      const connection = await this.#host.dial(multiaddr(address), { signal });
      try {
        const stream = await connection.newStream(this.#protocol, { signal });
        stream.abort(new Error('all that was to be seen'));
        await connection.close({ signal });
      } catch (error) {
        connection.abort(new Error('probe failed'));
        throw error;
      } finally {
        // An address of a stranger's is of no use to this host any more.
        await this.#host.peerStore.delete(connection.remotePeer).catch(() => undefined);
      }
    } finally {
      deadline.end();
    }
  }

  async close(): Promise<void> {
    await this.#host.stop();
  }
}
