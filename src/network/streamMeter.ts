import type { Connection, Stream } from '@libp2p/interface';
import type { Host } from './host.ts';
import { TokenBucket } from './tokenBucket.ts';

/** Streams that a peer may open, of whatever protocol, libp2p's own and unknown ones included: more than ours all take. */
export const OPENED_STREAMS = { burst: 600, perSec: 200 };
export const STREAM_POINTS = 1;

/** A connection as it is at run time: its exported type lacks where the streams come from. */
type ConnectionInside = Connection & {
  readonly muxer?: { addEventListener(type: 'stream', listener: (event: CustomEvent<Stream>) => void): void };
};

/** Counts the streams that peers open; calls for each one that is too many. Before the host starts. */
export function meterStreams(host: Host, onExcess: (peerId: string) => void): void {
  host.addEventListener('connection:open', ({ detail }) => {
    const opened = new TokenBucket(OPENED_STREAMS, Date.now());
    (detail as ConnectionInside).muxer?.addEventListener('stream', () => {
      if (!opened.take(Date.now())) onExcess(detail.remotePeer.toString());
    });
  });
}
