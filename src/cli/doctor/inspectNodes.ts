import { VISITOR_AGENT } from '../../../protocols/status.ts';
import { readBootstrapList } from '../../network/bootstrapList.ts';
import { resolveDnsaddr } from '../../network/dnsaddr.ts';
import { type Inspection, Inspector } from '../../network/inspector.ts';
import { PeerAddressError, parsePeerAddress } from '../../network/peerAddress.ts';
import type { NodeConfig } from '../../node/config.ts';
import { VERSION } from '../version.ts';

/** Asked at the same time; and in all, seeds that one name stands for included. */
const AT_ONCE = 8;
const MAX_ADDRESSES = 64;
/** Peers of the running node that are asked, too. */
const MAX_PEERS_ASKED = 4;

/** Where a node may be, and why it is asked. */
export type Place = Readonly<{
  /** As a person wrote it. */
  text: string;
  /** `given`: on the command line. `own`: under which the node of this machine is announced. */
  role: 'seed' | 'given' | 'peer' | 'own';
  /** What to dial, or why nothing can be. */
  address: string | undefined;
  problem?: string;
}>;

export type InspectedPlace = Place & Readonly<{ inspection: Inspection }>;

/** All that are to be asked, each once. */
export async function placesToAsk(
  { params, dnsSeeds, useBootstrapList }: NodeConfig,
  more: { given: readonly string[]; peers: readonly string[]; own: readonly string[] },
): Promise<Place[]> {
  const seeds = [...(useBootstrapList ? await readBootstrapList(params) : []), ...dnsSeeds];
  const wanted: readonly [Place['role'], readonly string[]][] = [
    ['own', more.own],
    ['given', more.given],
    ['seed', seeds],
    ['peer', more.peers.slice(0, MAX_PEERS_ASKED)],
  ];
  const places = new Map<string, Place>();
  for (const [role, texts] of wanted) {
    for (const place of (await Promise.all(texts.map((text) => placesOf(text, role)))).flat()) {
      const key = place.address?.replace(/\/p2p\/.*$/, '') ?? place.text;
      if (!places.has(key)) places.set(key, place);
    }
  }
  return [...places.values()].slice(0, MAX_ADDRESSES);
}

async function placesOf(text: string, role: Place['role']): Promise<Place[]> {
  try {
    const address = parsePeerAddress(text);
    if (address.kind === 'multiaddr') return [{ text, role, address: address.multiaddr.toString() }];
    const listed = await resolveDnsaddr(address.host);
    if (listed.length > 0) return listed.map((one) => ({ text: `${text}: ${one}`, role, address: one }));
    const problem = `the DNS has no TXT record \`dnsaddr=…\` under _dnsaddr.${address.host}`;
    return [{ text, role, address: undefined, problem }];
  } catch (error) {
    if (!(error instanceof PeerAddressError)) throw error;
    return [{ text, role, address: undefined, problem: error.message }];
  }
}

export async function inspectAll(config: NodeConfig, places: readonly Place[]): Promise<InspectedPlace[]> {
  const inspected: InspectedPlace[] = [];
  const waiting = [...places.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, place] = next;
      inspected[at] = { ...place, inspection: await inspectPlace(config, place) };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return inspected;
}

/** With a host of its own: one for all would take the connection to one address of a peer as the answer of each of them. */
async function inspectPlace({ params }: NodeConfig, { address, problem = '' }: Place): Promise<Inspection> {
  if (address === undefined) return { kind: 'silent', reason: problem };
  const inspector = await Inspector.open(params, `${VISITOR_AGENT}${VERSION}`);
  try {
    return await inspector.inspect(address);
  } finally {
    await inspector.close();
  }
}
