import type { Logger } from 'pino';
import type { Chain } from '../chain/chain.ts';
import type { Conversation } from './conversation.ts';
import { hasHeaderRoom, headersAhead } from './headerRoom.ts';
import { type ShownChain, syncHeaders } from './headerSync.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';

/** A peer that has not answered for so long is not waited for alone: twice as many are asked, and so on. */
export const SILENT_MS = 300;
/** So long it may keep us from thinking that we have caught up, when others have answered. */
const PROMISE_MS = 1000;
/** Headers come, and there is no end to them, or nothing of them has been stored: one more peer is asked, each time. */
const LONG_MS = 1000;
/** Peers asked at the same time. */
export const MAX_WALKS = 16;
/** A peer whose headers led to nothing is asked again after that, and after twice as long each time. */
const REST_MS = 10_000;
const MAX_REST_MS = 600_000;
/** A peer that failed to show its headers so often is no reason to wait, even if there is nobody else. */
export const HOPELESS_FAILURES = 2;
/** For a claim of more work than its headers show, from the second in a row on: the fourth is a ban. */
export const FALSE_CLAIM_POINTS = 40;

/** For a block whose parent its sender does not have, from the fourth on: a reorganization may explain a few. */
export const NOWHERE_POINTS = 10;
const FREE_NOWHERE = 3;

export type HeaderSearchOptions = Readonly<{
  chain: Chain;
  peers: PeerTable;
  conversation: Conversation;
  signal: AbortSignal;
  log: Logger;
  /** Whether nobody has the blocks of our best headers: the chains of the others count too. */
  isStarving: () => boolean;
  /** New headers are stored: their blocks can be fetched. */
  onHeaders: () => void;
  /** A peer is being asked, or has answered or failed. */
  onChange: () => void;
}>;

/** Being asked for its headers. */
type Walk = { startedMs: number; answeredMs: number };

