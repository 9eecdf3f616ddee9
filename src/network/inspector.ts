import { noise } from '@chainsafe/libp2p-noise';
import { type Identify, identify } from '@libp2p/identify';
import type { Connection, Libp2p } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { MAX_PEER_ADDRESSES, type PeerAddress, peersProtocol } from '../../protocols/peers.ts';
import { type NodeStatus, statusProtocol } from '../../protocols/status.ts';
import { equalBytes } from '../bytes/bytes.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { Deadline } from './deadline.ts';
import { eachMuxer } from './eachMuxer.ts';
import { boundFrames } from './frameLength.ts';
import { messageOf, request } from './request.ts';

/** For a connection, and for each answer on it. */
const PATIENCE_MS = 8000;
/** libp2p's name of a protocol of ours tells the network. */
const OUR_PROTOCOL = /^\/indiecoin\/([a-z0-9-]{1,32})\/status\//;

/** How Noise says that a node is not the one that was dialled. */
const OTHER_KEY = /UnexpectedPeer|identity key .*does not match/i;

/** How multistream says that what came is none: HTTP and SSH begin with a letter, which it takes for a length. */
const OTHER_LANGUAGE = /Missing newline|while reading [1-9]\d*\/\d+ bytes/;

/** What there is at an address. */
export type Inspection =
  | Readonly<{
      kind: 'node';
      peerId: string;
      /** From the first packet to the open connection, and of one question on it. */
      connectMs: number;
      answerMs: number;
      status: NodeStatus;
      /** Its clock less ours, to about a second. */
      clockOffsetSec: number;
      /** Whom it passes on to others: a part, if there are many. */
      addresses: readonly PeerAddress[];
    }>
  | Readonly<{ kind: 'other-network'; peerId: string; network: string }>
  | Readonly<{ kind: 'stranger'; peerId: string; program: string }>
  | Readonly<{ kind: 'other-node' }>
  | Readonly<{ kind: 'silent'; reason: string }>;

/** Looks at a node from outside, as one who knows nobody: under an identity that is made for it, and without gossip. */
export class Inspector {
  readonly #host: Libp2p<{ identify: Identify }>;
  readonly #params: NetworkParams;
  readonly #userAgent: string;

  private constructor(
    host: Libp2p<{ identify: Identify }>,
    options: { params: NetworkParams; userAgent: string },
  ) {
    this.#host = host;
    this.#params = options.params;
    this.#userAgent = options.userAgent;
  }

  static async open(params: NetworkParams, userAgent: string): Promise<Inspector> {
    const host = await createLibp2p({
      nodeInfo: { userAgent },
      addresses: { listen: [] },
      transports: [tcp({ dialOpts: { noDelay: true } })],
      connectionEncrypters: [noise()],
      streamMuxers: [eachMuxer(yamux(), boundFrames)],
      connectionGater: { denyDialMultiaddr: () => false },
      connectionManager: { reconnectRetries: 0, maxParallelDials: 16, dialTimeout: PATIENCE_MS },
      connectionMonitor: { enabled: false },
      services: { identify: identify({ runOnConnectionOpen: false }) },
    });
    return new Inspector(host as unknown as Libp2p<{ identify: Identify }>, { params, userAgent });
  }

