import { isIP } from 'node:net';
import { multiaddr } from '@multiformats/multiaddr';
import { hostOf, isPrivateHost } from '../../network/peerAddress.ts';
import { listensOnFamily } from '../describeSeed.ts';
import { type Finding, fail, ok, skip, warn } from './finding.ts';
import type { InspectedPlace } from './inspectNodes.ts';
import type { RunningNode } from './nodeChecks.ts';

/** A block may be two hours ahead of a clock, and no more; long before that something is wrong with the clock. */
const CLOCK_WARN_SEC = 60;
const CLOCK_FAIL_SEC = 600;

/** One finding for each node that was asked. */
export function checkPlaces(places: readonly InspectedPlace[], node: RunningNode | undefined): Finding[] {
  const answers = places.some(({ role, inspection }) => role !== 'own' && inspection.kind === 'node');
  // Once a node has met others it needs no seed.
  const isAnyoneThere = answers || (node !== undefined && node.peers.length > 0);
  const listenHosts = node?.settings?.listenHosts;
  return places.map((place) => checkPlace(place, isAnyoneThere, listenHosts));
}

function checkPlace(
  { role, text, address, inspection }: InspectedPlace,
  isAnyoneThere: boolean,
  listenHosts: readonly string[] | undefined,
): Finding {
  const check = { seed: 'seed', given: 'node asked', peer: 'peer', own: 'own address' }[role];
  if (inspection.kind === 'node') {
    const { status, connectMs, answerMs } = inspection;
    const times = `connected in ${Math.round(connectMs)} ms, answers in ${Math.round(answerMs)} ms`;
    return ok(check, `${text}: ${status.userAgent}, height ${status.height}, ${times}`);
  }
  if (inspection.kind === 'other-network') {
    const advice =
      role === 'given' ? `If that one is meant: --network ${inspection.network}.` : 'Take it off the list.';
    return fail(check, `${text}: a node of another network, ${inspection.network}`, advice);
  }
  if (inspection.kind === 'stranger') {
    const found = `${text}: speaks libp2p, but is no node of this network (${inspection.program})`;
    return fail(check, found, 'Take it off the list.');
  }
  if (inspection.kind === 'other-node') {
    const advice =
      role === 'own'
        ? '--announce leads to another machine, or the DNS does.'
        : 'Its identity was lost, or somebody has taken its place: ask who runs it.';
    return fail(check, `${text}: another node answers there than the one that the address names`, advice);
  }
  const found = `${text}: ${inspection.reason}`;
  if (role === 'given')
    return fail(check, found, 'See that the node runs, and that its firewall lets its port in.');
  const family = address === undefined ? 0 : isIP(hostOf(multiaddr(address)));
  if (role === 'own' && family !== 0 && listenHosts !== undefined && !listensOnFamily(listenHosts, family)) {
    const advice = `Take it out of --announce, or let --listen-host have an IPv${family} address, too.`;
    return fail(check, `${found}, as the node listens on ${listenHosts.join(', ')} alone`, advice);
  }
  if (role === 'own') {
    return warn(
      check,
      found,
      'Seen from this machine alone, which says little behind a router: ask from another one, `indiecoin doctor ADDRESS`.',
    );
  }
  if (isAnyoneThere) return warn(check, found, 'Others answer, which is enough.');
  return fail(
    check,
    found,
    'Nobody answers at all: is this machine online? Peers met before are tried as well.',
  );
}