/** Asks those who are ahead for their headers: the one that claims the most work first, others when it holds us up. */
export class HeaderSearch {
  readonly #options: HeaderSearchOptions;
  readonly #walks = new Map<Peer, Walk>();
  readonly #restUntilMs = new WeakMap<Peer, number>();
  /** Those that have shown what they claimed. */
  readonly #answered = new WeakSet<Peer>();
  /** The parent of the last block that a peer sent too early. */
  readonly #owedParents = new WeakMap<Peer, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeaderSearchOptions) {
    this.#options = options;
  }

  /** Asks whoever is to be asked now. */
  wake(): void {
    clearTimeout(this.#timer);
    if (this.#options.signal.aborted) return;
    for (let wanted = this.#wantedWalks(); this.#walks.size < wanted; ) {
      const peer = this.#nextToAsk();
      if (peer === undefined) break;
      this.#walks.set(peer, { startedMs: Date.now(), answeredMs: Date.now() });
      void this.#walk(peer);
    }
    if (this.#walks.size === 0) return;
    this.#timer = setTimeout(() => {
      this.wake();
      this.#options.onChange();
    }, SILENT_MS);
    this.#timer.unref();
  }

  /** A block came whose ancestors the peer must have: they are asked for soon, unless it failed to show them before. */
  urge(peer: Peer, missingParent?: string): void {
    peer.isAheadUnseen = true;
    if (missingParent !== undefined) this.#owedParents.set(peer, missingParent);
    if (peer.headerFailures < HOPELESS_FAILURES) this.#restUntilMs.delete(peer);
  }

  /** Whether somebody may yet turn out to be ahead of us: those that answered before, or have just been asked. */
  get isPromising(): boolean {
    const { chain, peers } = this.#options;
    const nowMs = Date.now();
    const others = peers.introduced();
    const hasAnyAnswered = others.some((peer) => this.#answered.has(peer));
    // The first to be asked is one that has never failed, if there is one.
    const next = this.#nextToAsk();
    if (next !== undefined && (!hasAnyAnswered || next.headerFailures === 0)) return true;
    return others.some((peer) => {
      const walk = this.#walks.get(peer);
      if (walk !== undefined) return !hasAnyAnswered || nowMs - walk.answeredMs < PROMISE_MS;
      const patience = hasAnyAnswered ? 1 : HOPELESS_FAILURES;
      return peer.chainWork > chain.bestHeader.chainWork && peer.headerFailures < patience;
    });
  }

  /** One, and more only where that one keeps us waiting: asked at once, a dozen that say nothing would cost seconds each. */
  #wantedWalks(): number {
    const nowMs = Date.now();
    const walks = [...this.#walks.values()];
    const answering = walks.filter(({ answeredMs }) => nowMs - answeredMs < SILENT_MS);
    if (answering.length === 0) return Math.min(MAX_WALKS, Math.max(1, 2 * walks.length));
    const isLong = answering.every(({ startedMs }) => nowMs - startedMs >= LONG_MS);
    return isLong ? Math.min(MAX_WALKS, walks.length + 1) : walks.length;
  }

  async #walk(peer: Peer): Promise<void> {
    const { chain, peers, onHeaders, onChange, log } = this.#options;
    // Before the request: a block that arrives while it is under way is news that its answer may not have.
    peer.isAheadUnseen = false;
    peer.headersAwaitedSinceMs = Date.now();
    const owedParent = this.#owedParents.get(peer);
    this.#owedParents.delete(peer);
    onChange();
    try {
      const shown = await syncHeaders(peer, {
        ...this.#options,
        onAnswer: () => this.#noteAnswer(peer),
        onHeaders,
      });
      if (shown === undefined) this.#letRest(peer);
      else this.#judge(peer, shown);
      // Its claim was a hint; from here on it is worth what its headers have shown.
      if (shown !== undefined) {
        if (!shown.isCut) peer.chainWork = shown.chainWork;
        else if (!hasHeaderRoom(chain, peers, peer)) this.#askAgainAfter(peer, REST_MS);
        if (peer.bestNode !== shown.node) {
          // What it lacked was of a chain that is not its own.
          peer.lacks = 0;
          peer.lacksUntilMs = 0;
        }
        peer.bestNode = shown.node;
        if (shown.isWhole && shown.node !== undefined) this.#judgeOrphan(peer, owedParent);
      }
    } catch (error) {
      log.error({ peer: peer.id, err: error }, 'headers could not be taken');
      this.#letRest(peer);
    }
    this.#walks.delete(peer);
    peer.headersAwaitedSinceMs = undefined;
    onChange();
    this.wake();
  }

  #noteAnswer(peer: Peer): void {
    const walk = this.#walks.get(peer);
    if (walk !== undefined) walk.answeredMs = Date.now();
    peer.headersAwaitedSinceMs = Date.now();
  }

  #judge(peer: Peer, { chainWork, claimedWork, isWhole, isRefused }: ShownChain): void {
    peer.isRefused = isRefused;
    if (isRefused || !isWhole || chainWork >= claimedWork) {
      this.#answered.add(peer);
      peer.headerFailures = 0;
      return;
    }
    // Once may be a reorganization so deep that it goes on in parts.
    const points = peer.headerFailures > 0 ? FALSE_CLAIM_POINTS : 0;
    this.#options.peers.punish(peer.id, points, 'headers/1: less work than its status claims');
    this.#letRest(peer);
  }

  /** It has shown all that it has, and what its block hangs on was not among it. */
  #judgeOrphan(peer: Peer, owedParent: string | undefined): void {
    if (owedParent === undefined || this.#options.chain.node(owedParent) !== undefined) return;
    if (++peer.orphansOfNowhere <= FREE_NOWHERE) return;
    this.#options.peers.punish(
      peer.id,
      NOWHERE_POINTS,
      'blocks/1: it does not have the parents of its blocks',
    );
  }

  #letRest(peer: Peer): void {
    this.#askAgainAfter(peer, Math.min(MAX_REST_MS, REST_MS * 2 ** peer.headerFailures++));
  }

  #askAgainAfter(peer: Peer, restMs: number): void {
    this.#restUntilMs.set(peer, Date.now() + restMs);
    setTimeout(() => this.wake(), restMs + 10).unref();
  }

  /**
   * The peer that claims the most work, if it is more than our best header's; while nobody has the blocks of that, or the
   * peer has not, if it is more than the peer has shown. Those that did not answer before come last:
   * a few that claim everything and say nothing must not keep the others from being asked. A claim costs nothing: where the
   * first is not done soon, it is the turn of those whom we have chosen ourselves, and have known for long.
   */
  #nextToAsk(): Peer | undefined {
    const { chain, peers, isStarving } = this.#options;
    const nowMs = Date.now();
    const isHungry = isStarving();
    let best: Peer | undefined;
    for (const peer of peers.introduced()) {
      if (this.#walks.has(peer) || (this.#restUntilMs.get(peer) ?? 0) > nowMs) continue;
      const known = isHungry || peer.lacks > 0 ? (peer.bestNode ?? chain.tip) : chain.bestHeader;
      if (!peer.isAheadUnseen && peer.chainWork <= known.chainWork) continue;
      // It has shown enough for now: the rest of its chain is asked for when blocks have come.
      const { bestNode } = peer;
      const ahead = bestNode === undefined ? 0 : headersAhead(chain, bestNode.chainWork);
      if (bestNode !== undefined && bestNode.height > chain.tip.height + ahead / 2) continue;
      if (best === undefined || this.#isBetter(peer, best)) best = peer;
    }
    return best;
  }

  #isBetter(peer: Peer, other: Peer): boolean {
    if (peer.headerFailures !== other.headerFailures) return peer.headerFailures < other.headerFailures;
    if (this.#walks.size === 0) return peer.chainWork > other.chainWork;
    return peer.direction === 'outbound' && other.direction === 'inbound';
  }
}
