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

type MuxerInside = { onRemoteStream(stream: Sender & { readonly protocol: string }): void };

/** The same for all streams that the other side of a connection opens. From the first one on: so early nobody else sees them. */
export function boundNegotiations(muxer: Muxer): void {
  const inside = muxer as unknown as MuxerInside;
  const onRemoteStream = inside.onRemoteStream.bind(muxer);
  inside.onRemoteStream = (stream) => {
    boundNegotiation(stream, () => stream.protocol === '');
    onRemoteStream(stream);
  };
}
