import type { Peer } from './peer.ts';

/** Bitcoin Core warns from the same difference on. */
export const MAX_CLOCK_OFFSET_SEC = 600;

/**
 * How far the clocks of the others are ahead of ours, in seconds: the median of the peers that we chose ourselves or, when
 * there are none, of all; of two in the middle the one nearer to ours, so that one of two peers alone raises no alarm.
 * Undefined without any. Only ever told to the owner: the clock that rules go by is our own.
 */
export function clockOffset(
  peers: readonly Pick<Peer, 'direction' | 'clockOffsetSec'>[],
): number | undefined {
  const chosen = peers.filter(({ direction }) => direction === 'outbound');
  const offsets = (chosen.length > 0 ? chosen : peers).map(({ clockOffsetSec }) => clockOffsetSec);
  offsets.sort((a, b) => a - b);
  const low = offsets[Math.floor((offsets.length - 1) / 2)];
  const high = offsets[Math.floor(offsets.length / 2)];
  if (low === undefined || high === undefined) return undefined;
  return Math.abs(low) < Math.abs(high) ? low : high;
}
