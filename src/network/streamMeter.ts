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
/** In all connections together: a frame of twelve bytes weighs three hundred. */
export const MAX_WAITING_IN_ALL = 200_000;
/** How often it is looked at: at each so many frames more of a connection. */
const LOOK_EVERY = 1000;

/** A connection as it is at run time: its exported type lacks where the streams come from. */
type ConnectionInside = Connection & { readonly muxer?: MuxerInside };
type MuxerInside = {
  addEventListener(type: 'stream', listener: (event: CustomEvent<Stream>) => void): void;
  readonly maConn: Pick<Stream, 'send'> & { readonly writeBuffer: { readonly bufs: readonly unknown[] } };
  readonly numInboundStreams: number;
  handlePing(header: unknown): void;
  incomingStream(id: number): void;
};

/**
 * Counts the streams that peers open, and what makes yamux answer by itself; calls for each one that is too many. Before the
 * host starts.
 */
export function meterStreams(host: Host, onExcess: (peerId: string, reason: string) => void): void {
  const waiting = new Waiting();
  host.addEventListener('connection:open', ({ detail }) => {
    const { muxer } = detail as ConnectionInside;
    if (muxer === undefined) return;
    const peerId = detail.remotePeer.toString();
    const opened = new TokenBucket(OPENED_STREAMS, Date.now());
    muxer.addEventListener('stream', () => {
      if (!opened.take(Date.now())) onExcess(peerId, 'too many streams');
    });
    waiting.watch(detail, muxer);
    meterReflexes(muxer, {
      onExcess: () => onExcess(peerId, 'too many pings and refused streams'),
      onFlood: () => detail.abort(new Error('a flood of pings or refused streams')),
    });
  });
}

/** Ends connections in which too many frames wait. No fault: a dead line looks the same. */
class Waiting {
  readonly #connections = new Map<Connection, MuxerInside['maConn']>();

  watch(connection: Connection, { maConn }: MuxerInside): void {
    this.#connections.set(connection, maConn);
    connection.addEventListener('close', () => this.#connections.delete(connection), { once: true });
    const send = maConn.send.bind(maConn);
    maConn.send = (data) => {
      const isTaken = send(data);
      const frames = framesIn(maConn);
      if (frames > MAX_WAITING_FRAMES) connection.abort(new Error('it does not read what it asks for'));
      else if (frames > 0 && frames % LOOK_EVERY === 0) this.#look();
      return isTaken;
    };
  }

  /** Where too many wait in all, the connection with the most of them goes: honest ones have a few. */
  #look(): void {
    const all = [...this.#connections].map(([connection, maConn]) => ({
      connection,
      frames: framesIn(maConn),
    }));
    if (all.reduce((sum, { frames }) => sum + frames, 0) <= MAX_WAITING_IN_ALL) return;
    const { connection } = all.reduce((a, b) => (b.frames > a.frames ? b : a));
    connection.abort(new Error('more waits for it than for others'));
  }
}

const framesIn = ({ writeBuffer }: MuxerInside['maConn']) => writeBuffer.bufs.length;

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
