import type { MultiaddrConnection } from '@libp2p/interface';
import { addressGroup, hostOf } from './peerAddress.ts';

/** Connections from outside that are being made: each has some seconds for it. */
export const MAX_PENDING_INBOUND = 256;

/**
 * Connections that have been opened and have not said anything sensible yet. Above the limit the eldest of the address group
 * that has the most of them goes: a newcomer needs milliseconds, so sockets that never speak keep nobody out.
 */
export class PendingInbound {
  /** The eldest first. */
  readonly #pending = new Map<MultiaddrConnection, string>();

  get size(): number {
    return this.#pending.size;
  }

  add(connection: MultiaddrConnection): void {
    this.#pending.set(connection, addressGroup(hostOf(connection.remoteAddr)));
    connection.addEventListener('close', () => this.#pending.delete(connection), { once: true });
    if (this.#pending.size <= MAX_PENDING_INBOUND) return;
    const victim = this.#eldestOfLargestGroup();
    this.#pending.delete(victim);
    victim.abort(new Error('too many connections in the making'));
  }

  has(connection: MultiaddrConnection): boolean {
    return this.#pending.has(connection);
  }

  /** It is made. */
  delete(connection: MultiaddrConnection): void {
    this.#pending.delete(connection);
  }

  #eldestOfLargestGroup(): MultiaddrConnection {
    const sizes = new Map<string, number>();
    for (const group of this.#pending.values()) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    const largest = Math.max(...sizes.values());
    const eldest = [...this.#pending].find(([, group]) => sizes.get(group) === largest);
    return eldest![0];
  }
}
