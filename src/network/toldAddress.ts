import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { multiaddr } from '@multiformats/multiaddr';
import type { Peer } from './peer.ts';
import {
  hostOf,
  isNowhere,
  isPrivateHost,
  PeerAddressError,
  parsePeerAddress,
  tcpMultiaddr,
} from './peerAddress.ts';

/** The address at which we reached it, with its peer id; undefined when it was the one who dialled. */
export function dialledAddress({ id, address, direction }: Peer): string | undefined {
  if (direction === 'inbound') return undefined;
  return address.includes('/p2p/') ? address : `${address}/p2p/${id}`;
}

/** Where a peer that dialled us says that it listens: its port, at the address that we see. */
export function announcedAddress({ id, address, direction, status }: Peer): string | undefined {
  const host = hostOf(multiaddr(address));
  const port = status?.listenPort ?? 0;
  if (direction === 'outbound' || port === 0 || isIP(host) === 0) return undefined;
  return tcpMultiaddr(host, port, id).toString();
}

/** What one peer tells of another is taken when it can be dialled by IP, and is as public as the one who tells it. */
export function readToldAddress(
  text: string,
  isPrivatePeer: boolean,
): { peerId: string; address: string } | undefined {
  try {
    const address = parsePeerAddress(text);
    if (address.kind !== 'multiaddr' || address.peerId === undefined) return undefined;
    const host = hostOf(address.multiaddr);
    const isName = address.multiaddr.getComponents()[0]?.name.startsWith('dns') ?? true;
    if (isName || isNowhere(host) || (isPrivateHost(host) && !isPrivatePeer)) return undefined;
    return { peerId: address.peerId, address: address.multiaddr.toString() };
  } catch (error) {
    if (error instanceof PeerAddressError) return undefined;
    throw error;
  }
}

/** Whether a peer is on a network of our own. One that was dialled by name is where the name leads. */
export async function isPrivateAddress(address: string): Promise<boolean> {
  const host = hostOf(multiaddr(address));
  if (isIP(host) !== 0 || isPrivateHost(host)) return isPrivateHost(host);
  try {
    return isPrivateHost((await lookup(host)).address);
  } catch {
    return false;
  }
}
