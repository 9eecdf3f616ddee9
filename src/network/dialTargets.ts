import type { Connection } from '@libp2p/interface';
import type { Logger } from 'pino';
import { DialTarget } from './dialTarget.ts';
import { addressWithoutPeer, PeerAddressError } from './peerAddress.ts';

/** The addresses that are dialled for ever: the seeds, and those that a person added. */
export class DialTargets {
  readonly #targets = new Map<string, DialTarget>();

  /** Entries that cannot be read are left out and told of: one bad line of a list hurts no other. */
  constructor(seeds: readonly string[], kept: readonly string[], log: Logger) {
    const all = [
      ...seeds.map((text) => ({ text, isManual: false })),
      ...kept.map((text) => ({ text, isManual: true })),
    ];
    for (const { text, isManual } of all) {
      try {
        this.#targets.set(text, new DialTarget(text, isManual));
      } catch (error) {
        if (!(error instanceof PeerAddressError)) throw error;
        log.warn({ seed: text, reason: error.message }, 'a seed that cannot be read is left out');
      }
    }
  }

  get size(): number {
    return this.#targets.size;
  }

  all(): DialTarget[] {
    return [...this.#targets.values()];
  }

  /** As typed, of those that a person added. */
  get kept(): string[] {
    return this.all().flatMap(({ text, isManual }) => (isManual ? [text] : []));
  }

  isKept(peerId: string): boolean {
    return this.all().some((target) => target.isManual && target.peerId === peerId);
  }

  /** Whether a person wants to be connected there, or to the peer there. */
  isWanted({ remotePeer, remoteAddr }: Pick<Connection, 'remotePeer' | 'remoteAddr'>): boolean {
    return this.all().some(
      (target) => target.isManual && target.isOf(remotePeer.toString(), remoteAddr.toString()),
    );
  }

  /** @throws PeerAddressError */
  add(text: string): void {
    this.#targets.set(text, new DialTarget(text, true));
  }

  /** Those that a person had added by this address, or that are this peer. */
  remove(textOrId: string): DialTarget[] {
    const written = addressWithoutPeer(textOrId);
    const meant = this.all().filter(
      ({ text, peerId, isManual }) =>
        isManual &&
        (text === textOrId ||
          peerId === textOrId ||
          (written !== undefined && addressWithoutPeer(text) === written)),
    );
    for (const { text } of meant) this.#targets.delete(text);
    return meant;
  }

  /** A peer sent us away: it has no room. */
  refused(peerId: string): void {
    for (const target of this.all()) if (target.peerId === peerId) target.failed(Date.now());
  }

  /** It leads to ourselves. */
  drop(target: DialTarget): void {
    this.#targets.delete(target.text);
  }
}
