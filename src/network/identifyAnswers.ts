import { type Identify, identify } from '@libp2p/identify';
import type { Connection, Stream } from '@libp2p/interface';

const IDENTIFY = '/ipfs/id/1.0.0';
/** What an asker has to take a few hundred bytes, and to close its side. */
export const IDENTIFY_MS = 10_000;

/** What a peer says of itself that is kept. Eight thousand addresses, which libp2p compares with one another, hold up the node. */
export const MAX_ADDRESSES = 16;
export const MAX_PROTOCOLS = 64;
const MAX_RECORD_BYTES = 1024;

type Message = {
  listenAddrs: Uint8Array[];
  protocols: string[];
  signedPeerRecord?: Uint8Array | undefined;
};
type Inside = Identify & {
  handleProtocol(stream: Stream, connection: Connection): Promise<void>;
  _identify(connection: Connection, options?: object): Promise<Message>;
};

/**
 * libp2p's identify, whose streams end: it leaves them to the other side when all has been said, and each may hold 4 MB that
 * nobody reads for as long as the connection lives.
 */
export function boundedIdentify(): ReturnType<typeof identify> {
  const make = identify();
  return (components) => {
    const service = make(components) as Inside;
    const answer = service.handleProtocol.bind(service);
    service.handleProtocol = async (stream, connection) => {
      const timer = setTimeout(() => stream.abort(new Error('the asker left its side open')), IDENTIFY_MS);
      stream.addEventListener('close', () => clearTimeout(timer), { once: true });
      await answer(stream, connection);
    };
    const ask = service._identify.bind(service);
    service._identify = async (connection, options) => {
      try {
        return cut(await ask(connection, options));
      } finally {
        for (const stream of connection.streams) {
          if (stream.protocol === IDENTIFY && stream.direction === 'outbound')
            stream.abort(new Error('it has been read'));
        }
      }
    };
    return service;
  };
}

/** We dial by a table of our own: what is cut off nobody looks at. */
function cut({ listenAddrs, protocols, signedPeerRecord, ...rest }: Message): Message {
  const isShort = signedPeerRecord !== undefined && signedPeerRecord.byteLength <= MAX_RECORD_BYTES;
  return {
    ...rest,
    listenAddrs: listenAddrs.slice(0, MAX_ADDRESSES),
    protocols: protocols.slice(0, MAX_PROTOCOLS),
    ...(isShort && { signedPeerRecord }),
  };
}
