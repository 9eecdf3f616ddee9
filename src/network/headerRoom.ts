import type { Chain } from '../chain/chain.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';

/**
 * Headers stored above our tip, 50 MB of them: half a year of blocks. The rest follows as blocks come, or whoever makes
 * headers without end would fill our memory, and have all the time of those who ask for them.
 */
export const MAX_AHEAD = 50_000;
/** Where strangers, each with a chain of its own, have had so many stored without blocks, a chain gets less. */
export const CROWDED_HEADERS = 150_000;
/** Enough for blocks to be fetched without a pause: the rest of the chain is asked for as they come. */
export const CROWDED_AHEAD = 4000;
/** And above so many, half a gigabyte, it takes more than to come and show them. */
export const MAX_BLOCKLESS = 500_000;

type Headers = Pick<Chain, 'blocklessCount' | 'tip'>;

/** How far above our tip the headers are stored of a chain that ends here now. */
export function headersAhead(chain: Headers, chainWork: bigint): number {
  // One of many easy blocks may need to go far above our tip before it shows more work than that.
  const isCrowded = chain.blocklessCount > CROWDED_HEADERS && chainWork > chain.tip.chainWork;
  return isCrowded ? CROWDED_AHEAD : MAX_AHEAD;
}

/**
 * Whether this peer's headers are stored at all. When there are too many those of strangers who came to us are not, as there is
 * no end of strangers: only of peers that we have chosen ourselves, while there are any, and of those that have sent blocks.
 */
export function hasHeaderRoom(chain: Headers, peers: Pick<PeerTable, 'introduced'>, peer: Peer): boolean {
  if (chain.blocklessCount <= MAX_BLOCKLESS) return true;
  if (peer.direction === 'outbound' || peer.deliveredBlocks > 0) return true;
  return peers.introduced().every(({ direction }) => direction === 'inbound');
}
