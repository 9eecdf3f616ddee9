import type { Logger } from 'pino';
import { blocksProtocol } from '../../protocols/blocks.ts';
import { equalBytes } from '../bytes/bytes.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import type { BlockVerdict } from '../chain/blockVerdict.ts';
import type { Chain } from '../chain/chain.ts';
import { HEADER_BYTES } from '../primitives/header.ts';
import { BlockWindow, BlockWindows, LOOK_MS } from './blockWindows.ts';
import type { Conversation } from './conversation.ts';
import { contains, DownloadTarget } from './downloadTarget.ts';
import { EarlyBlocks, type ReceivedBlock } from './earlyBlocks.ts';
import { MissingBlocks, mayHave, shownChain } from './missingBlocks.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';
import { RequestError } from './request.ts';

/** Blocks asked for at a time from one peer: as many as are likely to fit into an answer, and no more than it may ask. */
const MIN_WINDOW_BLOCKS = 2;
const MAX_WINDOW_BLOCKS = 128;
/** An answer stops before 8 MB; half of that leaves room for blocks that are larger than the last ones were. */
const WINDOW_BYTES = 4_000_000;
/** What the next block is taken to weigh before any has come, and how many the estimate looks back on. */
const FIRST_BLOCK_BYTES = 250_000;
const AVERAGED_BLOCKS = 4;
/** Two, so that the next answer is on its way while the first is read. */
const WINDOWS_A_PEER = 2;
/** In all, those that are late left out: each may bring 8 MB that wait to be read. */
const MAX_WINDOWS = 16;
const MAX_OPEN_WINDOWS = 48;
/** A peer that was asked for nothing for so long has its turn before the second windows of others. */
const PASSED_OVER_MS = 1000;
/** What a peer is asked for before it has shown that it delivers: little is held up if it does not. */
const UNPROVEN_BLOCKS = 4;
/** Bytes on their way to us, by estimate, or here and not committed yet. */
const MAX_PENDING_BYTES = 12_000_000;
/** What a block takes in memory besides its bytes: views, promises, places in lists. */
const BLOCK_OVERHEAD_BYTES = 2000;
/** Bytes of blocks that wait for their parents; above it they go to disk until these come. */
const MAX_EARLY_BYTES = 8_000_000;
/** A peer that sends nothing for so long loses its window; longer once that has happened, in case our line is slow. */
const MIN_STALL_MS = 4000;
const MAX_STALL_MS = 20_000;
/** The whole window, in case a peer sends a trickle. */
const WINDOW_STALLS = 4;
const REST_AFTER_STALL_MS = 20_000;
/** It was slower than others, or silent for a while: twice as long each time. */
const REST_AFTER_LATE_MS = 500;
const MAX_REST_AFTER_LATE_MS = 2000;
const REST_AFTER_SILENCE_MS = 2000;
const REST_AFTER_LACK_MS = 2000;
const MAX_REST_MS = 60_000;
const REST_AFTER_LIMIT_MS = 1000;
const REST_AFTER_FAULT_MS = 5000;
const LIE_POINTS = 100;
const FLOWING_MS = 5000;

export type BlockDownloadOptions = Readonly<{
  chain: Chain;
  peers: PeerTable;
  conversation: Conversation;
  signal: AbortSignal;
  log: Logger;
  /** Nothing is on its way any more. */
  onIdle: () => void;
  /** A peer does not have the blocks: it may have another chain, or none. */
  onLacking: () => void;
}>;

/**
 * Fetches blocks from many peers at once and keeps them flowing into the chain: those of the best header chain from all that
 * may have them, and from a peer that has another chain those of its own.
 */
