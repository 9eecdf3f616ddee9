import '../../src/bytes/promiseWithResolvers.ts';
import { createHash } from 'node:crypto';
import { type GossipSub, gossipsub, StrictNoSign } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { identify } from '@libp2p/identify';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { bytesOf, field, numberOf, parseFields, prefixed, splitPrefixed } from './wire.ts';

export const OK = 0;
export const INVALID_REQUEST = 1;
export const NOT_FOUND = 2;
export const RATE_LIMITED = 3;

/** One chunk of an answer, by the numbers of answer.proto. */
export type BareChunk = { status: number; message: string; payload: Buffer; endCount: number | undefined };
/** What a bare node says of itself, in the field order of status.proto. */
export type BareStatus = {
  genesis: Uint8Array;
  height: number;
  tip: Uint8Array;
  work: Uint8Array;
  /** The lowest block that it has. */
  lowestHeight?: number;
  listenPort: number;
  userAgent?: string;
  /** Its clock less the true one, in seconds. */ clockOffsetSec?: number;
};

export type BareHandler = (request: Buffer, connection: Connection) => Buffer[] | Promise<Buffer[]>;

/** A libp2p host that is none of our node's code: it knows the wire from the .proto files alone. */
export class BareNode {
  readonly host: Libp2p<{ gossip: GossipSub }>;
  readonly network: string;
  readonly heard: { topic: string; data: Buffer }[] = [];
  status: BareStatus;

  private constructor(host: Libp2p<{ gossip: GossipSub }>, network: string, status: BareStatus) {
    this.host = host;
    this.network = network;
    this.status = status;
  }

  /** @param from of several addresses of this machine, the one that it dials from; it does not listen then */
  static async open(network: string, genesis: Uint8Array, from?: string): Promise<BareNode> {
    // Handed on to net.connect, which knows it; the type lacks it.
    const dialOpts: object = from === undefined ? {} : { localAddress: from };
    const host = await createLibp2p({
      addresses: { listen: from === undefined ? ['/ip4/127.0.0.1/tcp/0'] : [] },
      transports: [tcp({ dialOpts })],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionManager: { inboundConnectionThreshold: 1000 },
      // As patient as a real node: by default five seconds without an answer to a ping end a connection.
      connectionMonitor: { pingInterval: 30_000, pingTimeout: { minTimeout: 25_000 } },
      services: {
        identify: identify(),
        ping: ping(),
        gossip: gossipsub({
          globalSignaturePolicy: StrictNoSign,
          msgIdFn: ({ data }) => createHash('sha256').update(data).digest(),
          allowPublishToZeroTopicPeers: true,
          floodPublish: true,
          // It is the one who misbehaves here; it must not turn away from others.
          scoreParams: { IPColocationFactorWeight: 0 },
        }),
      },
    });
    const status = { genesis, height: 0, tip: genesis, work: Buffer.of(2), listenPort: 0 };
    const node = new BareNode(host as unknown as Libp2p<{ gossip: GossipSub }>, network, status);
    await node.answer('status/1', () => [chunk(encodeStatus(node.status)), end(1)]);
    node.host.services.gossip.addEventListener('message', ({ detail }) => {
      node.heard.push({ topic: detail.topic, data: Buffer.from(detail.data) });
    });
    for (const topic of ['blocks/1', 'transactions/1']) node.host.services.gossip.subscribe(node.id(topic));
    return node;
  }

  get peerId(): string {
    return this.host.peerId.toString();
  }

  get address(): string {
    return this.host.getMultiaddrs()[0]!.toString();
  }

  /** The id of a protocol or topic. */
  id(name: string): string {
    return `/indiecoin/${this.network}/${name}`;
  }

  /** Answers a protocol with these chunks. */
  async answer(name: string, handler: BareHandler): Promise<void> {
    const handle = async (stream: Stream, connection: Connection) => {
      const [request] = splitPrefixed(await readAll(stream)).messages;
      for (const part of await handler(request ?? Buffer.alloc(0), connection)) stream.send(prefixed(part));
      await stream.close();
    };
    await this.host.handle(
      this.id(name),
      (stream, connection) => handle(stream, connection).catch((error) => stream.abort(error)),
      { maxInboundStreams: 100, force: true },
    );
  }

  connect(address: string): Promise<Connection> {
    return this.host.dial(multiaddr(address));
  }

  /** Connects and exchanges statuses. */
  async join(address: string): Promise<Connection> {
    const connection = await this.connect(address);
    await this.ask(connection, 'status/1', encodeStatus(this.status));
    return connection;
  }

  /** Sends one request and reads the whole answer. */
  async ask(connection: Connection, name: string, request: Uint8Array): Promise<BareChunk[]> {
    const bytes = await this.send(connection, name, prefixed(request));
    const { messages, isWhole } = splitPrefixed(bytes);
    if (!isWhole) throw new Error('the answer is cut off');
    return messages.map(parseChunk);
  }

  /** Sends raw bytes, closes the writing side unless told otherwise, and reads until the other side ends. */
  async send(connection: Connection, name: string, bytes: Uint8Array, close = true): Promise<Buffer> {
    const stream = await connection.newStream(this.id(name));
    const answer = readAll(stream);
    try {
      stream.send(bytes);
      if (close) await stream.close();
    } catch {
      // The other side may have had enough already; what it said is read all the same.
    }
    return answer;
  }

  async publish(topic: string, data: Uint8Array): Promise<void> {
    await this.host.services.gossip.publish(this.id(topic), data);
  }

  /** Whether the other side takes our gossip. */
  hasGossipWith(peerId: string): boolean {
    return this.host.services.gossip
      .getSubscribers(this.id('blocks/1'))
      .some((id) => id.toString() === peerId);
  }

  async close(): Promise<void> {
    await this.host.stop();
  }
}

export function encodeStatus(status: BareStatus): Buffer {
  const {
    genesis,
    height,
    tip,
    work,
    lowestHeight = 0,
    listenPort,
    userAgent = 'bare',
    clockOffsetSec = 0,
  } = status;
  const clockSec = Math.floor(Date.now() / 1000) + clockOffsetSec;
  return Buffer.concat([
    field(1, genesis),
    field(2, height),
    field(3, tip),
    field(4, work),
    field(5, lowestHeight),
    field(6, clockSec),
    field(7, listenPort),
    field(8, userAgent),
  ]);
}

export function chunk(payload: Uint8Array): Buffer {
  return field(3, payload);
}

export function end(count: number, status = OK): Buffer {
  return Buffer.concat([field(1, status), field(4, field(1, count))]);
}

export function parseChunk(bytes: Buffer): BareChunk {
  const fields = parseFields(bytes);
  const [ended] = bytesOf(fields, 4);
  return {
    status: numberOf(fields, 1),
    message: bytesOf(fields, 2)[0]?.toString('utf8') ?? '',
    payload: bytesOf(fields, 3)[0] ?? Buffer.alloc(0),
    endCount: ended === undefined ? undefined : numberOf(parseFields(ended), 1),
  };
}

/** All bytes until the other side closes or resets. */
function readAll(stream: Stream): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const finish = () => resolve(Buffer.concat(parts));
    if (stream.status !== 'open') finish();
    stream.addEventListener('message', ({ data }) => parts.push(Buffer.from(data.subarray())));
    stream.addEventListener('remoteCloseWrite', finish, { once: true });
    stream.addEventListener('close', finish, { once: true });
  });
}
