import { hashToHex, hashToNumber } from '../bytes/hex.ts';
import {
  checkBits,
  checkProofOfWork,
  checkTimeAfterMedian,
  checkTimeNotAhead,
  checkTimewarp,
  checkVersion,
  MAX_FUTURE_SEC,
  MIN_VERSION,
  minTimeAgainstTimewarp,
  nextBits,
} from '../consensus/checkHeader.ts';
import { type HeaderNode, medianTime } from '../consensus/headerNode.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { BlockHeader } from '../primitives/header.ts';
import { bitsToTarget } from '../primitives/target.ts';
import { isUnknown, judged, ok, type RuleResult, type Unknown, unchecked } from './rule.ts';
import { bitsHex, date, versionText, wide } from './words.ts';

/** What the rules about a header look at besides the header. */
export type HeaderContext = Readonly<{
  params: NetworkParams;
  /** The block before, with the ancestors that the median time and the retarget look at. */
  parent: HeaderNode | Unknown;
  isParentValid: true | Unknown;
  nowSec: number;
}>;

/** Every rule about a header, asked by itself. */
export function headerRules(header: BlockHeader, context: HeaderContext): RuleResult[] {
  const { params, parent, isParentValid, nowSec } = context;
  return [
    isUnknown(isParentValid)
      ? unchecked('bad-prevblk', isParentValid)
      : ok('bad-prevblk', hashToHex(header.previousHash)),
    judged('high-hash', checkProofOfWork(header, params), describeWork(header, params)),
    ...(isUnknown(parent)
      ? CHAIN_CODES.map((code) => unchecked(code, parent))
      : chainRules(header, parent, params)),
    judged(
      'time-too-new',
      checkTimeNotAhead(header, nowSec),
      `${date(header.timeSec)}, at most ${date(nowSec + MAX_FUTURE_SEC)}`,
    ),
    judged(
      'bad-version',
      checkVersion(header),
      `version ${versionText(header.version)}, at least ${MIN_VERSION}`,
    ),
  ];
}

const CHAIN_CODES = ['bad-diffbits', 'time-too-old', 'time-timewarp-attack'] as const;

function chainRules(header: BlockHeader, parent: HeaderNode, params: NetworkParams): RuleResult[] {
  const { bits, timeSec } = header;
  const leastSec = minTimeAgainstTimewarp(parent, params);
  const edge =
    leastSec === 0 ? 'not at the end of a period here' : `${date(timeSec)}, not before ${date(leastSec)}`;
  return [
    judged('bad-diffbits', checkBits(header, parent, params), describeBits(bits, parent, params)),
    judged(
      'time-too-old',
      checkTimeAfterMedian(header, parent),
      `${date(timeSec)}, after ${date(medianTime(parent))}`,
    ),
    judged('time-timewarp-attack', checkTimewarp(header, parent, params), edge),
  ];
}

function describeBits(bits: number, parent: HeaderNode, params: NetworkParams): string {
  const expected = nextBits(parent, params);
  const { retargetBlocks } = params;
  const isAdjusted = retargetBlocks !== 0 && (parent.height + 1) % retargetBlocks === 0;
  const why = isAdjusted ? `adjusted after ${retargetBlocks} blocks` : 'the same as the block before';
  return `${bitsHex(bits)}, wanted ${bitsHex(expected)} (${why})`;
}

function describeWork({ hash, bits }: BlockHeader, { easiestTarget, easiestBits }: NetworkParams): string {
  const target = bitsToTarget(bits);
  if (target === undefined) return `bits ${bitsHex(bits)} stand for no target`;
  if (target > easiestTarget) return `bits ${bitsHex(bits)} are easier than ${bitsHex(easiestBits)}`;
  const number = hashToNumber(hash);
  return `${wide(number)} ${number < target ? '<' : '≥'} ${wide(target)}`;
}
