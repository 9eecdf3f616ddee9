import { multiaddr } from '@multiformats/multiaddr';
import { hostOf, PeerAddressError, parsePeerAddress } from './peerAddress.ts';

/** An address of a node, and what we know of it. Times are seconds since 1970, or 0 for never. */
export type KnownAddress = Readonly<{
  /** Text of the multiaddr, with the peer id: `/ip4/203.0.113.5/tcp/8888/p2p/12D3…`. */
  address: string;
  peerId: string;
  /** Its IP address or name. Kept beside the text, since reading a multiaddr is dear and strangers may ask for many. */
  host: string;
  /** The host of whoever told us. */
  source: string;
  heardSec: number;
  /** When we last dialled it. */
  triedSec: number;
  /** When a dial last ended at this peer: no other address is passed on. */
  succeededSec: number;
  /** The first of all the dials that succeeded since one failed. */
  upSinceSec: number;
  /** Dials that failed since one succeeded. */
  failures: number;
}>;

const DAY_SEC = 24 * 3600;
/** Bitcoin Core's numbers (`AddrInfo::IsTerrible`). */
const JUST_TRIED_SEC = 60;
const NEVER_ANSWERED_FAILURES = 3;
const GONE_FAILURES = 10;
const GONE_SEC = 7 * DAY_SEC;
const HORIZON_SEC = 30 * DAY_SEC;

const MAX_RETRY_SEC = 600;
const LONELY_RETRY_SEC = 5;
/** Addresses not met for so long are not passed on. */
const FRESH_SEC = 3 * DAY_SEC;

/** Whether it may make room for another. */
export function isTerrible(known: KnownAddress, nowSec: number): boolean {
  const { triedSec, succeededSec, heardSec, failures } = known;
  if (nowSec - triedSec < JUST_TRIED_SEC) return false;
  if (nowSec - Math.max(heardSec, succeededSec) > HORIZON_SEC) return true;
  if (succeededSec === 0) return failures >= NEVER_ANSWERED_FAILURES;
  return nowSec - succeededSec > GONE_SEC && failures >= GONE_FAILURES;
}

/** Whether it has rested since the last dial: 15 s after the first failure, then twice as long each time. */
export function isDue({ triedSec, failures }: KnownAddress, nowSec: number, isLonely: boolean): boolean {
  const restSec = failures === 0 ? 0 : Math.min(MAX_RETRY_SEC, 15 * 2 ** (failures - 1));
  // Without any peer none rests for long: it is our own line that fails then.
  const leastSec = isLonely ? LONELY_RETRY_SEC : Math.max(LONELY_RETRY_SEC, restSec);
  // A clock set back must not make it rest for years.
  return Math.abs(nowSec - triedSec) >= leastSec;
}

/** Whether the last dial ended there. */
export function isReached({ succeededSec, failures }: KnownAddress): boolean {
  return succeededSec > 0 && failures === 0;
}

/** Whether others may be told of it: it was reached, and not long ago. */
export function isVerified(known: KnownAddress, nowSec: number): boolean {
  return isReached(known) && nowSec - known.succeededSec < FRESH_SEC;
}

/** An address that nobody has dialled yet. @throws PeerAddressError when it cannot be dialled, or names no peer. */
export function newlyHeard(address: string, source: string, nowSec: number): KnownAddress {
  const parsed = parsePeerAddress(address);
  if (parsed.kind !== 'multiaddr' || parsed.peerId === undefined) {
    throw new PeerAddressError(`"${address}" names no peer.`);
  }
  return {
    address,
    peerId: parsed.peerId,
    host: hostOf(multiaddr(address)),
    source,
    heardSec: nowSec,
    triedSec: 0,
    succeededSec: 0,
    upSinceSec: 0,
    failures: 0,
  };
}

/** What was written to the disk; undefined when it is something else. */
export function readKnownAddress(value: unknown): KnownAddress | undefined {
  const stored = value as Partial<KnownAddress> | null;
  if (typeof stored?.address !== 'string' || typeof stored.source !== 'string') return undefined;
  const { heardSec, triedSec, succeededSec, upSinceSec, failures } = stored;
  const numbers = { heardSec, triedSec, succeededSec, upSinceSec, failures };
  if (!Object.values(numbers).every((number) => Number.isSafeInteger(number) && number! >= 0))
    return undefined;
  try {
    return {
      ...newlyHeard(stored.address, stored.source, 0),
      ...(numbers as Record<keyof typeof numbers, number>),
    };
  } catch (error) {
    if (error instanceof PeerAddressError) return undefined;
    throw error;
  }
}
