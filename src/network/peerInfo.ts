import type { Peer } from './peer.ts';

/** A peer as people and programs are shown it. */
export type PeerInfo = Readonly<{
  peerId: string;
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
  bytesReceived: number;
  bytesSent: number;
  /** Its clock less ours. */
  clockOffsetSec: number;
  /** Round trip, when it is known. */
  pingMs: number | undefined;
}>;

export function peerInfo(peer: Peer, score: number, pingMs: number | undefined): PeerInfo {
  const isKnown = peer.status !== undefined;
  const points = Math.round(peer.points(Date.now()));
  return {
    peerId: peer.id,
    address: peer.address,
    direction: peer.direction,
    height: isKnown ? peer.height : undefined,
    tip: isKnown ? peer.tipHash : undefined,
    lowestHeight: peer.lowestHeight,
    userAgent: peer.status?.userAgent,
    connectedSec: Math.floor(peer.connectedAtMs / 1000),
    lastBlockSec: Math.floor(peer.lastBlockAtMs / 1000),
    lastTransactionSec: Math.floor(peer.lastTransactionAtMs / 1000),
    score,
    points,
    fault: points > 0 ? peer.faults.reason : undefined,
    bytesReceived: peer.bytesReceived,
    bytesSent: peer.bytesSent,
    clockOffsetSec: peer.clockOffsetSec,
    pingMs,
  };
}
