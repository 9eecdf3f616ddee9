import { isIP } from 'node:net';
import { z } from 'zod';
import { MIN_FEE_RATE } from '../mempool/policy.ts';
import type { PeerInfo } from '../network/peerInfo.ts';
import { toCoinsPerKilobyte } from './amounts.ts';
import type { NodeServices } from './nodeServices.ts';
import { flag, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Network';
/** Bitcoin Core's default length of a ban. */
const BAN_SEC = 24 * 3600;
/** libp2p's ids of Ed25519 and other keys, in base 58. */
const PEER_ID = /^(12D3|Qm|16Uiu)[1-9A-HJ-NP-Za-km-z]{40,60}$/;
/** Of our protocols' names. */
const PROTOCOL_VERSION = 1;
/** Bitcoin's bits for a node that has the whole chain, and for one that has its last 288 blocks at the least (BIP159). */
const WHOLE = { services: '0000000000000001', names: ['NETWORK'] };
const PRUNED = { services: '0000000000000400', names: ['NETWORK_LIMITED'] };

export const networkMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'getconnectioncount',
    theme,
    summary: 'How many peers are connected.',
    example: 'indiecoin rpc getconnectioncount',
    parameters: {},
    run: ({ network }) => network.peers().length,
  }),
  rpcMethod({
    name: 'getpeerinfo',
    theme,
    summary: 'Every connected peer.',
    example: 'indiecoin rpc getpeerinfo',
    parameters: {},
    run: ({ network }) => network.peers().map(describePeer),
  }),
  rpcMethod({
    name: 'getnetworkinfo',
    theme,
    summary: 'This node in the network.',
    example: 'indiecoin rpc getnetworkinfo',
    parameters: {},
    run: describeNetwork,
  }),
  rpcMethod({
    name: 'addnode',
    theme,
    summary: 'Connects to a node (add, onetry), or lets go of it (remove).',
    example: 'indiecoin rpc addnode 203.0.113.5:8888 add',
    parameters: { node: text, command: z.enum(['add', 'remove', 'onetry']) },
    run: async ({ network }, { node, command }) => {
      if (command === 'remove') await removePeer(network, node, RPC_ERROR.nodeNotAdded);
      else await addPeer(network, node, command === 'onetry');
      return null;
    },
  }),
  rpcMethod({
    name: 'disconnectnode',
    theme,
    summary: 'Disconnects a peer, by its address or its peer id.',
    example: 'indiecoin rpc disconnectnode <peer id>',
    parameters: { address: text.default(''), nodeid: z.union([z.string(), z.int()]).optional() },
    run: async ({ network }, { address, nodeid }) => {
      const byNumber = typeof nodeid === 'number' ? network.peers()[nodeid]?.peerId : nodeid;
      await removePeer(network, byNumber ?? address, RPC_ERROR.nodeNotConnected);
      return null;
    },
  }),
  rpcMethod({
    name: 'setban',
    theme,
    summary: 'Bans a peer id or an address (add), for bantime seconds or a day; or ends a ban (remove).',
    example: 'indiecoin rpc setban 203.0.113.5 add 3600',
    parameters: {
      subnet: text,
      command: z.enum(['add', 'remove']),
      bantime: whole.default(0),
      absolute: flag.default(false),
    },
    run: setBan,
  }),
  rpcMethod({
    name: 'listbanned',
    theme,
    summary: 'Who is banned, and until when.',
    example: 'indiecoin rpc listbanned',
    parameters: {},
    run: ({ network }) =>
      network.bans().map(({ who, untilSec, reason }) => ({
        address: who,
        banned_until: untilSec,
        time_remaining: Math.max(0, untilSec - Math.floor(Date.now() / 1000)),
        ban_reason: reason,
      })),
  }),
  rpcMethod({
    name: 'clearbanned',
    theme,
    summary: 'Ends all bans.',
    example: 'indiecoin rpc clearbanned',
    parameters: {},
    run: ({ network }) => {
      for (const { who } of network.bans()) network.unban(who);
      return null;
    },
  }),
];

