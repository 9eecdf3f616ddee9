import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { multiaddr } from '@multiformats/multiaddr';
import { announceAddress, hostOf, isForExamples, isPrivateHost } from '../network/peerAddress.ts';
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
  listenHosts: readonly string[];
  /** With the peer id. */
  multiaddrs: readonly string[];
}): SeedNotes {
  const { listenPort, listenHosts, multiaddrs } = options;
  const isIp4Only = listenHosts.every((host) => isIP(host) === 4);
  return {
    multiaddrs,
    dnsaddr: multiaddrs.map((address) => dnsaddrRecord(address, isIp4Only)),
    firewall: [
      `ufw allow ${listenPort}/tcp`,
      `nft add rule inet filter input tcp dport ${listenPort} accept`,
      `iptables -A INPUT -p tcp --dport ${listenPort} -j ACCEPT`,
    ],
  };
}

export function seedLines({ multiaddrs, dnsaddr, firewall }: SeedNotes): string[] {
  return [
    `For those who join through this seed${multiaddrs.length > 1 ? ', any of these' : ''}:`,
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
export function seedAddresses({ announce, listenHosts, params }: NodeConfig): readonly string[] {
  if (announce.length > 0) return announce;
  if (params.retargetBlocks === 0) return [];
  const own = publicAddresses(listenHosts);
  if (own.length > 0) return own;
  throw usageError(
    'A seed must know the address under which others reach it, and none of the addresses of this machine is a public ' +
      'one: `--announce HOST` names it. It is what your provider shows for the server, or what ' +
      '`curl -4 https://icanhazip.com` prints there; a DNS name will do, too. Behind a router, it is the address of the ' +
      `router, which must forward port ${params.seedPort}. For a network of your own, announce the private address.`,
  );
}

/** Of those that are listened on. */
function publicAddresses(listenHosts: readonly string[]): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter((address) => !isPrivateHost(address))
    .filter((address) => listenHosts.includes(address) || listenHosts.includes(anyOf(isIP(address))));
}

/** A sentence for each address under which nobody can reach this node, or not everybody. */
export function announceWarnings({ announce, listenHosts, params }: NodeConfig): string[] {
  return announce.flatMap((text) => {
    const host = hostOf(multiaddr(announceAddress(text, params.seedPort)));
    const family = isIP(host);
    if (family !== 0 && !listensOnFamily(listenHosts, family)) {
      const hosts = [...listenHosts, anyOf(family)].join(',');
      return `${text} is an IPv${family} address, and none of those is listened on: \`--listen-host ${hosts}\` does.`;
    }
    if (params.retargetBlocks === 0) return [];
    if (isForExamples(host)) return `${text} is an address for examples in texts: nobody can reach it.`;
    if (!isPrivateHost(host)) return [];
    return `${text} is a private address: only those on the same network can join through it.`;
  });
}

export function listensOnFamily(listenHosts: readonly string[], family: number): boolean {
  return listenHosts.some((host) => isIP(host) === family);
}

/** What stands for all addresses of a family. */
function anyOf(family: number): string {
  return family === 6 ? '::' : '0.0.0.0';
}
