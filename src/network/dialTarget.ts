import { addressWithoutPeer, type PeerAddress, parsePeerAddress } from './peerAddress.ts';

/** The longest pause between two dials of a seed or of a peer that a person added: they are tried for ever. */
const MAX_PAUSE_MS = 60_000;
/** While we have no peer at all. */
const MAX_LONELY_PAUSE_MS = 6000;

/** An address that is dialled for ever: a seed, or a peer that a person added. */
export class DialTarget {
  readonly text: string;
  readonly address: PeerAddress;
  /** Wanted even when there are peers enough. */
  readonly isManual: boolean;
  /** Who answered there last. */
  peerId: string | undefined;
  /** What it means, as far as it is known: multiaddrs. */
  multiaddrs: readonly string[];
  #failures = 0;
  #triedAtMs = 0;

  /** @throws PeerAddressError */
  constructor(text: string, isManual: boolean) {
    this.text = text;
    this.address = parsePeerAddress(text);
    this.isManual = isManual;
    this.peerId = this.address.peerId;
    this.multiaddrs = this.address.kind === 'multiaddr' ? [this.address.multiaddr.toString()] : [];
  }

  /** Whether a peer is the one that answered there last, or is connected by this address, a multiaddr. */
  isOf(peerId: string, address: string): boolean {
    if (this.peerId === peerId) return true;
    const written = addressWithoutPeer(address);
    return this.multiaddrs.some((text) => addressWithoutPeer(text) === written);
  }

  isDue(nowMs: number, isLonely: boolean): boolean {
    const pauseMs = this.#failures === 0 ? 0 : 1000 * 2 ** Math.min(this.#failures - 1, 10);
    // A clock set back must not make it rest for years.
    return (
      Math.abs(nowMs - this.#triedAtMs) >= Math.min(pauseMs, isLonely ? MAX_LONELY_PAUSE_MS : MAX_PAUSE_MS)
    );
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(nowMs: number): void {
    this.#failures++;
    this.#triedAtMs = nowMs;
  }
}
