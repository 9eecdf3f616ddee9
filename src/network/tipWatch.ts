import type { Logger } from 'pino';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import type { Peer } from './peer.ts';
import { repeat } from './repeat.ts';

const LOOK_EVERY_MS = 10_000;
/** So long between two looks is a machine that slept, or a clock that was set. */
const SLEPT_MS = 60_000;
/** A tip that stays behind what peers claim for so long is no moment between two blocks. */
const BEHIND_MS = 60_000;
/** A peer that claims more work for so long, and has not shown the headers for it, is of no use. */
const UNSHOWN_MS = 180_000;
/** No block in so many spacings happens once in twenty times (Bitcoin Core's `TipMayBeStale`): others are looked for. */
const SLOW_SPACINGS = 3;
/** No block in so many happens once in 160,000 times, if miners are at work: worth a word. */
const IMPROBABLE_SPACINGS = 12;

/** What a peer says of its chain. */
type Claim = Pick<Peer, 'id' | 'chainWork' | 'height' | 'isRefused'>;

export type TipWatchOptions = Readonly<{
  chain: Chain;
  /** Peers that take part. */
  introduced: () => readonly Claim[];
  disconnect: (peer: Claim, reason: string) => void;
  /** Looks for so many more outbound peers than usual. */
  lookForMore: (extra: number) => void;
  /** Asks all peers how far they are, and fetches what is missing. */
  compare: () => void;
  signal: AbortSignal;
  log: Logger;
}>;

/**
 * Notices that nothing comes any more though all seems well: the tip stays behind what peers report, or there has been no
 * block for too long, as when all our peers keep blocks from us. Says so once, and looks for other peers.
 */
export class TipWatch {
  readonly #options: TipWatchOptions;
  #tip: BlockNode;
  #sinceMs = Date.now();
  #behindSinceMs: number | undefined;
  #hasToldBehind = false;
  #hasToldOld = false;

  constructor(options: TipWatchOptions) {
    this.#options = options;
    this.#tip = options.chain.tip;
  }

  start(): void {
    const { signal, log } = this.#options;
    let lookedAtMs = Date.now();
    repeat({
      signal,
      everyMs: LOOK_EVERY_MS,
      action: () => {
        const nowMs = Date.now();
        if (Math.abs(nowMs - lookedAtMs) > SLEPT_MS) this.beginAnew(nowMs);
        lookedAtMs = nowMs;
        this.look(nowMs);
      },
      onError: (error) => log.error({ err: error }, 'the tip could not be looked after'),
    });
  }

  /** This machine slept, or its clock was set: what has passed since is no fault of the peers. */
  beginAnew(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#behindSinceMs = undefined;
  }

  look(nowMs: number): void {
    const { chain, introduced, lookForMore } = this.#options;
    if (chain.tip !== this.#tip) {
      this.#tip = chain.tip;
      this.#sinceMs = nowMs;
      this.#behindSinceMs = undefined;
      this.#hasToldBehind = false;
      this.#hasToldOld = false;
    }
    if (introduced().length === 0) {
      // What happens without peers is told elsewhere, and is no hint that these keep something from us.
      this.beginAnew(nowMs);
      return;
    }
    const isBehind = this.#lookBehind(nowMs);
    const isOld = this.#lookForAge(nowMs);
    lookForMore(isBehind || isOld ? 2 : 0);
  }

  #lookBehind(nowMs: number): boolean {
    const { chain, introduced, disconnect, compare, log } = this.#options;
    const ahead = introduced().filter(({ chainWork }) => chainWork > chain.tip.chainWork);
    if (ahead.length === 0) {
      this.#behindSinceMs = undefined;
      return false;
    }
    this.#behindSinceMs ??= nowMs;
    const behindMs = nowMs - this.#behindSinceMs;
    if (behindMs < BEHIND_MS) return false;
    if (!this.#hasToldBehind) {
      this.#hasToldBehind = true;
      const claimed = Math.max(...ahead.map(({ height }) => height));
      log.warn(
        { height: chain.tip.height, claimed, peers: ahead.length },
        'the chain stays behind what peers claim: asking them again, and looking for others',
      );
    }
    compare();
    if (behindMs < UNSHOWN_MS) return true;
    // Whose headers we will not have has shown them.
    const unshown = ahead.filter((peer) => !peer.isRefused && peer.chainWork > chain.bestHeader.chainWork);
    for (const peer of unshown) disconnect(peer, 'claims a chain that it does not show');
    if (unshown.length > 0) this.#behindSinceMs = undefined;
    return true;
  }

  #lookForAge(nowMs: number): boolean {
    const { chain, compare, log } = this.#options;
    const { spacingSec, retargetBlocks } = chain.params;
    const ageSec = (nowMs - this.#sinceMs) / 1000;
    // Where the target never changes, blocks are made when somebody wants one.
    if (retargetBlocks === 0 || ageSec < SLOW_SPACINGS * spacingSec) return false;
    if (!this.#hasToldOld && ageSec >= IMPROBABLE_SPACINGS * spacingSec) {
      this.#hasToldOld = true;
      log.warn(
        { height: chain.tip.height, minutes: Math.round(ageSec / 60) },
        'no block for an improbable time: looking for other peers',
      );
    }
    compare();
    return true;
  }
}
