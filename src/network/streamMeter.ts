import type { Connection, Stream } from '@libp2p/interface';
import { type Host, MAX_INBOUND_STREAMS } from './host.ts';
import { TokenBucket } from './tokenBucket.ts';

/** Streams that a peer may open, of whatever protocol, libp2p's own and unknown ones included: more than ours all take. */
export const OPENED_STREAMS = { burst: 600, perSec: 200 };
export const STREAM_POINTS = 1;
/**
 * What yamux answers by itself: its pings, of which an honest node sends two a minute, and streams above what a connection may
 * have, of which it opens none. The answers wait in memory, without a bound, for an asker who does not read.
 */
export const REFLEXES = { burst: 600, perSec: 1 };
/** Above it they are not answered; after so many more the connection ends, whether or not its peer is known by then. */
export const MAX_UNANSWERED = 200;

/**
 * Frames that wait in a connection for somebody who does not read. Of data there are few, as streams stop when it is full; but
 * each byte that comes is answered by a window update, as each stream is by its own frames, and no stream holds those back.
 */
export const MAX_WAITING_FRAMES = 50_000;
/** With less than this there are not so many. */
const MIN_WAITING_BYTES = 12 * MAX_WAITING_FRAMES;

/** A connection as it is at run time: its exported type lacks where the streams come from. */
type ConnectionInside = Connection & { readonly muxer?: MuxerInside };
type MuxerInside = {
  addEventListener(type: 'stream', listener: (event: CustomEvent<Stream>) => void): void;
  readonly maConn: Pick<Stream, 'send' | 'writeBufferLength'>;
  readonly numInboundStreams: number;
  handlePing(header: unknown): void;
  incomingStream(id: number): void;
};

/**
 * Counts the streams that peers open, and what makes yamux answer by itself; calls for each one that is too many. Before the
 * host starts.
 */
export function meterStreams(host: Host, onExcess: (peerId: string, reason: string) => void): void {
  host.addEventListener('connection:open', ({ detail }) => {
    const { muxer } = detail as ConnectionInside;
    if (muxer === undefined) return;
    const peerId = detail.remotePeer.toString();
    const opened = new TokenBucket(OPENED_STREAMS, Date.now());
    muxer.addEventListener('stream', () => {
      if (!opened.take(Date.now())) onExcess(peerId, 'too many streams');
    });
    boundWaiting(muxer, () => detail.abort(new Error('it does not read what it asks for')));
    meterReflexes(muxer, {
      onExcess: () => onExcess(peerId, 'too many pings and refused streams'),
      onFlood: () => detail.abort(new Error('a flood of pings or refused streams')),
    });
  });
}

/** No fault: a dead line looks the same. */
function boundWaiting({ maConn }: MuxerInside, onExcess: () => void): void {
  const send = maConn.send.bind(maConn);
  let waiting = 0;
  maConn.send = (data) => {
    // What was written at once leaves nothing behind; a line that is always full is empty between two of its streams' turns.
    if (maConn.writeBufferLength === 0) waiting = 0;
    const isTaken = send(data);
    if (++waiting > MAX_WAITING_FRAMES && maConn.writeBufferLength >= MIN_WAITING_BYTES) {
      waiting = 0;
      onExcess();
    }
    return isTaken;
  };
}

function meterReflexes(
  muxer: MuxerInside,
  { onExcess, onFlood }: { onExcess: () => void; onFlood: () => void },
): void {
  const reflexes = new TokenBucket(REFLEXES, Date.now());
  let unanswered = 0;
  const mayAnswer = (): boolean => {
    if (reflexes.take(Date.now())) return true;
    // What was in the same packet still comes after the connection has ended.
    if (unanswered > MAX_UNANSWERED) return false;
    onExcess();
    if (++unanswered > MAX_UNANSWERED) onFlood();
    return false;
  };
  const handlePing = muxer.handlePing.bind(muxer);
  muxer.handlePing = (header) => {
    if (mayAnswer()) handlePing(header);
  };
  const incomingStream = muxer.incomingStream.bind(muxer);
  muxer.incomingStream = (id) => {
    if (muxer.numInboundStreams < MAX_INBOUND_STREAMS || mayAnswer()) incomingStream(id);
  };
}
