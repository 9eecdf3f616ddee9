import type { NetworkParams } from '../params/networkParams.ts';
import type { HeaderNode } from './headerNode.ts';
import { isSignalling, lastWindowEnd, signallingVersion, windowBefore } from './versionBits.ts';

/** Soft forks that others have and this program does not: a bit of this mask for each version bit that brought one about. */
export type UnknownRules = Readonly<{
  /** In force for the next block. */
  active: number;
  /** In force from the next window on. */
  lockedIn: number;
}>;

/** How many of the newest blocks have a version that means something unknown. */
export type UnexpectedVersions = Readonly<{ count: number; of: number }>;

const NONE: UnknownRules = { active: 0, lockedIn: 0 };
const BITS = 29;
const SIGNAL_MASK = 0x1fff_ffff;
/** The bits that miners roll as one more nonce: alone they say nothing (BIP320). */
const ROLLED_MASK = 0x1fff_e000;
/** Up to here versions are Bitcoin's from before version bits, whose rules hold from the first block. */
const LAST_PLAIN_VERSION = 4;
const RECENT_BLOCKS = 100;

/** By network and by the last block of a window; what a window brought never changes. */
const known = new WeakMap<NetworkParams, WeakMap<HeaderNode, UnknownRules>>();

/**
 * Whether version bits that no deployment explains have reached the threshold of a window, as Bitcoin Core looks for them
 * (WarningBitsConditionChecker): each bit by itself, with no start and no timeout. Bits that are rolled count too, since each
 * of them is set in every other block only and stays below the threshold.
 */
export function unknownRules(tip: HeaderNode, params: NetworkParams): UnknownRules {
  const { windowBlocks } = params.unknownSignalling;
  const byWindow = known.get(params) ?? new WeakMap<HeaderNode, UnknownRules>();
  known.set(params, byWindow);
  const newWindows: HeaderNode[] = [];
  let rules: UnknownRules | undefined;
  for (let at = lastWindowEnd(tip, windowBlocks); at && !rules; at = windowBefore(at, windowBlocks)) {
    rules = byWindow.get(at);
    if (!rules) newWindows.push(at);
  }
  for (const end of newWindows.reverse()) {
    rules = rules ? rulesAfter(rules, end, params) : NONE;
    byWindow.set(end, rules);
  }
  return rules ?? NONE;
}

/**
 * How many of the last 100 blocks, or of all in a younger chain, have a version that this program would not have given them.
 * That is the early sign, and the only one of a change that is not made by version bits.
 */
export function unexpectedVersions(tip: HeaderNode, params: NetworkParams): UnexpectedVersions {
  let count = 0;
  let of = 0;
  for (let at = tip; at.parent && of < RECENT_BLOCKS; at = at.parent, of++) {
    const { version, parent } = at;
    if (version > LAST_PLAIN_VERSION && (version & ~signallingVersion(parent, params) & ~ROLLED_MASK) !== 0) {
      count++;
    }
  }
  return { count, of };
}

/** The first window decides nothing, as with a deployment that starts at once. */
function rulesAfter(before: UnknownRules, end: HeaderNode, params: NetworkParams): UnknownRules {
  const { windowBlocks, threshold } = params.unknownSignalling;
  const counts = new Array<number>(BITS).fill(0);
  let at = end;
  for (let left = windowBlocks; left > 0 && at.parent; left--, at = at.parent) {
    // Most blocks signal nothing, and of those nothing has to be known.
    if (!isSignalling(at.version) || (at.version & SIGNAL_MASK) === 0) continue;
    const unexpected = at.version & ~signallingVersion(at.parent, params);
    for (let bit = 0; bit < BITS; bit++) counts[bit]! += (unexpected >>> bit) & 1;
  }
  const active = before.active | before.lockedIn;
  const reached = counts.reduce((mask, count, bit) => (count >= threshold ? mask | (1 << bit) : mask), 0);
  return { active, lockedIn: reached & ~active };
}

/** The version bits of a mask. */
export function bitsOf(mask: number): number[] {
  return Array.from({ length: BITS }, (_, bit) => bit).filter((bit) => ((mask >>> bit) & 1) === 1);
}
