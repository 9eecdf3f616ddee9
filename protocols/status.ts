import { DecodeError } from '../src/bytes/decodeError.ts';
import { type Codec, decodeProtobuf, expectHash } from './codec.ts';
import { NodeStatus as NodeStatusMessage } from './generated/status.ts';
import type { Protocol } from './protocol.ts';

/** Who a node is and how far it has come, in its own words. */
export type NodeStatus = Readonly<{
  /** 32 bytes in wire order, as is `tipHash`. */
  genesisHash: Uint8Array;
  height: number;
  tipHash: Uint8Array;
  /** Of its active chain: a hint, until its headers show it. */
  chainWork: bigint;
  lowestHeight: number;
  /** Seconds since 1970. */
  clockSec: number;
  /** 0: takes no connections. */
  listenPort: number;
  userAgent: string;
}>;

export const MAX_USER_AGENT_BYTES = 256;
/** Who only looks, and wants to be nobody's peer, says so with a user agent that begins like this. */
export const VISITOR_AGENT = 'indiecoin-doctor/';

const codec: Codec<NodeStatus> = {
  encode: (status) =>
    NodeStatusMessage.encode({
      ...status,
      genesisHash: Uint8Array.from(status.genesisHash),
      tipHash: Uint8Array.from(status.tipHash),
      chainWork: workToBytes(status.chainWork),
    }),
  decode(bytes) {
    const message = decodeProtobuf(() => NodeStatusMessage.decode(bytes));
    expectHash(message.genesisHash, 'genesis');
    expectHash(message.tipHash, 'tip');
    if (message.chainWork.length > 32) throw new DecodeError('chain work of more than 32 bytes');
    if (message.listenPort > 65535) throw new DecodeError(`port ${message.listenPort}`);
    if (message.userAgent.length > MAX_USER_AGENT_BYTES) throw new DecodeError('user agent too long');
    if (!Number.isSafeInteger(message.clockSec)) throw new DecodeError('clock beyond any date');
    return {
      ...message,
      chainWork: BigInt(`0x0${Buffer.from(message.chainWork).toString('hex')}`),
      userAgent: printable(message.userAgent),
    };
  },
};

/** Asked by both sides of every new connection, and every 30 s after. One item: the other side's status. */
export const statusProtocol: Protocol<NodeStatus, NodeStatus> = {
  name: 'status/1',
  request: codec,
  payload: { encode: ([status]) => codec.encode(status!), decode: (bytes) => [codec.decode(bytes)] },
  limits: {
    maxRequestBytes: 1024,
    maxPayloadBytes: 1024,
    maxAnswerBytes: 1024,
    maxItems: 1,
    streamsPerPeer: 4,
    streamsInAll: 256,
    requestBurst: 40,
    requestsPerSec: 20,
    requestsPerSecInAll: 1000,
    timeoutMs: 10_000,
  },
};

/** Big-endian without leading zeros. */
function workToBytes(work: bigint): Uint8Array<ArrayBuffer> {
  const hex = work === 0n ? '' : work.toString(16);
  return Uint8Array.from(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}

/** A stranger's text goes to terminals and logs: no control characters (terminal escape injection). */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
