import type { LineQuality } from './lineQuality.ts';
import { addNamespace, inNamespace, ip, ipJson, removeLeftovers, removeNamespace } from './namespaces.ts';
import { SlowLines } from './slowLines.ts';

/**
 * How a host loses the network:
 * - `interface`: its own interface goes down, routes and all, as when a laptop notices: whatever it sends fails at once;
 * - `carrier`: the cable is out: its interface is up without carrier;
 * - `silence`: the far end of a line that looks well is gone: packets vanish.
 */
export type Unplugging = 'interface' | 'carrier' | 'silence';

/** A machine of its own, as far as its network goes: one interface, one address, nothing shared but files. */
export type Host = Readonly<{
  index: number;
  address: string;
  namespace: string;
  /** Words before a program that shall run on it. */
  under: readonly string[];
}>;

export type HostNetworkOptions = Readonly<{
  /** How often TCP repeats what is not acknowledged; 15 by default, which is a quarter of an hour. */
  tcpRetries?: number;
  /** Of the lines of all hosts that are added without one of their own. */
  line?: LineQuality;
}>;

/**
 * Hosts on one switch, which is a bridge in a namespace of its own: nothing of it is in the root namespace.
 *
 * Their addresses look public, 11.<n>.0.1 with a /16 each, because a node treats private ones differently: address groups,
 * what is told to whom, limits on new connections. That is safe: the bridge has no uplink, and no host has a route to
 * anywhere but to the others. Neighbours are written down for good instead of being asked for: a host that cannot be
 * reached is silent then, as it would be on the Internet, and not "unreachable" within 3 s.
 */
export class HostNetwork {
  readonly #switch: string;
  readonly #options: HostNetworkOptions;
  readonly #hosts: Host[] = [];
  #slowLines: SlowLines | undefined;
  #extraAddresses = 0;
  readonly #unplugged = new Map<Host, Unplugging>();
  /** Which bridge each host is on: they are one network while all are on the first. */
  readonly #bridgeOf = new Map<Host, string>();

  private constructor(options: HostNetworkOptions) {
    this.#options = options;
    this.#switch = addNamespace('switch');
  }

  /** Runs with so many hosts; all that runs on them is killed, and they are gone, afterwards. */
  static async with<T>(
    count: number,
    run: (network: HostNetwork) => Promise<T>,
    options: HostNetworkOptions = {},
  ): Promise<T> {
    removeLeftovers();
    const network = new HostNetwork(options);
    try {
      network.#addBridge('whole');
      for (let i = 0; i < count; i++) network.addHost();
      return await run(network);
    } finally {
      network.#close();
    }
  }

  get hosts(): readonly Host[] {
    return this.#hosts;
  }

