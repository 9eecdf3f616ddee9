import { multiaddr } from '@multiformats/multiaddr';
import { shuffle } from './addressBook.ts';
import { addressGroup, hostOf, isPrivateHost } from './peerAddress.ts';

type Candidate = Readonly<{ peerId: string; address: string }>;

const BEST_FIRST = 5;
/** With more outbound peers wanted than this, neighbours of one network are better than hardly any. */
const POOR = 4;

/**
 * Whom to dial next, of known peers with the best first: no two, and none with one of the outbound peers that we have, in
 * one address group, since one operator may hold a whole group (eclipse attacks).
 */
export function pickCandidates(
  candidates: readonly Candidate[],
  options: { max: number; outbound: readonly string[]; isExcluded: (peerId: string) => boolean },
): Candidate[] {
  const groups = new Set(options.outbound.flatMap(groupOf));
  const picked: Candidate[] = [];
  let spare: Candidate | undefined;
  for (const candidate of mixed(candidates)) {
    if (picked.length >= options.max) break;
    if (options.isExcluded(candidate.peerId)) continue;
    const [group] = groupOf(candidate.address);
    if (group !== undefined && groups.has(group)) {
      spare ??= candidate;
      continue;
    }
    if (group !== undefined) groups.add(group);
    picked.push(candidate);
  }
  return picked.length === 0 && spare !== undefined && options.max > POOR ? [spare] : picked;
}

/** The best first, then the others as they fall: a book full of dead addresses must not hide a living one. */
function mixed<T>(candidates: readonly T[]): T[] {
  return [...candidates.slice(0, BEST_FIRST), ...shuffle(candidates.slice(BEST_FIRST))];
}

/** The group that counts for spreading; private addresses are all one's own network. */
function groupOf(address: string): string[] {
  const host = hostOf(multiaddr(address));
  return isPrivateHost(host) ? [] : [addressGroup(host)];
}
