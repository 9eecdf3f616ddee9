import { Uint8ArrayList } from 'uint8arraylist';
import type { Muxer } from './eachMuxer.ts';

/** What a stream may have on the way: with yamux's default a block crawls over a long distance. */
export const STREAM_WINDOW_BYTES = 1024 * 1024;
/** What a stream keeps that nobody reads, where an answer has been given, say. By default it is 4 MB. */
export const MAX_UNREAD_BYTES = 256 * 1024;
/** No frame is longer than the window of its stream, but for its header. */
const MAX_FRAME_BYTES = STREAM_WINDOW_BYTES + 12;
/** Bytes that come one by one weigh two hundred times as much: so many pieces are put together. */
const MAX_PIECES = 1000;

type MuxerInside = {
  readonly decoder: {
    buffer: Uint8ArrayList;
    emitFrames(bytes: Uint8Array | Uint8ArrayList): Iterable<unknown>;
  };
};

/**
 * Ends a connection with a frame that is too long. Yamux itself waits for all of it before it looks at the stream that it is
 * for: up to 4 GB, in memory.
 */
export function boundFrames(muxer: Muxer): void {
  const { decoder } = muxer as unknown as MuxerInside;
  const emitFrames = decoder.emitFrames.bind(decoder);
  let pieces = 0;
  decoder.emitFrames = function* (bytes) {
    yield* emitFrames(bytes);
    const { buffer } = decoder;
    if (buffer.byteLength > MAX_FRAME_BYTES) throw new Error('a frame longer than the window of a stream');
    pieces = buffer.byteLength === 0 ? 0 : pieces + 1;
    if (pieces < MAX_PIECES) return;
    pieces = 0;
    decoder.buffer = new Uint8ArrayList(buffer.slice());
  };
}
