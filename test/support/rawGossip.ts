import type { Connection, Stream } from '@libp2p/interface';
import { field, prefixed } from './wire.ts';

/** Frames of gossipsub by hand, by the field numbers of its rpc.proto. */

export function subscriptions(topics: readonly string[], subscribe = true): Buffer {
  return Buffer.concat(
    topics.map((topic) => field(1, Buffer.concat([field(1, subscribe ? 1 : 0), field(2, topic)]))),
  );
}

export function message(topic: string, data: Uint8Array): Buffer {
  return field(2, Buffer.concat([field(2, data), field(4, topic)]));
}

export function ihave(topic: string, ids: readonly Uint8Array[]): Buffer {
  const parts = [field(1, topic), ...ids.map((id) => field(2, id))];
  return field(3, field(1, Buffer.concat(parts)));
}

export function iwant(ids: readonly Uint8Array[]): Buffer {
  return field(3, field(2, Buffer.concat(ids.map((id) => field(1, id)))));
}

export function graft(topic: string): Buffer {
  return field(3, field(3, field(1, topic)));
}

/** `backoffSec`: for so long the topic's mesh shall be left alone. */
export function prune(topic: string, backoffSec: number): Buffer {
  return field(3, field(4, Buffer.concat([field(1, topic), field(3, backoffSec)])));
}

/** Each by itself, all in one frame. */
export function idontwants(ids: readonly Uint8Array[]): Buffer {
  return field(3, Buffer.concat(ids.map((id) => field(5, field(1, id)))));
}

/** A gossip stream of one's own beside that of the host's gossipsub: the other side reads from the newest. */
export class RawGossip {
  readonly #stream: Stream;
  readonly #connection: Connection;

  private constructor(stream: Stream, connection: Connection) {
    this.#stream = stream;
    this.#connection = connection;
  }

  static async open(connection: Connection): Promise<RawGossip> {
    return new RawGossip(await connection.newStream('/meshsub/1.2.0'), connection);
  }

  get isOpen(): boolean {
    return this.#connection.status === 'open' && this.#stream.status === 'open';
  }

  /** Sends a frame behind its length. False when the other side has closed. */
  async send(frame: Uint8Array): Promise<boolean> {
    return this.write(prefixed(frame));
  }

  /** Sends bytes as they are, and waits while the other side does not read. */
  async write(bytes: Uint8Array): Promise<boolean> {
    if (!this.isOpen) return false;
    try {
      if (!this.#stream.send(bytes)) await this.#drained();
    } catch {
      return false;
    }
    return this.isOpen;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      for (const event of ['drain', 'close'] as const) {
        this.#stream.addEventListener(event, () => resolve(), { once: true });
      }
    });
  }
}
