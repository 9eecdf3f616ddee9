import { isIP } from 'node:net';
import { announceAddress, parsePeerAddress } from '../network/peerAddress.ts';
import { readPayee } from '../rpc/parameters.ts';
import type { NodeConfig } from './config.ts';
import { ConfigError } from './configError.ts';

/**
 * Reads the addresses of a configuration once, before anything is opened: what a person typed wrong is said at once, and
 * not left out with a line in the log, as a bad line of a bootstrap list is.
 * @throws ConfigError
 */
export function checkAddresses({ dnsSeeds, announce, listenHosts, publicKey, params }: NodeConfig): void {
  for (const host of listenHosts) check('listen-host', () => expectIp(host));
  for (const seed of dnsSeeds) check('dns-seed', () => parsePeerAddress(seed));
  for (const address of announce) check('announce', () => announceAddress(address, params.seedPort));
  if (publicKey !== undefined) check('public-key', () => readPayee(publicKey, params));
}

/** Of a name nobody could say which of this machine's addresses is meant. */
function expectIp(host: string): void {
  if (isIP(host) === 0) throw new Error(`"${host}" is not an IP address.`);
}

function check(name: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    throw new ConfigError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}
