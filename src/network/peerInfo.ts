import type { Traffic } from './connectionTraffic.ts';
import type { Peer } from './peer.ts';

/** A peer as people and programs are shown it. */
export type PeerInfo = Readonly<{
  peerId: string;
  /** No other peer has it while this node runs. */
  number: number;
  /** Connected because a person wants it. */
  isManual: boolean;
  address: string;
  direction: 'inbound' | 'outbound';
  /** Of its tip, by its own words or by what it has shown; undefined before its status is known. */
  height: number | undefined;
  tip: string | undefined;
  /** The lowest block that it has. */
  lowestHeight: number;
  userAgent: string | undefined;
  /** Seconds since 1970. */
  connectedSec: number;
  lastBlockSec: number;
  lastTransactionSec: number;
  /** Gossipsub's, our own opinion included: 0 is neutral. */
  score: number;
  /** For misbehaviour: 100 is a ban. */
  points: number;
  /** The last thing that it was given points for, while it has any. */
  fault: string | undefined;
  traffic: Readonly<Traffic>;
  /** Its clock less ours. */
  clockOffsetSec: number;
  /** Round trip, when it is known. */
  pingMs: number | undefined;
}>;

export function peerInfo(
  peer: Peer,
  about: Pick<PeerInfo, 'isManual' | 'traffic' | 'score' | 'pingMs'>,
): PeerInfo {
  const isKnown = peer.status !== undefined;
  const points = Math.round(peer.points(Date.now()));
  return {
    peerId: peer.id,
    number: peer.number,
    address: peer.address,
    direction: peer.direction,
    height: isKnown ? peer.height : undefined,
    tip: isKnown ? peer.tipHash : undefined,
    lowestHeight: peer.lowestHeight,
    userAgent: peer.status?.userAgent,
    connectedSec: Math.floor(peer.connectedAtMs / 1000),
    lastBlockSec: Math.floor(peer.lastBlockAtMs / 1000),
    lastTransactionSec: Math.floor(peer.lastTransactionAtMs / 1000),
    ...about,
    points,
    fault: points > 0 ? peer.faults.reason : undefined,
    clockOffsetSec: peer.clockOffsetSec,
  };
}
