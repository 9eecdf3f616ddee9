import type { Connection, PeerId } from '@libp2p/interface';
import type { NodeStatus } from '../../protocols/status.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import { addressGroup, hostOf } from './peerAddress.ts';
import { TokenBucket } from './tokenBucket.ts';

/** Points a peer may collect before it is banned; they fade. */
export const BAN_POINTS = 100;
const POINTS_FADE_PER_SEC = 10 / 60;

/** Blocks that a peer may gossip; what else it may is counted by the guard. */
export const GOSSIPED_BLOCKS = { burst: 100, perSec: 5 };

/** What a peer has done wrong, at the time of the last fault. */
export type Faults = Readonly<{ points: number; atMs: number; reason?: string }>;

/** What we know of a node that we are connected to. */
export class Peer {
  readonly id: string;
  /** No other peer has it while this node runs. */
  readonly number: number;
  readonly peerId: PeerId;
  /** Text of the multiaddr of its first connection. */
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  /** The address group that it is counted in. */
  readonly group: string;
  readonly connectedAtMs = Date.now();
  /** Resolves true once its status fits ours, false when it does not or the peer is gone. */
  readonly introduced: Promise<boolean>;

  /** Its words, the last ones. Undefined: nothing that it gossips is looked at yet. */
  status: NodeStatus | undefined;
  height = 0;
  tipHash = '';
  /** Of the chain that it claims, or has shown. */
  chainWork = 0n;
  /** The end of its chain, as far as its headers have shown it. */
  bestNode: BlockNode | undefined;
  /** Its clock less ours, in seconds. */
  clockOffsetSec = 0;

  /** We hung up: that it did not stay long says nothing about it. */
  isSentAway = false;

  lastBlockAtMs = 0;
  lastTransactionAtMs = 0;
  /** When it is to be asked for its mempool; 0 before the first time. */
  mempoolDueAtMs = 0;
  mempoolAskedAtMs = 0;
  /** When blocks were last asked of it. */
  blocksAskedAtMs = 0;
  /** Blocks are not asked of it before: it stalled, or did not have them. */
  restsUntilMs = 0;
  stalls = 0;
  /** How often in a row it brought blocks so slowly that others were faster. */
  lates = 0;
  /** It brought blocks that it was asked for, and has not stalled since. */
  hasDelivered = false;
  /** Blocks that it sent when it was asked for them. */
  deliveredBlocks = 0;
  /** How often in a row it had nothing of what was asked for. */
  lacks = 0;
  lacksUntilMs = 0;
  /** How often in a row it did not answer for headers. */
  headerFailures = 0;
  /** How often in a row its headers did not go on where the last answer ended. */
  detours = 0;
  /** Its chain goes on with a header that we will not have for a reason of ours: our clock, or our owner's word. */
  isRefused = false;
  /** Since when an answer to a request for its headers is waited for. */
  headersAwaitedSinceMs: number | undefined;
  /** Blocks that it sent though it does not have their parents. */
  orphansOfNowhere = 0;
  /** The same of payments. */
  orphanPayments = 0;
  orphanPaymentAtMs = 0;
  /** Its headers are wanted whatever work it claims: it gossiped a block whose parent we lack. */
  isAheadUnseen = false;

  readonly gossipedBlocks: TokenBucket;

  #isCourtesy: boolean;
  #faults: Faults = { points: 0, atMs: 0 };
  #settle: (fits: boolean) => void = () => undefined;

  constructor(connection: Connection, number: number, isCourtesy: boolean) {
    this.number = number;
    this.peerId = connection.remotePeer;
    this.id = this.peerId.toString();
    this.address = connection.remoteAddr.toString();
    this.direction = connection.direction;
    this.group = addressGroup(hostOf(connection.remoteAddr));
    this.#isCourtesy = isCourtesy;
    this.gossipedBlocks = new TokenBucket(GOSSIPED_BLOCKS, this.connectedAtMs);
    this.introduced = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Connected above the limit, or to look alone: gets `status` and `peers`, and not for long. */
  get isCourtesy(): boolean {
    return this.#isCourtesy;
  }

  /** There is a place for it after all. */
  seat(): void {
    this.#isCourtesy = false;
  }

  /** It wants none. */
  unseat(): void {
    this.#isCourtesy = true;
  }

  /** Takes part: its genesis is ours, and it is no courtesy. */
  get isIntroduced(): boolean {
    return this.status !== undefined && !this.isCourtesy;
  }

  /** The lowest block that it has, by its own words: more than 0 when it has pruned those before. */
  get lowestHeight(): number {
    return this.status?.lowestHeight ?? 0;
  }

  introduce(status: NodeStatus): void {
    this.status = status;
    this.height = status.height;
    this.tipHash = hashToHex(status.tipHash);
    this.chainWork = status.chainWork;
    // Its owner may have condemned a block: what it showed before is not its chain any more.
    if (this.bestNode !== undefined && this.bestNode.chainWork > status.chainWork) this.bestNode = undefined;
    this.clockOffsetSec = status.clockSec - Math.floor(Date.now() / 1000);
    this.#settle(true);
  }

  /** It showed a block: its chain is at least that far. */
  showed(node: BlockNode): void {
    if (node.chainWork <= this.chainWork) return;
    this.height = node.height;
    this.tipHash = node.hash;
    this.chainWork = node.chainWork;
    this.bestNode = node;
  }

  /** Nobody needs to wait for its status any more. */
  dismiss(): void {
    this.#settle(false);
  }

  /** What it has done wrong, faded by time. */
  points(nowMs: number): number {
    const { points, atMs } = this.#faults;
    const fadedPoints = ((nowMs - atMs) / 1000) * POINTS_FADE_PER_SEC;
    return Math.max(0, points - Math.max(0, fadedPoints));
  }

  addPoints(points: number, nowMs: number, reason: string): number {
    this.#faults = { points: this.points(nowMs) + points, atMs: nowMs, reason };
    return this.#faults.points;
  }

  get faults(): Faults {
    return this.#faults;
  }

  /** It was here before. */
  restoreFaults(faults: Faults): void {
    this.#faults = faults;
  }
}
