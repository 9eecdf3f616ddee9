import { hashToHex, hashToNumber } from '../bytes/hex.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { BlockHeader } from '../primitives/header.ts';
import { bitsToTarget, targetToBits } from '../primitives/target.ts';
import { ancestorAt, type HeaderNode, medianTime } from './headerNode.ts';
import type { HeaderRejection } from './rejection.ts';

/** Versions below are from before BIP65; the rules of BIP34, 66 and 65 hold from the first block. */
export const MIN_VERSION = 4;
/** How far ahead of the local clock a block may be. */
export const MAX_FUTURE_SEC = 7200;
/** How far the first block of a retarget period may step back behind the last one before it (BIP54). */
const MAX_TIMEWARP_SEC = 7200;
/** The target changes at most by this factor in one adjustment. */
const MAX_RETARGET_FACTOR = 4;

/**
 * Proof of work, the one rule that costs a stranger something to meet, and so the first that is asked: the hash, as a
 * number, is below the target that the header names, and that target is one the network allows.
 */
export function checkProofOfWork(header: BlockHeader, params: NetworkParams): HeaderRejection | undefined {
  const target = bitsToTarget(header.bits);
  if (target !== undefined && target <= params.easiestTarget && hashToNumber(header.hash) < target)
    return undefined;
  return { code: 'high-hash', hash: hashToHex(header.hash), bits: header.bits };
}

type Check = (
  header: BlockHeader,
  parent: HeaderNode,
  params: NetworkParams,
  nowSec: number,
) => HeaderRejection | undefined;

/** In Bitcoin Core's order (ContextualCheckBlockHeader). Each can be asked by itself. */
const CHECKS: readonly Check[] = [
  checkBits,
  checkTimeAfterMedian,
  checkTimewarp,
  (header, _parent, _params, nowSec) => checkTimeNotAhead(header, nowSec),
  checkVersion,
];

/** The rules that need the chain before it and the clock. */
export function checkHeader(
  header: BlockHeader,
  parent: HeaderNode,
  params: NetworkParams,
  nowSec: number,
): HeaderRejection | undefined {
  for (const check of CHECKS) {
    const rejection = check(header, parent, params, nowSec);
    if (rejection) return rejection;
  }
  return undefined;
}

export function checkBits(
  { bits }: BlockHeader,
  parent: HeaderNode,
  params: NetworkParams,
): HeaderRejection | undefined {
  const expected = nextBits(parent, params);
  return bits === expected ? undefined : { code: 'bad-diffbits', bits, expected };
}

export function checkTimeAfterMedian(
  { timeSec }: BlockHeader,
  parent: HeaderNode,
): HeaderRejection | undefined {
  const medianTimeSec = medianTime(parent);
  return timeSec > medianTimeSec ? undefined : { code: 'time-too-old', timeSec, medianTimeSec };
}

export function checkTimewarp(
  { timeSec }: BlockHeader,
  parent: HeaderNode,
  params: NetworkParams,
): HeaderRejection | undefined {
  const minTimeSec = minTimeAgainstTimewarp(parent, params);
  return timeSec >= minTimeSec ? undefined : { code: 'time-timewarp-attack', timeSec, minTimeSec };
}

export function checkTimeNotAhead({ timeSec }: BlockHeader, nowSec: number): HeaderRejection | undefined {
  const maxTimeSec = nowSec + MAX_FUTURE_SEC;
  return timeSec <= maxTimeSec ? undefined : { code: 'time-too-new', timeSec, maxTimeSec };
}

export function checkVersion({ version }: BlockHeader): HeaderRejection | undefined {
  return version >= MIN_VERSION ? undefined : { code: 'bad-version', version };
}

/** The `bits` that the block after `parent` must have: Bitcoin's retarget, byte for byte. */
export function nextBits(parent: HeaderNode, params: NetworkParams): number {
  const { retargetBlocks, spacingSec, easiestTarget } = params;
  const height = parent.height + 1;
  if (retargetBlocks === 0 || height % retargetBlocks !== 0) return parent.bits;
  const wantedSec = retargetBlocks * spacingSec;
  // From the first block of the period to its last: one interval short, as in Bitcoin since its first release.
  const tookSec = parent.timeSec - ancestorAt(parent, height - retargetBlocks).timeSec;
  const clampedSec = Math.min(
    Math.max(tookSec, Math.floor(wantedSec / MAX_RETARGET_FACTOR)),
    wantedSec * MAX_RETARGET_FACTOR,
  );
  const target = (bitsToTarget(parent.bits)! * BigInt(clampedSec)) / BigInt(wantedSec);
  return targetToBits(target < easiestTarget ? target : easiestTarget);
}

/**
 * The least time that BIP54 leaves to the block after `parent`, 0 where it asks nothing. A period's first block may not
 * step far back behind the one before it, nor its last behind its first: without that, a majority of miners could stretch
 * the periods apart from one another and bring the difficulty down for good (the timewarp and Murch–Zawy attacks).
 */
export function minTimeAgainstTimewarp(parent: HeaderNode, params: NetworkParams): number {
  const { retargetBlocks } = params;
  if (retargetBlocks === 0) return 0;
  const height = parent.height + 1;
  const position = height % retargetBlocks;
  if (position === 0) return parent.timeSec - MAX_TIMEWARP_SEC;
  if (position === retargetBlocks - 1) return ancestorAt(parent, height - position).timeSec;
  return 0;
}
