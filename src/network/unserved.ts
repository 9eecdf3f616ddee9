import type { Chain } from '../chain/chain.ts';
import type { PeerTable } from './peerTable.ts';

/** A block that is needed next, and that nobody who is connected has. */
export type Unserved = Readonly<{
  height: number;
  peers: number;
  /** The lowest block that any of them has. */
  lowestHeight: number;
}>;

/** Whether all peers that are ahead of us have pruned the block that is needed next. */
export function findUnserved(chain: Chain, peers: PeerTable): Unserved | undefined {
  const ahead = peers.introduced().filter(({ chainWork }) => chainWork > chain.tip.chainWork);
  const [next] = ahead.length > 0 ? chain.missingBodies(chain.bestHeader, 1) : [];
  if (next === undefined) return undefined;
  const lowestHeight = Math.min(...ahead.map((peer) => peer.lowestHeight));
  if (lowestHeight <= next.height) return undefined;
  return { height: next.height, peers: ahead.length, lowestHeight };
}
