import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type LineOrder, type LineQuality, UNDERLAY } from './lineQuality.ts';
import { addNamespace, inNamespace, ip, removeNamespace } from './namespaces.ts';

const RELAY = fileURLToPath(new URL('./lineRelay.js', import.meta.url));

/**
 * Lines with delay, loss and stalls, for any traffic and without the hosts' noticing, where the kernel has no netem: the
 * cable between a host and the switch is two VXLAN tunnels that end in a program, which passes packets on from one to the
 * other as the line's quality will have it. Both ends of both tunnels are in the switch's namespace; only the host's
 * interface, the inside of its tunnel, is moved to the host.
 */
export class SlowLines {
  readonly #switch: string;
  readonly #namespace = addNamespace('lines');
  readonly #relay: ChildProcess;

  constructor(switchNamespace: string) {
    this.#switch = switchNamespace;
    // Large enough for a whole packet of the hosts inside one of the tunnel.
    ip(switchNamespace, [
      `link add under0 mtu 9000 type veth peer name under0 mtu 9000 netns ${this.#namespace}`,
      `addr add ${UNDERLAY.switch}/30 dev under0`,
      'link set under0 up',
    ]);
    ip(this.#namespace, [`addr add ${UNDERLAY.relay}/30 dev under0`, 'link set under0 up']);
    this.#relay = spawn('ip', ['netns', 'exec', this.#namespace, process.execPath, RELAY], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  /** Makes both ends of a line: an interface `eth0` on the host, and a port of the switch. */
  add(line: number, port: string, hostNamespace: string, quality: LineQuality): void {
    const end = `local ${UNDERLAY.switch} remote ${UNDERLAY.relay} dstport ${UNDERLAY.port} nolearning`;
    ip(this.#switch, [
      `link add line${line} type vxlan id ${2 * line} ${end}`,
      // One segment at a time: the kernel would hand over many as one packet, which, once it has been through a program, is
      // too large for the next line.
      `link set line${line} mtu 1500 gso_max_segs 1`,
      `link set line${line} netns ${hostNamespace} name eth0`,
      `link add ${port} type vxlan id ${2 * line + 1} ${end}`,
      `link set ${port} mtu 1500`,
    ]);
    this.set(line, quality);
  }

  set(line: number, quality: LineQuality): void {
    const order: LineOrder = { line, quality };
    this.#relay.send(order);
  }

  close(): void {
    this.#relay.kill('SIGKILL');
    removeNamespace(this.#namespace);
  }
}

/** Why there can be no slow or narrow lines here, in a sentence; undefined when there can. Namespaces must be allowed. */
export function whyNoSlowLines(): string | undefined {
  const namespace = addNamespace('probe');
  try {
    ip(namespace, ['link add probe0 type vxlan id 1 remote 127.0.0.1 dstport 4789']);
    const bucket = ['tbf', 'rate', '1mbit', 'burst', '64kb', 'latency', '400ms'];
    inNamespace(namespace, ['tc', 'qdisc', 'add', 'dev', 'probe0', 'root', ...bucket]);
    return undefined;
  } catch (error) {
    return `this kernel has no VXLAN tunnels, or no token bucket: ${(error as Error).message}`;
  } finally {
    removeNamespace(namespace);
  }
}
