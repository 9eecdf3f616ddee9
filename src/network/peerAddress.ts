import { isIP } from 'node:net';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { mainnet } from '../params/mainnet.ts';

/** Text that is no address, with a sentence for the person who wrote it. */
export class PeerAddressError extends Error {
  override readonly name = 'PeerAddressError';
}

/** Where a node may be: something to dial, or a name under which DNS lists such. */
export type PeerAddress =
  | Readonly<{ kind: 'multiaddr'; multiaddr: Multiaddr; peerId: string | undefined }>
  | Readonly<{ kind: 'dnsaddr'; host: string; peerId: string | undefined }>;

/**
 * Reads `host:port`, `[ipv6]:port`, a multiaddr over TCP, or `/dnsaddr/host`; each multiaddr with or without `/p2p/<id>`.
 * @throws PeerAddressError
 */
export function parsePeerAddress(text: string): PeerAddress {
  const trimmed = text.trim();
  return trimmed.startsWith('/') ? parseMultiaddr(trimmed) : parseHostPort(trimmed);
}

function parseHostPort(text: string): PeerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:\s/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || (match?.[1] !== undefined && isIP(host) !== 6)) {
    const isPortless = isIP(text) !== 0 || /^[^:\s/]+\.[^:\s/]+$/.test(text);
    const missing = isPortless ? ` Its port is missing: at a seed of mainnet it is ${mainnet.seedPort}.` : '';
    throw new PeerAddressError(`"${text}" is not host:port, a multiaddr, or /dnsaddr/host.${missing}`);
  }
  if (port < 1 || port > 65535) throw new PeerAddressError(`"${text}": a port is 1 to 65535.`);
  return { kind: 'multiaddr', multiaddr: tcpMultiaddr(host, port), peerId: undefined };
}

function parseMultiaddr(text: string): PeerAddress {
  let parsed: Multiaddr;
  try {
    parsed = multiaddr(text);
  } catch (cause) {
    throw new PeerAddressError(`"${text}" is not a multiaddr.`, { cause });
  }
  const parts = parsed.getComponents();
  const names = parts.map(({ name }) => name).join(' ');
  const peerId = parts.find(({ name }) => name === 'p2p')?.value;
  if (/^dnsaddr( p2p)?$/.test(names)) return { kind: 'dnsaddr', host: parts[0]!.value!, peerId };
  if (!/^(ip4|ip6|dns|dns4|dns6) tcp( p2p)?$/.test(names)) {
    throw new PeerAddressError(`"${text}": only TCP over ip4, ip6 or dns can be dialled.`);
  }
  if (parts[1]!.value === '0') throw new PeerAddressError(`"${text}": a port is 1 to 65535.`);
  return { kind: 'multiaddr', multiaddr: parsed, peerId };
}

/** `/ip4/…/tcp/…`, `/ip6/…/tcp/…` or `/dns/…/tcp/…`. @throws PeerAddressError when the host cannot be a name. */
export function tcpMultiaddr(host: string, port: number, peerId?: string): Multiaddr {
  const family = isIP(host);
  // A name whose last part is a number is an IPv4 address with a mistake in it: there is no such top-level domain.
  const isName = /^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,251}[a-zA-Z0-9])?$/.test(host) && !/(^|\.)\d+$/.test(host);
  if (family === 0 && !isName) {
    throw new PeerAddressError(`"${host}" is not a host name.`);
  }
  const network = family === 4 ? 'ip4' : family === 6 ? 'ip6' : 'dns';
  return multiaddr(`/${network}/${host}/tcp/${port}${peerId === undefined ? '' : `/p2p/${peerId}`}`);
}

/** Reads what a node shall call itself: `host`, `host:port` or a multiaddr. @throws PeerAddressError */
export function announceAddress(text: string, defaultPort: number): string {
  const isHostAlone = isIP(text) !== 0 || /^[^/:]+$/.test(text);
  const address = isHostAlone ? tcpMultiaddr(text, defaultPort) : readMultiaddr(text);
  const host = hostOf(address);
  if (isNowhere(host) || isUnspecified(host))
    throw new PeerAddressError(`"${text}": no node can be reached at ${host}.`);
  return address.toString();
}

function readMultiaddr(text: string): Multiaddr {
  const address = parsePeerAddress(text);
  if (address.kind === 'multiaddr') return address.multiaddr;
  throw new PeerAddressError(`"${text}": announce a host or a multiaddr.`);
}