export class BlockDownload {
  readonly #options: BlockDownloadOptions;
  readonly #target: DownloadTarget;
  readonly #missing: MissingBlocks;
  #turnedTo: BlockNode | undefined;
  readonly #windows = new BlockWindows();
  /** Asked for, here, or in the hands of the chain. */
  readonly #taken = new Set<string>();
  /** Of those, what has come. */
  readonly #here = new Set<BlockNode>();
  /** In the hands of the chain. */
  readonly #handedOver = new Set<BlockNode>();
  readonly #early = new EarlyBlocks();
  #pendingBytes = 0;
  /** Of the blocks that came last, on average. */
  #blockBytes = FIRST_BLOCK_BYTES;
  #willPump = false;
  #stallMs = MIN_STALL_MS;
  #deliveredAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BlockDownloadOptions) {
    this.#options = options;
    this.#target = new DownloadTarget(options.chain, options.peers);
    this.#missing = new MissingBlocks(options.chain, ({ hash, hadBody }) => hadBody || this.#taken.has(hash));
  }

  /** Whether blocks are on their way, or will be asked for when a peer has rested. */
  get isActive(): boolean {
    return this.#taken.size > 0 || this.#target.node !== undefined;
  }

  /** Whether blocks are missing that will be asked for again after a rest. */
  get isHopeful(): boolean {
    return this.#target.isHopeful;
  }

  /** Whether blocks really come. */
  get isFlowing(): boolean {
    return this.isActive && Date.now() - this.#deliveredAtMs < FLOWING_MS;
  }

  /** Whether nothing has come since then, and nothing is coming. */
  isQuietSince(ms: number): boolean {
    return this.#deliveredAtMs < ms && this.#handedOver.size === 0 && !this.#windows.isReceiving;
  }

  /** Whether there is a chain with more work than ours that nobody has the blocks of. */
  get isStarving(): boolean {
    return this.#target.isStarving;
  }

  /** Something changed, such as headers, a peer, a block that was taken: asks for whatever can be asked for now. */
  pump(): void {
    if (this.#options.signal.aborted) return;
    const isConnecting = this.#handedOver.size > 0;
    const before = this.#target.node;
    const target = this.#target.choose(Date.now(), { isWaiting: this.#windows.size > 0, isConnecting });
    if (target === before) this.#missing.refresh();
    else this.#missing.forget();
    if (target !== undefined) {
      this.#turnTo(target);
      this.#askForMore(target);
      this.#rescueLate();
    }
    this.#lookAgainLater();
    if (!this.isActive) this.#options.onIdle();
  }

  /** Who had nothing of one chain may have all of another; one that only grew is the same. */
  #turnTo(target: BlockNode): void {
    const before = this.#turnedTo;
    this.#turnedTo = target;
    if (before === undefined || contains(target, before)) return;
    for (const peer of this.#options.peers.introduced()) {
      peer.lacks = 0;
      peer.lacksUntilMs = 0;
    }
  }

  #askForMore(target: BlockNode): void {
    for (const peer of this.#idlePeers()) {
      if (this.#windows.size >= MAX_OPEN_WINDOWS) return;
      const punctual = this.#windows.punctual();
      if (punctual.length >= MAX_WINDOWS) return;
      // What the chain has in hand gets done; blocks that wait for one that nobody is asked for would wait for ever.
      const isMoving = punctual.length > 0 || this.#handedOver.size > 0;
      if (isMoving && this.#expectedBytes(punctual) >= MAX_PENDING_BYTES) return;
      const nodes = this.#takeFor(peer, target);
      if (nodes.length > 0) void this.#fetch(this.#open(peer, nodes));
    }
  }

  /** Asks others for what is late: a sync must not take as long as the slowest of its peers. */
  #rescueLate(): void {
    const late = this.#windows.toRescue(Date.now());
    const idle = late.length > 0 ? this.#idlePeers() : [];
    for (const window of late) {
      const nodes = window.nodes.filter((node) => !this.#here.has(node) && !node.hadBody);
      const [first] = nodes;
      const last = nodes.at(-1);
      if (first === undefined || last === undefined || this.#windows.size >= MAX_OPEN_WINDOWS) continue;
      const at = idle.findIndex(
        (peer) => peer !== window.peer && mayHave(peer, first) && mayHave(peer, last),
      );
      const [rescuer] = at === -1 ? [] : idle.splice(at, 1);
      if (rescuer === undefined) continue;
      window.rescue = this.#open(rescuer, nodes);
      void this.#fetch(window.rescue);
    }
  }

  #open(peer: Peer, nodes: BlockNode[]): BlockWindow {
    const window = new BlockWindow(peer, nodes, Date.now());
    peer.blocksAskedAtMs = window.startedMs;
    this.#windows.add(window);
    return window;
  }

  /** Looks again when the next peer has rested, or when it is time to give a chain up. */
  #lookAgainLater(): void {
    clearTimeout(this.#timer);
    const nowMs = Date.now();
    const rested = this.#options.peers.introduced().map(availableAtMs);
    const dueMs = Math.min(
      this.#target.dueMs,
      this.#windows.size > 0 ? nowMs + LOOK_MS : Infinity,
      ...rested.filter((untilMs) => untilMs > nowMs),
    );
    if (dueMs === Infinity) return;
    this.#timer = setTimeout(() => this.pump(), Math.max(0, dueMs - nowMs) + 10);
    this.#timer.unref();
  }

  /**
   * Peers that may have what is missing, once for each window that they have free: those that have delivered first, and of
   * these the least busy. Nobody is passed over for long: a few that keep all windows busy may be all on a wrong chain.
   */
  #idlePeers(): Peer[] {
    const { chain, peers } = this.#options;
    const nowMs = Date.now();
    const ready = peers
      .introduced()
      .filter((peer) => availableAtMs(peer) <= nowMs && peer.chainWork > chain.tip.chainWork);
    const slots = ready.flatMap((peer) => {
      const busy = this.#windows.countOf(peer);
      const free = (peer.hasDelivered ? WINDOWS_A_PEER : 1) - busy;
      const isPassedOver = nowMs - peer.blocksAskedAtMs > PASSED_OVER_MS;
      const before = peer.hasDelivered || isPassedOver ? 0 : WINDOWS_A_PEER;
      return Array.from({ length: Math.max(0, free) }, (_, slot) => ({ peer, rank: before + busy + slot }));
    });
    return slots
      .sort((a, b) => a.rank - b.rank || a.peer.blocksAskedAtMs - b.peer.blocksAskedAtMs)
      .map(({ peer }) => peer);
  }

  #expectedBytes(windows: readonly BlockWindow[]): number {
    let blocks = 0;
    for (const { nodes } of windows) blocks += nodes.length;
    return this.#pendingBytes + blocks * (this.#blockBytes + BLOCK_OVERHEAD_BYTES);
  }

  /** The next blocks that this peer can have: of the target, or else of the chain that it has shown. */
  #takeFor(peer: Peer, target: BlockNode): BlockNode[] {
    const fitting = Math.floor(WINDOW_BYTES / this.#blockBytes);
    const largest = peer.hasDelivered ? MAX_WINDOW_BLOCKS : UNPROVEN_BLOCKS;
    const most = Math.min(largest, Math.max(MIN_WINDOW_BLOCKS, fitting));
    let nodes = this.#missing.take(target, peer, most);
    const own = shownChain(peer);
    if (nodes.length === 0 && own !== undefined && !contains(target, own) && this.#target.isWanted(own)) {
      nodes = this.#missing.takeOther(own, peer, most);
    }
    for (const { hash } of nodes) this.#taken.add(hash);
    return nodes;
  }

  async #fetch(window: BlockWindow): Promise<void> {
    const { conversation, log } = this.#options;
    const { peer } = window;
    const whole = new AbortController();
    const timer = setTimeout(() => whole.abort(), this.#stallMs * WINDOW_STALLS);
    const question = { by: 'hash' as const, hashes: window.nodes.map(({ hashBytes }) => hashBytes) };
    try {
      const end = await conversation.ask(peer, blocksProtocol, question, {
        chunkTimeoutMs: this.#stallMs,
        signals: [whole.signal, window.cancel.signal],
        onItems: ([bytes]) => this.#receive(window, bytes!),
        onMissing: () => this.#skip(window),
        onReceived: (bytes) => {
          window.receivedBytes += bytes;
        },
      });
      if (end.status === 'RATE_LIMITED') this.#rest(peer, REST_AFTER_LIMIT_MS);
      else if (window.received === 0) this.#lacking(peer);
      else {
        peer.stalls = 0;
        if (!window.isLate) peer.lates = 0;
        peer.lacks = 0;
        peer.hasDelivered = true;
        this.#windows.noteWhole(window, Date.now());
        this.#stallMs = Math.max(MIN_STALL_MS, this.#stallMs * 0.9);
      }
    } catch (error) {
      if (!(error instanceof RequestError))
        log.error({ peer: peer.id, err: error }, 'blocks could not be fetched');
      if (window.cancel.signal.aborted) this.#late(window);
      else if (error instanceof RequestError && error.kind === 'stalled') this.#stalled(peer);
      else this.#lacking(peer);
    } finally {
      clearTimeout(timer);
      this.#windows.delete(window);
      this.#giveBack(window.nodes);
      this.#windows.cancelIdle((node) => this.#here.has(node) || node.hadBody);
      this.#releaseEarly();
      this.pump();
    }
  }

  /** Others have brought what it was to bring. It may be a good peer on a slow line: it gets less to do. */
  #late({ peer, receivedBytes }: BlockWindow): void {
    const [restMs, maxRestMs] =
      receivedBytes > 0 ? [REST_AFTER_LATE_MS, MAX_REST_AFTER_LATE_MS] : [REST_AFTER_SILENCE_MS, MAX_REST_MS];
    this.#rest(peer, Math.min(maxRestMs, restMs * 2 ** peer.lates++));
    peer.hasDelivered = false;
  }

  #stalled(peer: Peer): void {
    peer.stalls++;
    peer.hasDelivered = false;
    // Only when nobody delivers is it likely to be our own line.
    if (Date.now() - this.#deliveredAtMs > this.#stallMs) {
      this.#stallMs = Math.min(MAX_STALL_MS, this.#stallMs * 1.5);
    }
    this.#options.log.info(
      { peer: peer.id, stalls: peer.stalls },
      'peer stalls: its blocks are asked of others',
    );
    this.#rest(peer, REST_AFTER_STALL_MS * peer.stalls);
  }

  /** It has none of the blocks, or does not speak the protocol: asked ever less often. */
  #lacking(peer: Peer): void {
    peer.lacksUntilMs = Date.now() + Math.min(MAX_REST_MS, REST_AFTER_LACK_MS * 2 ** peer.lacks++);
    this.#options.onLacking();
  }

  #rest(peer: Peer, ms: number): void {
    peer.restsUntilMs = Math.max(peer.restsUntilMs, Date.now() + ms);
  }

  /** What did not come is asked for again, unless it comes otherwise. */
  #giveBack(nodes: readonly BlockNode[]): void {
    const missing = nodes.filter((node) => !this.#here.has(node) && !this.#windows.holds(node));
    if (missing.length === 0) return;
    for (const { hash } of missing) this.#taken.delete(hash);
    this.#missing.forget();
  }

  /** The peer does not have the next block of the window: somebody else may. */
  #skip(window: BlockWindow): void {
    const node = window.nodes.shift();
    if (node !== undefined) this.#giveBack([node]);
  }

  /** @throws RequestError, which ends the window, when it is not the block that was asked for. */
  #receive(window: BlockWindow, bytes: Uint8Array): void {
    const { peers } = this.#options;
    const { peer } = window;
    const node = window.nodes[0];
    if (node === undefined || !equalBytes(bytes.subarray(0, HEADER_BYTES), node.headerBytes)) {
      peers.punish(peer.id, LIE_POINTS, 'blocks/1: not the block that was asked for');
      throw new RequestError('cut', 'not the block that was asked for');
    }
    window.nodes.shift();
    window.received++;
    peer.deliveredBlocks++;
    // Another peer was faster: it is in hand, or came by another way than this one, which must not count it as missing.
    if (this.#here.has(node)) return;
    if (node.hadBody) {
      this.#taken.delete(node.hash);
      return;
    }
    this.#here.add(node);
    this.#blockBytes += (bytes.length - this.#blockBytes) / AVERAGED_BLOCKS;
    this.#deliveredAtMs = Date.now();
    this.#target.noteDelivered(node, this.#deliveredAtMs);
    this.#pendingBytes += bytes.length + BLOCK_OVERHEAD_BYTES;
    const parent = node.parent!;
    if (parent.hadBody || this.#handedOver.has(parent)) this.#handOver({ node, bytes, peer });
    else this.#early.add({ node, bytes, peer });
    if (this.#early.bytes > MAX_EARLY_BYTES) this.#releaseEarly();
  }

  /** What waits for a parent that is not on its way need not wait for it here. */
  #releaseEarly(): void {
    if (this.#windows.size > 0 && this.#early.bytes <= MAX_EARLY_BYTES) return;
    for (const block of this.#early.takeAll()) this.#accept(block);
  }

  /** A block whose parent is there, and what has waited for it. */
  #handOver(first: ReceivedBlock): void {
    const ready = [first];
    for (const block of ready) {
      this.#accept(block);
      ready.push(...this.#early.takeChildren(block.node));
    }
  }

  /** Not awaited: the chain commits blocks that wait together. */
  #accept({ node, bytes, peer }: ReceivedBlock): void {
    const { chain, log } = this.#options;
    this.#handedOver.add(node);
    chain
      .acceptBlock(bytes, { requested: true, source: peer.id })
      .then((verdict) => this.#judge(peer, verdict))
      .catch((error) => {
        // Why, the chain has told who stops the node for it: once, and not for each of a thousand blocks.
        log.debug({ block: node.hash, err: error }, 'a block could not be taken');
        this.#rest(peer, REST_AFTER_FAULT_MS);
      })
      .finally(() => {
        this.#pendingBytes -= bytes.length + BLOCK_OVERHEAD_BYTES;
        this.#handedOver.delete(node);
        this.#here.delete(node);
        this.#taken.delete(node.hash);
        this.#pumpSoon();
      });
  }

  /** Once for all the blocks of a commit. */
  #pumpSoon(): void {
    if (this.#willPump) return;
    this.#willPump = true;
    queueMicrotask(() => {
      this.#willPump = false;
      this.pump();
    });
  }

  #judge(peer: Peer, verdict: BlockVerdict): void {
    if (verdict.status === 'undecodable') {
      this.#options.peers.punish(peer.id, LIE_POINTS, `blocks/1: ${verdict.reason}`);
    }
    if (verdict.status !== 'rejected') return;
    this.#options.peers.punishForRejected(peer.id, 'blocks/1', verdict.rejection);
    this.#rest(peer, REST_AFTER_LACK_MS);
  }
}

/** When blocks may be asked of a peer again. */
function availableAtMs({ restsUntilMs, lacksUntilMs }: Peer): number {
  return Math.max(restsUntilMs, lacksUntilMs);
}
