import { multiaddr } from '@multiformats/multiaddr';
import { addressGroup, hostOf, isPrivateHost } from './peerAddress.ts';

type Candidate = Readonly<{ peerId: string; address: string; host: string }>;

/** With more outbound peers wanted than this, neighbours of one network are better than hardly any. */
const POOR = 4;

/**
 * Whom to dial next, of known addresses in the order to try them: no two, and none with one of the outbound peers that we
 * have, in one address group, since one operator may hold a whole group (eclipse attacks). No peer twice.
 */
export function pickCandidates<T extends Candidate>(
  candidates: Iterable<T>,
  options: { max: number; outbound: readonly string[]; isExcluded: (candidate: T) => boolean },
): T[] {
  const groups = new Set(options.outbound.flatMap((address) => groupOf(hostOf(multiaddr(address)))));
  const peerIds = new Set<string>();
  const picked: T[] = [];
  let spare: T | undefined;
  for (const candidate of candidates) {
    if (picked.length >= options.max) break;
    if (peerIds.has(candidate.peerId) || options.isExcluded(candidate)) continue;
    const [group] = groupOf(candidate.host);
    if (group !== undefined && groups.has(group)) {
      spare ??= candidate;
      continue;
    }
    if (group !== undefined) groups.add(group);
    peerIds.add(candidate.peerId);
    picked.push(candidate);
  }
  return picked.length === 0 && spare !== undefined && options.max > POOR ? [spare] : picked;
}

/** The group that counts for spreading; private addresses are all one's own network. */
function groupOf(host: string): string[] {
  return isPrivateHost(host) ? [] : [addressGroup(host)];
}
