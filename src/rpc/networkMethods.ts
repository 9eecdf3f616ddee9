import { isIP } from 'node:net';
import { z } from 'zod';
import { MIN_FEE_RATE } from '../mempool/policy.ts';
import { isPrivateHost, subscriberOf } from '../network/peerAddress.ts';
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
/** The release of Bitcoin Core whose RPC this one follows: clients choose what they ask for by it. */
const DIALECT = 280_000;
const NO_UPLOAD_TARGET = {
  timeframe: 86_400,
  target: 0,
  target_reached: false,
  serve_historical_blocks: true,
  bytes_left_in_cycle: 0,
  time_left_in_cycle: 0,
};
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
    name: 'getaddednodeinfo',
    theme,
    summary: 'The nodes that were added by addnode, and whether they are connected.',
    example: 'indiecoin rpc getaddednodeinfo',
    parameters: { node: text.optional() },
    run: ({ network }, { node }) => {
      const wanted = network.wantedPeers().filter(({ text: typed }) => node === undefined || typed === node);
      if (node !== undefined && wanted.length === 0) {
        throw new RpcError(RPC_ERROR.nodeNotAdded, 'Error: Node has not been added.');
      }
      return wanted.map(({ text: addednode, peers }) => ({
        addednode,
        connected: peers.length > 0,
        addresses: peers.map(({ address, direction }) => ({
          address: hostAndPort(address),
          connected: direction,
        })),
      }));
    },
  }),
  rpcMethod({
    name: 'getnettotals',
    theme,
    summary: 'Bytes that went over the wire with all peers since the start.',
    example: 'indiecoin rpc getnettotals',
    parameters: {},
    run: ({ network }) => ({
      totalbytesrecv: network.traffic().receivedBytes,
      totalbytessent: network.traffic().sentBytes,
      timemillis: Date.now(),
      uploadtarget: NO_UPLOAD_TARGET,
    }),
  }),
  rpcMethod({
    name: 'disconnectnode',
    theme,
    summary: 'Disconnects a peer, by its address or its peer id.',
    example: 'indiecoin rpc disconnectnode <peer id>',
    parameters: { address: text.default(''), nodeid: z.union([z.string(), z.int()]).optional() },
    run: disconnectNode,
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
      network.bans().map(({ who, createdSec, untilSec, reason }) => ({
        address: who,
        ban_created: createdSec,
        banned_until: untilSec,
        ban_duration: untilSec - createdSec,
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

function describePeer(peer: PeerInfo): Record<string, unknown> {
  const isInbound = peer.direction === 'inbound';
  const { traffic } = peer;
  const height = peer.height ?? -1;
  const { services, names } = peer.lowestHeight > 0 ? PRUNED : WHOLE;
  return {
    id: peer.number,
    addr: hostAndPort(peer.address),
    multiaddr: peer.address,
    network: networkOf(peer.address),
    services,
    servicesnames: names,
    relaytxes: true,
    lastsend: Math.floor(traffic.sentAtMs / 1000),
    lastrecv: Math.floor(traffic.receivedAtMs / 1000),
    last_transaction: peer.lastTransactionSec,
    last_block: peer.lastBlockSec,
    bytessent: traffic.sentBytes,
    bytesrecv: traffic.receivedBytes,
    conntime: peer.connectedSec,
    timeoffset: peer.clockOffsetSec,
    ...(peer.pingMs !== undefined && { pingtime: peer.pingMs / 1000 }),
    version: PROTOCOL_VERSION,
    subver: peer.userAgent ?? '',
    inbound: isInbound,
    bip152_hb_to: false,
    bip152_hb_from: false,
    startingheight: height,
    synced_headers: height,
    synced_blocks: height,
    permissions: [],
    connection_type: isInbound ? 'inbound' : peer.isManual ? 'manual' : 'outbound-full-relay',
    transport_protocol_type: 'libp2p',
    session_id: '',
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
    version: DIALECT,
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
    networks: ['ipv4', 'ipv6'].map((name) => ({
      name,
      limited: false,
      reachable: true,
      proxy: '',
      proxy_randomize_credentials: false,
    })),
    relayfee: fee,
    incrementalfee: fee,
    localaddresses: network.addresses().map((address) => ({ ...partsOf(address), score: 1 })),
    multiaddrs: network.addresses(),
    warnings: warnings(),
    peer_id: network.peerId,
    network: params.name,
  };
}

/** Of a multiaddr over TCP: the IP address or name, and the port. */
function partsOf(address: string): { address: string; port: number } {
  const [, , host = '', , port = '0'] = address.split('/');
  return { address: host, port: Number(port) };
}

/** As other programs write a multiaddr over TCP: `203.0.113.5:8888`, `[2001:db8::1]:8888`. */
function hostAndPort(multiaddr: string): string {
  const { address, port } = partsOf(multiaddr);
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

function networkOf(multiaddr: string): string {
  const { address } = partsOf(multiaddr);
  if (isPrivateHost(address)) return 'not_publicly_routable';
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

async function disconnectNode(
  { network }: NodeServices,
  { address, nodeid }: { address: string; nodeid?: string | number | undefined },
): Promise<null> {
  if ((address === '') === (nodeid === undefined)) {
    throw new RpcError(RPC_ERROR.invalidParameter, 'Only one of address and nodeid should be provided.');
  }
  const wanted = network
    .peers()
    .find((peer) =>
      nodeid === undefined
        ? [hostAndPort(peer.address), peer.address, peer.peerId].includes(address)
        : [String(peer.number), peer.peerId].includes(String(nodeid)),
    );
  await removePeer(network, wanted?.peerId ?? address, RPC_ERROR.nodeNotConnected);
  return null;
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
  const who = bannable(given.subnet);
  if (who === undefined) {
    throw new RpcError(
      RPC_ERROR.invalidIpOrSubnet,
      `Error: "${given.subnet}" is no IP address, no /64 of IPv6 addresses, and no peer id`,
    );
  }
  const isBanned = network.bans().some((ban) => ban.who === who);
  if (given.command === 'remove') {
    if (!isBanned) throw new RpcError(RPC_ERROR.invalidIpOrSubnet, 'Error: Unban failed. Not banned before.');
    network.unban(who);
    return null;
  }
  if (isBanned) throw new RpcError(RPC_ERROR.nodeAlreadyAdded, 'Error: IP/Subnet already banned');
  const nowSec = Math.floor(Date.now() / 1000);
  const seconds = given.bantime === 0 ? BAN_SEC : given.absolute ? given.bantime - nowSec : given.bantime;
  if (seconds <= 0) throw new RpcError(RPC_ERROR.invalidParameter, 'Error: the ban would have ended already');
  network.ban(who, seconds);
  return null;
}

/** What a ban is of; undefined for larger subnets, which no ban reaches. */
function bannable(subnet: string): string | undefined {
  if (PEER_ID.test(subnet)) return subnet;
  const [host = '', bits] = subnet.split('/', 2);
  const family = isIP(host);
  if (family === 0 || subnet.split('/').length > 2) return undefined;
  if (bits === undefined || bits === (family === 4 ? '32' : '128')) return host;
  return family === 6 && bits === '64' ? subscriberOf(host) : undefined;
}