/** Our clock against the middle one of all that were heard, each of them once. */
export function checkClock(places: readonly InspectedPlace[], node: RunningNode | undefined): Finding {
  const byPeer = new Map<string, number>();
  for (const { peer_id, synced_blocks, timeoffset } of node?.peers ?? [])
    if (synced_blocks >= 0) byPeer.set(peer_id, timeoffset);
  for (const { role, inspection } of places)
    if (role !== 'own' && inspection.kind === 'node')
      byPeer.set(inspection.peerId, inspection.clockOffsetSec);
  // Under whatever address it was asked, our own node has our clock.
  if (node !== undefined) byPeer.delete(node.status.peerId);
  const offsets = [...byPeer.values()].sort((a, b) => a - b);
  if (offsets.length === 0) return checkClockByTip(node);
  const offsetSec = offsets[Math.floor(offsets.length / 2)]!;
  const direction = offsetSec > 0 ? 'behind' : 'ahead of';
  const others =
    offsets.length === 1 ? 'the one other node heard' : `the middle one of ${offsets.length} nodes`;
  const found = `${Math.abs(offsetSec)} s ${direction} ${others}`;
  const advice = 'Set the clock: timedatectl set-ntp true. Blocks too far ahead of it are refused.';
  if (Math.abs(offsetSec) > CLOCK_FAIL_SEC) return fail('clock', found, advice);
  if (Math.abs(offsetSec) > CLOCK_WARN_SEC) return warn('clock', found, advice);
  return ok('clock', `right to ${Math.max(1, Math.abs(offsetSec))} s, by ${others}`);
}

/** Without anybody to compare with, the tip says at least that it is not earlier. */
function checkClockByTip(node: RunningNode | undefined): Finding {
  if (node === undefined) return skip('clock', 'nobody to compare it with');
  const aheadSec = node.status.tipTimeSec - Math.floor(Date.now() / 1000);
  if (aheadSec <= CLOCK_WARN_SEC)
    return skip('clock', 'nobody to compare it with; the newest block is not ahead of it');
  return warn(
    'clock',
    `the newest block is ${aheadSec} s ahead of it`,
    'Set the clock: timedatectl set-ntp true',
  );
}

/**
 * Whether others can dial this node. A node passes on only addresses that it has dialled itself, and found true: who passes
 * on ours has been here.
 */
export function checkReachable(places: readonly InspectedPlace[], node: RunningNode | undefined): Finding {
  if (node === undefined) return skip('reachable', 'no node runs here that others could dial');
  const { peerId, addresses } = node.status;
  const asked = places.flatMap(({ text, inspection }) =>
    inspection.kind === 'node' && inspection.peerId !== peerId ? { text, inspection } : [],
  );
  const witnesses = asked.filter(({ inspection }) => passesOn(inspection, peerId));
  if (witnesses.length > 0) {
    const [first] = witnesses;
    const address = first!.inspection.addresses.find(({ multiaddr: one }) => one.endsWith(peerId))!.multiaddr;
    const where = address.replace(/\/p2p\/.*$/, '');
    const who = witnesses.map(({ text }) => text).join(', ');
    return ok(
      'reachable',
      `at ${where}: ${witnesses.length} of ${asked.length} asked have dialled it (${who})`,
    );
  }
  const visitors = node.peers.filter(
    (peer) => peer.inbound && !isPrivateHost(hostOf(multiaddr(peer.multiaddr))),
  );
  if (visitors.length > 0) return ok('reachable', `${visitors.length} peers have come in from outside`);
  const port = /\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1] ?? 'PORT';
  const isPublic = addresses.some((address) => !isPrivateHost(hostOf(multiaddr(address))));
  const found =
    asked.length === 0
      ? 'nobody answers who could tell'
      : `none of the ${asked.length} asked passes on this node's address`;
  const advice = `A node dials it within minutes of meeting it, and passes it on then. If this stays so: \`ufw allow ${port}/tcp\`, and \`indiecoin doctor HOST:${port}\` on another machine.`;
  if (isPublic) return warn('reachable', found, advice);
  return skip('reachable', `${found}; it has no public address, and needs none to take part`);
}

function passesOn({ addresses }: { addresses: readonly { multiaddr: string }[] }, peerId: string): boolean {
  return addresses.some((one) => one.multiaddr.endsWith(`/p2p/${peerId}`));
}
