import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { BanList } from './banList.ts';
import type { ConnectionTraffic } from './connectionTraffic.ts';
import { boundNegotiation } from './negotiation.ts';
import { hostOf, isPrivateHost, subscriberOf } from './peerAddress.ts';
import { PendingInbound } from './pendingInbound.ts';
import type { Shunned } from './shunned.ts';
import { TokenBucket } from './tokenBucket.ts';

/** New connections from one public subscriber. Private addresses are spared: a whole test network may live on one. */
export const INBOUND = { burst: 10, perSec: 5 };
const MAX_ADDRESSES = 10_000;

/** Who is let in at all: not the banned, and no address that knocks too often. */
export function gate(bans: BanList, shunned: Shunned, traffic: ConnectionTraffic): ConnectionGater {
  const knocks = new Map<string, TokenBucket>();
  const pending = new PendingInbound();
  const isKeptOut = (peerId: PeerId) => bans.isBanned(peerId.toString()) || shunned.has(peerId.toString());
  return {
    denyDialMultiaddr: (address) => bans.isBanned(hostOf(address)),
    denyDialPeer: (peerId) => bans.isBanned(peerId.toString()),
    denyInboundConnection: (connection: MultiaddrConnection) => {
      const host = hostOf(connection.remoteAddr);
      if (bans.isBanned(host) || (!isPrivateHost(host) && !mayKnock(knocks, subscriberOf(host)))) return true;
      pending.add(connection);
      boundNegotiation(connection, () => pending.has(connection));
      return false;
    },
    denyInboundEncryptedConnection: isKeptOut,
    denyInboundUpgradedConnection: (peerId, connection) => {
      pending.delete(connection);
      traffic.listen(peerId, connection);
      return false;
    },
    // Whom we dial by an address alone we did not know before.
    denyOutboundEncryptedConnection: isKeptOut,
    denyOutboundUpgradedConnection: (peerId, connection) => {
      traffic.listen(peerId, connection);
      return false;
    },
  };
}

function mayKnock(knocks: Map<string, TokenBucket>, subscriber: string): boolean {
  const nowMs = Date.now();
  const bucket = knocks.get(subscriber) ?? new TokenBucket(INBOUND, nowMs);
  // The least recent one makes room; a Map keeps the order in which its keys were set.
  knocks.delete(subscriber);
  knocks.set(subscriber, bucket);
  if (knocks.size > MAX_ADDRESSES) knocks.delete(knocks.keys().next().value!);
  return bucket.take(nowMs);
}
