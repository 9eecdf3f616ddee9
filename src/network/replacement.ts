import type { Logger } from 'pino';
import { shownChain } from './missingBlocks.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { repeat } from './repeat.ts';
import type { Shunned } from './shunned.ts';

const LOOK_EVERY_MS = 1000;
/** Peers looked for in the place of such as are of no use, at the same time. */
const MAX_EXTRA = 16;
/** So many of our own choice that are of use, and the others need not be kept. */
const ENOUGH = 4;
/** So long without an answer to the request for its headers. */
const SILENT_MS = 1000;
/** Windows of blocks in a row that others had to bring. */
const MAX_LATES = 2;
/** Who was of no use is not dialled again for so long. */
const USELESS_MS = 120_000;
/** Who only said nothing, for so long the first time: we may have had no time to hear it. */
const FIRST_SILENT_MS = 10_000;
/** Of whom it is remembered that they said nothing. */
const MAX_REMEMBERED = 1000;

export type ReplacementOptions = Readonly<{
  peers: PeerTable;
  shunned: Shunned;
  hasCaughtUp: () => boolean;
  /** Whether a person wants to be connected to this peer, come what may. */
  isKept: (peerId: string) => boolean;
  lookForMore: (extra: number) => void;
  /** How many outbound peers there are too many. */
  surplus: () => number;
  signal: AbortSignal;
  log: Logger;
}>;

/**
 * While we sync, a peer of our own choice that does not help does not count: others are looked for, and when they are there,
 * it goes. Eight that say nothing would take up all the places otherwise.
 */
export class Replacement {
  readonly #options: ReplacementOptions;
  readonly #silent = new Set<string>();

  constructor(options: ReplacementOptions) {
    this.#options = options;
  }

  start(): void {
    const { signal, log } = this.#options;
    repeat({
      signal,
      everyMs: LOOK_EVERY_MS,
      action: () => this.look(),
      onError: (error) => log.error({ err: error }, 'useless peers could not be looked for'),
    });
  }

  look(): void {
    const { peers, hasCaughtUp, isKept, lookForMore } = this.#options;
    const outbound = peers.introduced().filter(({ direction }) => direction === 'outbound');
    const useless = hasCaughtUp() ? [] : outbound.filter(isUseless);
    lookForMore(Math.min(MAX_EXTRA, useless.length));
    if (hasCaughtUp()) this.#letSurplusGo(outbound);
    if (outbound.length - useless.length < ENOUGH) return;
    for (const { id } of useless) if (!isKept(id)) this.#sendAway(id);
  }

  /** Dialled again at once, it would begin anew and be trusted anew. */
  #sendAway(id: string): void {
    const { peers, shunned } = this.#options;
    const peer = peers.get(id);
    if (peer === undefined) return;
    const isFirstSilence = isSilent(peer) && !hasFailed(peer) && !this.#silent.has(id);
    if (isFirstSilence) this.#silent.add(id);
    if (this.#silent.size > MAX_REMEMBERED) this.#silent.delete(this.#silent.values().next().value!);
    shunned.add(id, isFirstSilence ? FIRST_SILENT_MS : USELESS_MS);
    peers.disconnect(peer, 'of no use: others are there');
  }

  /** Once the chain is here fewer peers are enough: those that have brought least of it go. */
  #letSurplusGo(outbound: readonly Peer[]): void {
    const { peers, isKept, surplus } = this.#options;
    const leaving = outbound.filter(({ id }) => !isKept(id)).sort(bySmallestMerit);
    for (const peer of leaving.slice(0, Math.max(0, surplus())))
      peers.disconnect(peer, 'enough peers without it');
  }
}

function bySmallestMerit(a: Peer, b: Peer): number {
  return a.deliveredBlocks - b.deliveredBlocks || b.connectedAtMs - a.connectedAtMs;
}

function isUseless(peer: Peer): boolean {
  return isSilent(peer) || hasFailed(peer);
}

function isSilent({ headersAwaitedSinceMs }: Peer): boolean {
  return headersAwaitedSinceMs !== undefined && Date.now() - headersAwaitedSinceMs >= SILENT_MS;
}

function hasFailed(peer: Peer): boolean {
  const { headerFailures, stalls, lates, lacks, hasDelivered, deliveredBlocks } = peer;
  // Before it has shown its chain, what it lacks may be of one that only others pretend to have.
  const isShown = shownChain(peer) !== undefined;
  if (lacks > 0 && deliveredBlocks === 0 && isShown) return true;
  return headerFailures > 0 || stalls > 0 || (lates >= MAX_LATES && !hasDelivered);
}
