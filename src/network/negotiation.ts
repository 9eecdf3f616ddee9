import type { MessageStream } from '@libp2p/interface';
import type { Muxer } from './eachMuxer.ts';

/**
 * Answers of multistream-select on one connection or stream: two do where the asker knows what it wants. Each name in a packet
 * gets one, all in a row without letting anything else have its turn: ten thousand of them, 60 kB, hold up the node for a second.
 */
export const MAX_ANSWERS = 32;

type Sender = Pick<MessageStream, 'send'>;

/** Ends a negotiation that goes on and on: sending throws then, which whoever negotiates takes for the end. */
export function boundNegotiation(stream: Sender, isNegotiating: () => boolean): void {
  const send = stream.send.bind(stream);
  let answers = 0;
  stream.send = (data) => {
    if (isNegotiating() && ++answers > MAX_ANSWERS) throw new Error('too many protocols are asked for');
    return send(data);
  };
}

/** What may come on a stream meanwhile: more is kept in memory, 4 MB of it, while its sender does not read our answers. */
export const MAX_NEGOTIATION_BYTES = 64 * 1024;

type StreamInside = Sender & {
  readonly direction: string;
  readonly protocol: string;
  onData(data: Pick<Uint8Array, 'byteLength'>): void;
  abort(error: Error): void;
};
type MuxerInside = { _newStream(...args: unknown[]): StreamInside };

/** Our gossip goes over it, and theirs comes over another. */
const isOneWay = ({ direction, protocol }: StreamInside) =>
  direction === 'outbound' && protocol.startsWith('/meshsub/');

/** The same for all streams of a connection, and what comes on them before their protocol is agreed on. */
export function boundNegotiations(muxer: Muxer): void {
  const inside = muxer as unknown as MuxerInside;
  const newStream = inside._newStream.bind(muxer);
  inside._newStream = (...args) => {
    const stream = newStream(...args);
    const isNegotiating = () => stream.protocol === '';
    boundNegotiation(stream, isNegotiating);
    const onData = stream.onData.bind(stream);
    let received = 0;
    stream.onData = (data) => {
      if (isNegotiating()) received += data.byteLength;
      if (received <= MAX_NEGOTIATION_BYTES && !isOneWay(stream)) onData(data);
      else stream.abort(new Error('nobody reads what comes here'));
    };
    return stream;
  };
}
