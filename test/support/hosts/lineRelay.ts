import { createSocket } from 'node:dgram';
import { fillTcpChecksum } from './fillTcpChecksum.ts';
import { type LineOrder, type LineQuality, UNDERLAY } from './lineQuality.ts';

// A process in a namespace of its own through which the packets of slow lines go: see slowLines.ts. Each line is two VXLAN
// tunnels, whose numbers differ in the last bit: what comes out of one is sent into the other, later, or not at all.

/** RFC 7348: 8 bytes, of which 4 to 6 are the number of the tunnel. */
const TUNNEL_AT = 4;
/** What may be on a line, or wait for it: more is lost, as in the queue of a router. */
const MAX_WAITING_BYTES = 4_000_000;

const PERFECT: LineQuality = { delayMs: 0, lostPerThousand: 0 };
const qualities = new Map<number, LineQuality>();
const directions = new Map<number, Direction>();
const socket = createSocket('udp4');

/** One way through a line. */
class Direction {
  readonly #line: number;
  readonly #waiting: { packet: Buffer; dueMs: number }[] = [];
  #waitingBytes = 0;
  /** When the last packet has left its sender. */
  #freeAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(line: number) {
    this.#line = line;
  }

  push(packet: Buffer): void {
    const { delayMs, lostPerThousand, bitsPerSec } = this.#quality();
    if (Math.random() * 1000 < lostPerThousand || this.#waitingBytes + packet.length > MAX_WAITING_BYTES)
      return;
    const sendingMs = bitsPerSec === undefined ? 0 : (packet.length * 8 * 1000) / bitsPerSec;
    this.#freeAtMs = Math.max(performance.now(), this.#freeAtMs) + sendingMs;
    this.#waiting.push({ packet, dueMs: this.#freeAtMs + delayMs });
    this.#waitingBytes += packet.length;
    this.deliver();
  }

  /** Sends what is due, and comes back for the rest. */
  deliver(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#quality().isStalled) return;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0.5) {
        this.#timer = setTimeout(() => this.deliver(), waitMs);
        return;
      }
      this.#waiting.shift();
      this.#waitingBytes -= next.packet.length;
      socket.send(next.packet, UNDERLAY.port, UNDERLAY.switch);
    }
  }

  #quality(): LineQuality {
    return qualities.get(this.#line) ?? PERFECT;
  }
}

function directionOf(tunnel: number): Direction {
  const known = directions.get(tunnel);
  if (known !== undefined) return known;
  const made = new Direction(tunnel >> 1);
  directions.set(tunnel, made);
  return made;
}

socket.on('message', (packet) => {
  const tunnel = packet.readUIntBE(TUNNEL_AT, 3);
  packet.writeUIntBE(tunnel ^ 1, TUNNEL_AT, 3);
  fillTcpChecksum(packet);
  directionOf(tunnel).push(packet);
});
socket.bind({ port: UNDERLAY.port, address: UNDERLAY.relay }, () => {
  try {
    socket.setRecvBufferSize(MAX_WAITING_BYTES);
  } catch {
    // As large as the system lets it be: a burst above it is lost, as on any line.
  }
});
process.on('message', ({ line, quality }: LineOrder) => {
  qualities.set(line, quality);
  for (const tunnel of [2 * line, 2 * line + 1]) directions.get(tunnel)?.deliver();
});
process.on('disconnect', () => process.exit(0));
