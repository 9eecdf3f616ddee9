import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { multiaddr } from '@multiformats/multiaddr';
import { announceAddress, hostOf, isPrivateHost } from '../network/peerAddress.ts';
import type { NodeConfig } from '../node/config.ts';
import { usageError } from './cliError.ts';

/** What an operator tells others of a seed, and does for it outside of this program. */
export type SeedNotes = Readonly<{
  /** For a bootstrap list or `--dns-seed`, the peer id at its end. */
  multiaddrs: readonly string[];
  /** Lines of a zone file: with them `/dnsaddr/<domain>` is enough to join. */
  dnsaddr: readonly string[];
  /** Commands that open the port, each enough by itself. */
  firewall: readonly string[];
}>;

/** Stands in the record for a domain that this program cannot know. */
const SOME_DOMAIN = 'YOUR-DOMAIN';

export function seedNotes(options: {
  listenPort: number;
  listenHost: string;
  /** With the peer id. */
  multiaddrs: readonly string[];
}): SeedNotes {
  const { listenPort, listenHost, multiaddrs } = options;
  return {
    multiaddrs,
    dnsaddr: multiaddrs.map((address) => dnsaddrRecord(address, isIP(listenHost) === 4)),
    firewall: [
      `ufw allow ${listenPort}/tcp`,
      `nft add rule inet filter input tcp dport ${listenPort} accept`,
      `iptables -A INPUT -p tcp --dport ${listenPort} -j ACCEPT`,
    ],
  };
}

export function seedLines({ multiaddrs, dnsaddr, firewall }: SeedNotes): string[] {
  return [
    'For those who join through this seed, any of these:',
    ...multiaddrs.map((address) => `  --dns-seed ${address}`),
    'To publish it in the DNS, so that --dns-seed /dnsaddr/DOMAIN is enough:',
    ...dnsaddr.map((record) => `  ${record}`),
    'If a firewall runs here, the one of these that is yours lets others in:',
    ...firewall.map((command) => `  ${command}`),
  ];
}

/** A name is looked up for IPv4 alone where only that is listened on: dialling an IPv6 address of it would fail. */
function dnsaddrRecord(address: string, isIp4Only: boolean): string {
  const host = hostOf(multiaddr(address));
  const domain = isIP(host) === 0 ? host : SOME_DOMAIN;
  const value = isIp4Only ? address.replace(/^\/dns\//, '/dns4/') : address;
  return `_dnsaddr.${domain}. 300 IN TXT "dnsaddr=${value}"`;
}

/**
 * What a seed shall call itself: what it was told, or else the public addresses of this machine. On a network for tests
 * those of all interfaces will do, as with any node.
 * @throws CliError when nobody could reach it
 */
export function seedAddresses({ announce, listenHost, params }: NodeConfig): readonly string[] {
  if (announce.length > 0) return announce;
  if (params.retargetBlocks === 0) return [];
  const own = publicAddresses(listenHost);
  if (own.length > 0) return own;
  throw usageError(
    'A seed must know the address under which others reach it, and none of the addresses of this machine is a public ' +
      'one: `--announce HOST` names it. It is what your provider shows for the server, or what ' +
      '`curl -4 https://icanhazip.com` prints there; a DNS name will do, too. Behind a router, it is the address of the ' +
      `router, which must forward port ${params.seedPort}. For a network of your own, announce the private address.`,
  );
}

/** Of the kind that is listened on. */
function publicAddresses(listenHost: string): string[] {
  const family = isIP(listenHost) === 6 ? 'IPv6' : 'IPv4';
  const isAny = listenHost === '0.0.0.0' || listenHost === '::';
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((one) => one.family === family && !isPrivateHost(one.address))
    .map(({ address }) => address)
    .filter((address) => isAny || address === listenHost);
}

/** A sentence for each address that means nothing to strangers. */
export function privateAddressWarnings({ announce, params }: NodeConfig): string[] {
  if (params.retargetBlocks === 0) return [];
  return announce
    .filter((text) => isPrivateHost(hostOf(multiaddr(announceAddress(text, params.seedPort)))))
    .map((text) => `${text} is a private address: only those on the same network can join through it.`);
}
