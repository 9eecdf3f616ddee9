import type { BlockNode } from '../chain/blockNode.ts';
import type { Peer } from './peer.ts';

/** A window whose bytes come so many times slower than those of others is late: others are asked for its blocks as well. */
const LATE_FACTOR = 4;
/** Not before; and without any other window to measure it by, only when nothing has come for so long. */
const MIN_LATE_MS = 500;
const SILENT_MS = 1500;
/** How long what a whole window took says something of the line. */
const RECENT_MS = 3000;
/** One of which nothing has come, when another that was asked for later has come whole: its blocks are asked of others. */
const OVERTAKEN_MS = 250;
/** What comes in the first packets says little of the rate. */
const MIN_MEASURED_MS = 100;
/** How often it is looked at. */
export const LOOK_MS = 250;

/** Some blocks that one peer is asked for, in this order. */
export class BlockWindow {
  readonly peer: Peer;
  /** Those that have not come. */
  readonly nodes: BlockNode[];
  readonly startedMs: number;
  /** Ends it: others have brought what it was to bring. */
  readonly cancel = new AbortController();
  received = 0;
  /** On the wire, what is not whole yet included. */
  receivedBytes = 0;
  isLate = false;
  /** The same blocks, asked of another peer because this one is late. */
  rescue: BlockWindow | undefined;

  constructor(peer: Peer, nodes: BlockNode[], nowMs: number) {
    this.peer = peer;
    this.nodes = nodes;
    this.startedMs = nowMs;
  }

  /** Bytes a millisecond. */
  rate(nowMs: number): number {
    return this.receivedBytes / Math.max(MIN_MEASURED_MS, nowMs - this.startedMs);
  }
}

/** The windows that are open, and which of them are late. */
export class BlockWindows {
  readonly #open = new Set<BlockWindow>();
  /** The last window that came whole. */
  #whole: { peer: Peer; rate: number; startedMs: number; atMs: number } | undefined;

  get size(): number {
    return this.#open.size;
  }

  add(window: BlockWindow): void {
    this.#open.add(window);
  }

  /** It has ended, well or not. */
  delete(window: BlockWindow): void {
    this.#open.delete(window);
  }

  /** A window came whole: what others may be measured by. */
  noteWhole(window: BlockWindow, nowMs: number): void {
    const { peer, startedMs } = window;
    this.#whole = { peer, rate: window.rate(nowMs), startedMs, atMs: nowMs };
  }

  countOf(peer: Peer): number {
    let count = 0;
    for (const window of this.#open) if (window.peer === peer) count++;
    return count;
  }

  /** Those that keep pace: only these count towards limits, or a few that stall would use them up. */
  punctual(): BlockWindow[] {
    return [...this.#open].filter(({ isLate }) => !isLate);
  }

  /** Finds out which are late, for good; returns those that are to be asked of others too, the lowest first. */
  toRescue(nowMs: number): BlockWindow[] {
    const windows = [...this.#open];
    for (const window of windows) window.isLate ||= this.#fallsBehind(window, nowMs);
    const isOpen = (window: BlockWindow | undefined) => window !== undefined && this.#open.has(window);
    return windows
      .filter((window) => !isOpen(window.rescue) && (window.isLate || this.#isOvertaken(window, nowMs)))
      .sort((a, b) => (a.nodes[0]?.height ?? Infinity) - (b.nodes[0]?.height ?? Infinity));
  }

  /** Whether any of the windows is to bring this block. */
  holds(node: BlockNode): boolean {
    for (const { nodes } of this.#open) if (nodes.includes(node)) return true;
    return false;
  }

  /** Whether somebody who has delivered before is sending. */
  get isReceiving(): boolean {
    for (const { peer, receivedBytes } of this.#open) if (peer.hasDelivered && receivedBytes > 0) return true;
    return false;
  }

  /** Cancels the windows that are late and have nothing left to bring. */
  cancelIdle(isHere: (node: BlockNode) => boolean): void {
    for (const window of this.#open) {
      if (window.isLate && window.nodes.every(isHere)) window.cancel.abort();
    }
  }

  /** No reason to give it up: it may be far away. But what the chain waits for may be had sooner. */
  #isOvertaken({ peer, startedMs, receivedBytes }: BlockWindow, nowMs: number): boolean {
    const whole = this.#whole;
    if (whole === undefined || whole.peer === peer || receivedBytes > 0) return false;
    return nowMs - startedMs >= OVERTAKEN_MS && whole.startedMs > startedMs;
  }

  /** Held against the fastest of the others: where our own line is slow, all are. */
  #fallsBehind(window: BlockWindow, nowMs: number): boolean {
    const ageMs = nowMs - window.startedMs;
    if (ageMs < MIN_LATE_MS) return false;
    const others = [...this.#open].filter((other) => other !== window && other.peer !== window.peer);
    const recent = this.#whole !== undefined && nowMs - this.#whole.atMs < RECENT_MS ? this.#whole.rate : 0;
    const best = Math.max(0, ...others.map((other) => other.rate(nowMs))) || recent;
    if (best <= 0) return ageMs >= SILENT_MS && window.receivedBytes === 0;
    return window.rate(nowMs) * LATE_FACTOR < best;
  }
}