function describePeer(peer: PeerInfo, id: number): Record<string, unknown> {
  const isInbound = peer.direction === 'inbound';
  const height = peer.height ?? -1;
  const { services, names } = peer.lowestHeight > 0 ? PRUNED : WHOLE;
  return {
    id,
    addr: peer.address,
    network: 'not_publicly_routable',
    services,
    servicesnames: names,
    relaytxes: true,
    lastsend: 0,
    lastrecv: 0,
    last_transaction: peer.lastTransactionSec,
    last_block: peer.lastBlockSec,
    bytessent: peer.bytesSent,
    bytesrecv: peer.bytesReceived,
    conntime: peer.connectedSec,
    timeoffset: peer.clockOffsetSec,
    ...(peer.pingMs !== undefined && { pingtime: peer.pingMs / 1000 }),
    version: PROTOCOL_VERSION,
    subver: peer.userAgent ?? '',
    inbound: isInbound,
    startingheight: height,
    synced_headers: height,
    synced_blocks: height,
    connection_type: isInbound ? 'inbound' : 'outbound-full-relay',
    transport_protocol_type: 'libp2p',
    peer_id: peer.peerId,
    tip: peer.tip ?? null,
    lowest_height: peer.lowestHeight,
    score: peer.score,
    points: peer.points,
    ...(peer.fault !== undefined && { fault: peer.fault }),
  };
}

function describeNetwork(parts: NodeServices): Record<string, unknown> {
  const { network, params, version, warnings, chain } = parts;
  const { services, names } = chain.pruning === undefined ? WHOLE : PRUNED;
  const fee = toCoinsPerKilobyte(MIN_FEE_RATE);
  return {
    version: versionNumber(version),
    subversion: `/IndieCoin:${version}/`,
    protocolversion: PROTOCOL_VERSION,
    localservices: services,
    localservicesnames: names,
    localrelay: true,
    timeoffset: 0,
    networkactive: true,
    connections: network.peers().length,
    connections_in: network.inboundCount,
    connections_out: network.outboundCount,
    networks: [],
    relayfee: fee,
    incrementalfee: fee,
    localaddresses: network.addresses(),
    warnings: warnings(),
    peer_id: network.peerId,
    network: params.name,
  };
}

/** 1.2.3 as 10203, in Bitcoin Core's manner. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major * 10_000 + minor * 100 + patch;
}

async function addPeer(network: NodeServices['network'], address: string, isOnce: boolean): Promise<void> {
  try {
    if (isOnce) network.tryPeer(address);
    else await network.addPeer(address);
  } catch (error) {
    throw new RpcError(RPC_ERROR.invalidParameter, (error as Error).message, { cause: error });
  }
}

async function removePeer(network: NodeServices['network'], peer: string, code: number): Promise<void> {
  if (!(await network.removePeer(peer))) throw new RpcError(code, `Not connected to "${peer}"`);
}

async function setBan(
  { network }: NodeServices,
  given: { subnet: string; command: 'add' | 'remove'; bantime: number; absolute: boolean },
): Promise<null> {
  if (isIP(given.subnet) === 0 && !PEER_ID.test(given.subnet)) {
    throw new RpcError(
      RPC_ERROR.invalidIpOrSubnet,
      `Error: "${given.subnet}" is neither an IP address nor a peer id`,
    );
  }
  const isBanned = network.bans().some(({ who }) => who === given.subnet);
  if (given.command === 'remove') {
    if (!isBanned) throw new RpcError(RPC_ERROR.invalidIpOrSubnet, 'Error: Unban failed. Not banned before.');
    network.unban(given.subnet);
    return null;
  }
  if (isBanned) throw new RpcError(RPC_ERROR.nodeAlreadyAdded, 'Error: IP/Subnet already banned');
  const nowSec = Math.floor(Date.now() / 1000);
  const seconds = given.bantime === 0 ? BAN_SEC : given.absolute ? given.bantime - nowSec : given.bantime;
  if (seconds <= 0) throw new RpcError(RPC_ERROR.invalidParameter, 'Error: the ban would have ended already');
  network.ban(given.subnet, seconds);
  return null;
}
