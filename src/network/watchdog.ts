import { multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import type { Host } from './host.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { repeat } from './repeat.ts';

const LOOK_EVERY_MS = 10_000;
/** How long both sides have to open their gossip streams. */
const SETTLING_MS = 15_000;
const DIAL_MS = 10_000;
/** A peer whose connection had to be mended so often in one run is let go: it is not worth it. */
const MAX_MENDED = 3;
const MAX_REMEMBERED = 1000;

/**
 * Finds connections that look alive and are deaf: a gossip stream that died is not opened again by gossipsub, and of two
 * connections to one peer each side may use another one. Both are mended by hanging up and dialling anew.
 */
export class Watchdog {
  readonly #options: { host: Host; peers: PeerTable; signal: AbortSignal; log: Logger };
  /** Peers that looked deaf the last time: once may be a moment. */
  #suspects = new Set<string>();
  readonly #mended = new Map<string, number>();

  constructor(options: { host: Host; peers: PeerTable; signal: AbortSignal; log: Logger }) {
    this.#options = options;
  }

  start(): void {
    const { signal, log } = this.#options;
    repeat({
      signal,
      everyMs: LOOK_EVERY_MS,
      action: () => this.look(),
      onError: (error) => log.error({ err: error }, 'connections could not be looked after'),
    });
  }

  async look(): Promise<void> {
    const { peers, log } = this.#options;
    const suspects = new Set<string>();
    for (const peer of peers.introduced()) {
      if (Math.abs(Date.now() - peer.connectedAtMs) < SETTLING_MS) continue;
      const fault = await this.#faultOf(peer);
      if (fault === undefined) continue;
      suspects.add(peer.id);
      if (!this.#suspects.has(peer.id)) continue;
      suspects.delete(peer.id);
      const times = this.#countMended(peer.id);
      if (times === 1) log.info({ peer: peer.id, fault }, 'mending a connection');
      if (times <= MAX_MENDED) await this.#reconnect(peer);
      else peers.disconnect(peer, `${fault} again and again`);
    }
    this.#suspects = suspects;
  }

  #countMended(peerId: string): number {
    const times = (this.#mended.get(peerId) ?? 0) + 1;
    this.#mended.delete(peerId);
    this.#mended.set(peerId, times);
    if (this.#mended.size > MAX_REMEMBERED) this.#mended.delete(this.#mended.keys().next().value!);
    return times;
  }

  async #faultOf(peer: Peer): Promise<string | undefined> {
    const { host } = this.#options;
    if (host.getConnections(peer.peerId).length > 1) return 'two connections';
    const { gossip } = host.services;
    if (gossip.streamsOutbound.has(peer.id)) return undefined;
    // A node that does not speak gossip has no stream to lose.
    const speaks = await host.peerStore
      .get(peer.peerId)
      .then(({ protocols }) => protocols.some((protocol) => protocol.startsWith('/meshsub/')))
      .catch(() => false);
    return speaks ? 'no gossip stream' : undefined;
  }

  /** The side that dialled dials again; of two that both did, the one with the lower id, lest they cross once more. */
  async #reconnect(peer: Peer): Promise<void> {
    const { host, log } = this.#options;
    const outbound = host.getConnections(peer.peerId).filter(({ direction }) => direction === 'outbound');
    const hasBoth = outbound.length > 0 && outbound.length < host.getConnections(peer.peerId).length;
    const isOurs = outbound.length > 0 && (!hasBoth || host.peerId.toString() < peer.id);
    const address = outbound[0]?.remoteAddr.toString();
    await host.hangUp(peer.peerId).catch(() => undefined);
    if (!isOurs || address === undefined) return;
    await host
      .dial(multiaddr(address), { signal: AbortSignal.timeout(DIAL_MS) })
      .catch((error) => log.debug({ peer: peer.id, err: error }, 'could not dial again'));
  }
}
