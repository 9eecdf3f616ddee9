import { Resolver } from 'node:dns/promises';
import { PeerAddressError, parsePeerAddress } from './peerAddress.ts';

const MAX_ENTRIES = 64;
const MAX_DEPTH = 3;
const MAX_LOOKUPS = 16;
const TIMEOUT_MS = 5000;

/**
 * The multiaddrs that DNS lists under a name: TXT records `dnsaddr=/…` of `_dnsaddr.<host>`, each a multiaddr or another
 * dnsaddr. What cannot be read is left out. Never rejects: a name that does not resolve has no addresses today.
 */
export async function resolveDnsaddr(host: string, servers?: readonly string[]): Promise<string[]> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  const found = new Set<string>();
  let lookups = 0;
  const walk = async (name: string, depth: number): Promise<void> => {
    if (lookups++ >= MAX_LOOKUPS) return;
    const records = await resolver.resolveTxt(`_dnsaddr.${name}`).catch((): string[][] => []);
    for (const text of records.map((parts) => parts.join(''))) {
      const address = text.startsWith('dnsaddr=') ? tryParse(text.slice('dnsaddr='.length)) : undefined;
      if (address === undefined || found.size >= MAX_ENTRIES) continue;
      if (address.kind === 'multiaddr') found.add(address.multiaddr.toString());
      else if (depth < MAX_DEPTH) await walk(address.host, depth + 1);
    }
  };
  await walk(host, 1);
  return [...found];
}

function tryParse(text: string): ReturnType<typeof parsePeerAddress> | undefined {
  try {
    return parsePeerAddress(text);
  } catch (error) {
    if (error instanceof PeerAddressError) return undefined;
    throw error;
  }
}