  /** @param address text of a multiaddr over TCP. Never rejects. */
  async inspect(address: string): Promise<Inspection> {
    const deadline = new Deadline(PATIENCE_MS);
    const startMs = performance.now();
    let connection: Connection | undefined;
    try {
      connection = await this.#host.dial(multiaddr(address), { signal: deadline.signal, force: true });
      const connectMs = performance.now() - startMs;
      return await this.#question(connection, connectMs);
    } catch (error) {
      const said = [...messagesOf(error)].join('; ');
      if (OTHER_KEY.test(said)) return { kind: 'other-node' };
      return { kind: 'silent', reason: explainSilence(said, connection !== undefined) };
    } finally {
      deadline.end();
      await connection?.close().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.#host.stop();
  }

  async #question(connection: Connection, connectMs: number): Promise<Inspection> {
    const peerId = connection.remotePeer.toString();
    const startMs = performance.now();
    let status: NodeStatus | undefined;
    let clockOffsetSec = 0;
    try {
      await this.#ask(connection, statusProtocol, this.#ownStatus(), ([theirs]) => {
        status = theirs;
        clockOffsetSec = theirs!.clockSec - Math.floor(Date.now() / 1000);
      });
    } catch (error) {
      // Perhaps it speaks another language, and not perhaps none.
      return await this.#identify(connection).catch(() => {
        throw error;
      });
    }
    const answerMs = performance.now() - startMs;
    if (status === undefined) throw new Error('its status is empty');
    if (!equalBytes(status.genesisHash, this.#params.genesis.header.hash)) {
      return { kind: 'other-network', peerId, network: 'one of the same name with another genesis block' };
    }
    const addresses: PeerAddress[] = [];
    await this.#ask(connection, peersProtocol, { max: MAX_PEER_ADDRESSES }, (items) => {
      addresses.push(...items);
    }).catch(() => undefined);
    return { kind: 'node', peerId, connectMs, answerMs, status, clockOffsetSec, addresses };
  }

  #ask<Request, Item>(
    connection: Connection,
    protocol: Parameters<typeof request<Request, Item>>[1],
    question: Request,
    onItems: (items: readonly Item[]) => void,
  ) {
    return request(connection, protocol, question, {
      network: this.#params.name,
      signals: [],
      chunkTimeoutMs: PATIENCE_MS,
      onItems,
    });
  }

  async #identify(connection: Connection): Promise<Inspection> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const { protocols, agentVersion } = await this.#host.services.identify.identify(connection, { signal });
    const peerId = connection.remotePeer.toString();
    const networks = protocols.flatMap((protocol) => OUR_PROTOCOL.exec(protocol)?.[1] ?? []);
    if (networks.includes(this.#params.name)) throw new Error('it does not answer now');
    const [network] = networks;
    if (network !== undefined) return { kind: 'other-network', peerId, network };
    // A stranger's text goes to a terminal.
    const program = (agentVersion ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
    return { kind: 'stranger', peerId, program };
  }

  /** Who asks has no chain, and listens nowhere. */
  #ownStatus(): NodeStatus {
    const { hash } = this.#params.genesis.header;
    return {
      genesisHash: hash,
      height: 0,
      tipHash: hash,
      chainWork: 0n,
      lowestHeight: 0,
      clockSec: Math.floor(Date.now() / 1000),
      listenPort: 0,
      userAgent: this.#userAgent,
    };
  }
}

/** What dialling found, in words that say where to look. */
function explainSilence(said: string, wasConnected: boolean): string {
  if (/ECONNREFUSED/.test(said)) return 'the machine is there, and nothing listens on the port';
  if (/EHOSTUNREACH|ENETUNREACH/.test(said)) return 'there is no way to the address from here';
  if (/ENOTFOUND|EAI_AGAIN|could not be resolved|no valid addresses/i.test(said))
    return 'the name cannot be resolved';
  if (wasConnected) return `it hangs up: it is full, or has banned this address (${said})`;
  if (OTHER_LANGUAGE.test(said))
    return 'something listens there that does not speak libp2p: it is not the port for peers';
  if (/abort|timed? ?out|ETIMEDOUT/i.test(said)) {
    return `nothing answers within ${PATIENCE_MS / 1000} s: the machine is down, or a firewall drops what comes`;
  }
  if (/EncryptionFailed/.test(said))
    return `it hangs up at once: it is full, has banned this address, or is no node (${said})`;
  return said;
}

/** Of an error and of all that are inside it. */
function* messagesOf(error: unknown): Generator<string> {
  const { code, name, errors = [], cause } = (error ?? {}) as NodeJS.ErrnoException & AggregateError;
  yield [code, name, messageOf(error)].filter((part) => part !== undefined).join(' ');
  for (const inner of errors.slice(0, 8)) yield* messagesOf(inner);
  if (cause !== undefined) yield* messagesOf(cause);
}
