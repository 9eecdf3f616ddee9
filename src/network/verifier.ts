import { multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import type { AddressTable } from './addressTable.ts';
import type { BanList } from './banList.ts';
import type { KnownAddress } from './knownAddress.ts';
import { hostOf, subscriberOf } from './peerAddress.ts';
import type { PeerTable } from './peerTable.ts';
import type { Prober } from './prober.ts';
import { repeat } from './repeat.ts';
import { messageOf } from './request.ts';

/** Probes at the same time. */
const MAX_PROBES = 8;
/** Addresses that peers announced of themselves and that wait to be seen. */
const MAX_WAITING = 256;
/** Of one host, lest one caller with many names take all the probes. */
const MAX_WAITING_OF_HOST = 16;

/** How an address is looked at again: one a minute is enough for a peer; a seed lives by it. */
export const PEER_PACE = { everyMs: 60_000, batch: 1, staleSec: 6 * 3600 };
export const SEED_PACE = { everyMs: 5_000, batch: 4, staleSec: 20 * 60 };
export type VerifierPace = typeof PEER_PACE;

export type VerifierOptions = Readonly<{
  table: AddressTable;
  bans: BanList;
  peers: Pick<PeerTable, 'introduced' | 'reaches'>;
  prober: Prober;
  pace: VerifierPace;
  signal: AbortSignal;
  log: Logger;
}>;

/**
 * Dials addresses only to see whether they are true (Bitcoin's feelers): what a peer announces of itself at once, what was
 * told of others by and by, and again what was true long ago. Nothing else is passed on to strangers.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #waiting = new Set<string>();
  /** Peers: to one that is connected already a second address would seem to be true. */
  readonly #probing = new Set<string>();

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  start(): void {
    const { signal, pace, log } = this.#options;
    repeat({
      signal,
      everyMs: pace.everyMs,
      action: () => this.#lookAround(),
      onError: (error) => log.error({ err: error }, 'addresses could not be verified'),
    });
  }

  /** A peer says that it listens there. Does not wait. */
  enqueue(address: string): void {
    const { table } = this.#options;
    const known = table.get(address);
    if (known === undefined || this.#waiting.size >= MAX_WAITING) return;
    const isFresh = nowSec() - known.succeededSec < this.#options.pace.staleSec && known.failures === 0;
    const subscriber = subscriberOf(hostOf(multiaddr(address)));
    const waiting = [...this.#waiting].filter(
      (other) => subscriberOf(hostOf(multiaddr(other))) === subscriber,
    );
    if (isFresh || waiting.length >= MAX_WAITING_OF_HOST) return;
    this.#waiting.add(address);
    this.#pump();
  }

  /** Without peers a dial that fails says nothing about the address. */
  #lookAround(): void {
    const { table, peers, pace, bans } = this.#options;
    // There is room beside what peers announce: who calls again and again must not be all that we look at.
    if (peers.introduced().length === 0 || this.#waiting.size >= 2 * MAX_WAITING) return;
    const isBanned = ({ peerId, host }: KnownAddress) => bans.isBanned(peerId) || bans.isBanned(host);
    const known = table.toVerify(nowSec(), pace.batch, pace.staleSec, isBanned);
    for (const { address } of known) this.#waiting.add(address);
    this.#pump();
  }

  #pump(): void {
    for (const address of this.#waiting) {
      if (this.#probing.size >= MAX_PROBES || this.#options.signal.aborted) return;
      const peerId = this.#options.table.get(address)?.peerId;
      if (peerId !== undefined && this.#probing.has(peerId)) continue;
      this.#waiting.delete(address);
      if (peerId !== undefined) void this.#probe(address, peerId);
    }
  }

  async #probe(address: string, peerId: string): Promise<void> {
    const { prober, table, peers, log } = this.#options;
    this.#probing.add(peerId);
    try {
      await prober.reach(address);
      // It may have been forgotten meanwhile.
      if (table.get(address) !== undefined) table.succeed(address, nowSec());
    } catch (error) {
      log.debug({ address, reason: messageOf(error) }, 'an address that nobody answers at');
      if (peers.reaches(hostOf(multiaddr(address)))) table.fail(address, nowSec());
      else table.tried(address, nowSec());
    } finally {
      this.#probing.delete(peerId);
      this.#pump();
    }
  }
}

function nowSec(): number {
  return Math.floor(Date.now() / 1000);
}