/** The multiaddr that a text means, its peer id left out; undefined when it means none. */
export function addressWithoutPeer(text: string): string | undefined {
  try {
    const address = parsePeerAddress(text);
    return address.kind === 'multiaddr' ? address.multiaddr.toString().replace(/\/p2p\/.*$/, '') : undefined;
  } catch (error) {
    if (error instanceof PeerAddressError) return undefined;
    throw error;
  }
}

/** The IP address or host name in a multiaddr. */
export function hostOf(address: Multiaddr): string {
  return address.getComponents()[0]?.value ?? '';
}

/** What one operator is likely to hold many of: the /16 of an IPv4 address, the /32 of an IPv6 one, or the name. */
export function addressGroup(host: string): string {
  switch (isIP(host)) {
    case 4:
      return host.split('.').slice(0, 2).join('.');
    case 6: {
      const groups = expandIp6(host);
      return isIp4InIp6(groups) ? ip4Of(groups).slice(0, 2).join('.') : groups.slice(0, 2).join(':');
    }
    default:
      return host;
  }
}

/**
 * What one subscriber has, and can use any address of: an IPv4 address, or the /64 of an IPv6 one (`2001:db8:1:2::/64`).
 * Names are as they are.
 */
export function subscriberOf(host: string): string {
  if (isIP(host) !== 6) return host;
  const groups = expandIp6(host);
  return isIp4InIp6(groups) ? ip4Of(groups).join('.') : `${groups.slice(0, 4).join(':')}::/64`;
}

/**
 * Whether the address means nothing to strangers: loopback, private, link-local, shared (RFC 6598), for benchmarks (RFC 2544),
 * unspecified.
 * Names are public: what they resolve to is for the one who dials to find.
 */
export function isPrivateHost(host: string): boolean {
  switch (isIP(host)) {
    case 4:
      return isPrivateIp4(host.split('.').map(Number));
    case 6: {
      const groups = expandIp6(host);
      if (isIp4InIp6(groups)) return isPrivateIp4(ip4Of(groups));
      const first = Number.parseInt(groups[0]!, 16);
      const isLocal = (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80;
      return host === '::1' || host === '::' || isLocal;
    }
    default:
      return host === 'localhost';
  }
}

/** Whether the address is one of those for examples in texts (RFC 5737, RFC 3849), which are nobody's. */
export function isForExamples(host: string): boolean {
  switch (isIP(host)) {
    case 4:
      return /^(192\.0\.2|198\.51\.100|203\.0\.113)\./.test(host);
    case 6:
      return addressGroup(host) === '2001:db8';
    default:
      return false;
  }
}

/** What stands for all addresses of a machine: 0.0.0.0, or ::. */
function isUnspecified(host: string): boolean {
  return isIP(host) === 6
    ? expandIp6(host).every((group) => group === '0')
    : /^0\./.test(host) && isIP(host) === 4;
}

/** Whether no node can be there: multicast and reserved addresses. */
export function isNowhere(host: string): boolean {
  switch (isIP(host)) {
    case 4:
      return Number(host.split('.')[0]) >= 224;
    case 6:
      return Number.parseInt(expandIp6(host)[0]!, 16) >= 0xff00;
    default:
      return false;
  }
}

function isPrivateIp4([a = 0, b = 0]: readonly number[]): boolean {
  return (
    a === 127 ||
    a === 10 ||
    a === 0 ||
    (a === 198 && (b === 18 || b === 19)) ||
    (a === 192 && b === 168) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128)
  );
}

/** An IPv4 address in IPv6 clothes, ::ffff:a.b.c.d. */
function isIp4InIp6(groups: readonly string[]): boolean {
  return groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
}

/** The last four bytes, which an IPv6 text holds as two groups. */
function ip4Of(groups: readonly string[]): number[] {
  const [high, low] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  return [high! >> 8, high! & 0xff, low! >> 8, low! & 0xff];
}

/** The eight groups of an IPv6 address, lower case, without leading zeros. */
function expandIp6(host: string): string[] {
  const text = host
    .toLowerCase()
    .replace(/%.*$/, '')
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
      return `${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`;
    });
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...middle, ...right].map((group) => Number.parseInt(group, 16).toString(16));
}