  /** One more, at most 98: the addresses from 11.99 on are for `addAddresses`. */
  addHost(quality: LineQuality | undefined = this.#options.line): Host {
    const index = this.#hosts.length + 1;
    if (index > 98) throw new RangeError('98 hosts at most');
    const namespace = addNamespace(`host${index}`);
    const host = { index, namespace, address: addressOf(index), under: ['ip', 'netns', 'exec', namespace] };
    if (quality === undefined) {
      ip(this.#switch, [`link add ${portOf(host)} type veth peer name eth0 netns ${namespace}`]);
    } else {
      this.#slowLines ??= new SlowLines(this.#switch);
      this.#slowLines.add(index, portOf(host), namespace, quality);
    }
    ip(namespace, [`link set eth0 address ${macOf(index)}`, `addr add ${host.address}/8 dev eth0`]);
    this.#hosts.push(host);
    this.#bridgeOf.set(host, 'whole');
    ip(namespace, ['link set eth0 up']);
    ip(this.#switch, [`link set ${portOf(host)} master whole up`]);
    this.#shortenPatience(host);
    for (const other of this.#hosts) this.#introduce(other);
    return host;
  }

  /**
   * More addresses for a host: each in a /16 of its own (150 of them; then they share), or all in one, 11.99. They are not
   * written down with the others, who ask for them when they need them.
   */
  addAddresses(host: Host, count: number, where: 'spread' | 'in one group'): string[] {
    const added = Array.from({ length: count }, () => {
      const at = this.#extraAddresses++;
      const group = where === 'spread' ? 100 + (at % 150) : 99;
      return `11.${group}.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`;
    });
    ip(
      host.namespace,
      added.map((address) => `addr add ${address}/8 dev eth0`),
    );
    return added;
  }

  /** Changes the line of a host that was given one. */
  setLine({ index }: Host, quality: LineQuality): void {
    this.#slowLines?.set(index, quality);
  }

  /** Narrows what a host may send, by the kernel's token bucket. */
  limitSending({ namespace }: Host, bitsPerSec: number): void {
    const bucket = ['tbf', 'rate', `${bitsPerSec}bit`, 'burst', '64kb', 'latency', '400ms'];
    inNamespace(namespace, ['tc', 'qdisc', 'replace', 'dev', 'eth0', 'root', ...bucket]);
  }

  unplug(host: Host, how: Unplugging): void {
    if (this.#unplugged.has(host)) throw new Error(`${host.address} is unplugged already`);
    this.#unplugged.set(host, how);
    if (how === 'interface') ip(host.namespace, ['link set eth0 down']);
    else if (how === 'carrier') ip(this.#switch, [`link set ${portOf(host)} down`]);
    else ip(this.#switch, [`link set ${portOf(host)} nomaster`]);
  }

  /** The cable is in again. */
  plug(host: Host): void {
    this.#unplugged.delete(host);
    ip(host.namespace, ['link set eth0 up']);
    ip(this.#switch, [`link set ${portOf(host)} master ${this.#bridgeOf.get(host)} up`]);
    this.#introduce(host);
  }

  /** Cuts the network apart: each group reaches only itself, and between them packets vanish. */
  partition(groups: readonly (readonly Host[])[]): void {
    for (const [i, group] of groups.entries()) {
      this.#addBridge(`part${i}`);
      for (const host of group) this.#move(host, `part${i}`);
    }
  }

  /** Lets each host reach only the one before it and the one after it. What they hear of others they cannot dial. */
  stretchIntoLine(): void {
    for (const host of this.#hosts) {
      const far = this.#hosts.filter(({ index }) => Math.abs(index - host.index) > 1);
      ip(
        host.namespace,
        far.map(({ address }) => `route add blackhole ${address}/32`),
      );
    }
  }

  /** One network again. */
  heal(): void {
    const parts = new Set([...this.#bridgeOf.values()].filter((bridge) => bridge !== 'whole'));
    for (const host of this.#hosts) this.#move(host, 'whole');
    for (const bridge of parts) ip(this.#switch, [`link del ${bridge}`]);
  }

  /** Bytes that a host has sent and received so far, everything included: headers, acknowledgements, repetitions. */
  wireBytes(host: Host): { sent: number; received: number } {
    type Link = { stats64: { rx: { bytes: number }; tx: { bytes: number } } };
    const [link] = ipJson<Link[]>(host.namespace, ['-s', 'link', 'show', 'eth0']);
    return { sent: link!.stats64.tx.bytes, received: link!.stats64.rx.bytes };
  }

  #addBridge(name: string): void {
    ip(this.#switch, [`link add ${name} type bridge`, `link set ${name} up`]);
  }

  #move(host: Host, bridge: string): void {
    if (this.#bridgeOf.get(host) === bridge) return;
    this.#bridgeOf.set(host, bridge);
    if (!this.#unplugged.has(host)) ip(this.#switch, [`link set ${portOf(host)} master ${bridge}`]);
  }

  /** Tells a host where all the others are. An interface that goes down forgets it. */
  #introduce(host: Host): void {
    if (this.#unplugged.get(host) === 'interface') return;
    const others = this.#hosts.filter((other) => other !== host);
    ip(
      host.namespace,
      others.map(
        ({ index, address }) => `neigh replace ${address} lladdr ${macOf(index)} dev eth0 nud permanent`,
      ),
    );
  }

  #shortenPatience({ namespace }: Host): void {
    const { tcpRetries } = this.#options;
    if (tcpRetries === undefined) return;
    inNamespace(namespace, ['sh', '-c', `echo ${tcpRetries} > /proc/sys/net/ipv4/tcp_retries2`]);
  }

  #close(): void {
    this.#slowLines?.close();
    for (const { namespace } of this.#hosts) removeNamespace(namespace);
    removeNamespace(this.#switch);
  }
}

function addressOf(index: number): string {
  return `11.${index}.0.1`;
}

function macOf(index: number): string {
  return `02:00:0b:${index.toString(16).padStart(2, '0')}:00:01`;
}

/** The host's port on the switch. */
function portOf({ index }: Host): string {
  return `port${index}`;
}
