import type { Connection, Stream } from '@libp2p/interface';
import { lpStream } from '@libp2p/utils';
import { type AnswerStatus, CHUNK_OVERHEAD_BYTES, type Chunk, decodeChunk } from '../../protocols/answer.ts';
import { type Protocol, protocolId } from '../../protocols/protocol.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { Deadline } from './deadline.ts';
import { decodeLength } from './lengthPrefix.ts';

/** So much of a chunk counts as progress. */
const PROGRESS_BYTES = 16 * 1024;

/**
 * Why no answer came, or no whole one.
 * - `unreachable`: the connection is gone, or the peer does not speak the protocol.
 * - `stalled`: nothing came for too long.
 * - `cut`: the stream ended before its end chunk. A server that is over its limits looks like this, so it is no fault.
 * - `violation`: what came breaks the protocol. Only this one is held against the peer.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly kind: 'unreachable' | 'stalled' | 'cut' | 'violation';

  constructor(kind: RequestError['kind'], message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

export type RequestOptions<Item> = Readonly<{
  network: string;
  signals: readonly AbortSignal[];
  /** How long each chunk, or 16 KB of it, may take; the protocol's own limit when left out. */
  chunkTimeoutMs?: number;
  onItems?: (items: readonly Item[]) => void;
  /** The server does not have the next of the items that were asked for. */
  onMissing?: (message: string) => void;
  onBytes?: (bytes: number) => void;
}>;

export type AnswerEnd = Readonly<{ status: AnswerStatus; message: string; count: number }>;

/**
 * Asks one question on a stream of its own and hands over the items as they come.
 * Holds the server to the protocol's limits. Resolves with its last chunk, whatever the status.
 * @throws RequestError
 */
export async function request<Request, Item>(
  connection: Connection,
  protocol: Protocol<Request, Item>,
  question: Request,
  options: RequestOptions<Item>,
): Promise<AnswerEnd> {
  const { limits } = protocol;
  const deadline = new Deadline(options.chunkTimeoutMs ?? limits.timeoutMs, ...options.signals);
  const { signal } = deadline;
  let stream: Stream | undefined;
  try {
    stream = await openStream(connection, protocolId(options.network, protocol), signal);
    const messages = lpStream(stream, {
      lengthDecoder: decodeLength,
      maxDataLength: limits.maxPayloadBytes + CHUNK_OVERHEAD_BYTES,
      // A whole answer may arrive while we are busy with its first part: there is no back-pressure below this.
      maxBufferSize: limits.maxAnswerBytes + limits.maxItems * CHUNK_OVERHEAD_BYTES + 64 * 1024,
    });
    extendByProgress(stream, deadline);
    await messages.write(protocol.request.encode(question), { signal });
    // The half-close tells the server that all is said; waiting for it would only cost a round trip.
    stream.close({ signal }).catch(() => undefined);
    return await readAnswer(protocol, options, async () => {
      const bytes = (await messages.read({ signal })).subarray();
      deadline.extend();
      options.onBytes?.(bytes.length);
      return decodeChunk(bytes);
    });
  } catch (error) {
    const failure = asRequestError(error, signal);
    stream?.abort(failure);
    throw failure;
  } finally {
    deadline.end();
  }
}

/** A large block on a slow line is no stall, a trickle is. */
function extendByProgress(stream: Stream, deadline: Deadline): void {
  let bytes = 0;
  stream.addEventListener('message', ({ data }) => {
    bytes += data.byteLength;
    if (bytes < PROGRESS_BYTES) return;
    bytes = 0;
    deadline.extend();
  });
}

async function openStream(connection: Connection, id: string, signal: AbortSignal): Promise<Stream> {
  try {
    return await connection.newStream(id, { signal });
  } catch (cause) {
    throw new RequestError('unreachable', `no stream for ${id}: ${messageOf(cause)}`, cause);
  }
}

async function readAnswer<Request, Item>(
  { name, limits, payload }: Protocol<Request, Item>,
  { onItems, onMissing }: RequestOptions<Item>,
  next: () => Promise<Chunk>,
): Promise<AnswerEnd> {
  let count = 0;
  let missing = 0;
  let bytes = 0;
  while (true) {
    const chunk = await next();
    if (chunk.endCount !== undefined) {
      if (chunk.endCount !== count) {
        throw new RequestError('violation', `${name}: ${chunk.endCount} items announced, ${count} sent`);
      }
      return { status: chunk.status, message: chunk.message, count };
    }
    if (chunk.status !== 'OK') {
      if (++missing > limits.maxItems) throw new RequestError('violation', `${name}: too many chunks`);
      onMissing?.(chunk.message);
      continue;
    }
    bytes += chunk.payload.length;
    const items = payload.decode(chunk.payload);
    count += items.length;
    if (items.length === 0 || count > limits.maxItems || bytes > limits.maxAnswerBytes) {
      throw new RequestError(
        'violation',
        `${name}: ${count} items, ${bytes} bytes are not what was asked for`,
      );
    }
    onItems?.(items);
  }
}

function asRequestError(error: unknown, signal: AbortSignal): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof DecodeError) return new RequestError('violation', error.message, error);
  if (signal.aborted) {
    return new RequestError('stalled', 'nothing came for too long', error);
  }
  if (error instanceof Error && /^Invalid(Data|Message)Length/.test(error.name)) {
    return new RequestError('violation', messageOf(error), error);
  }
  return new RequestError('cut', `the stream ended early: ${messageOf(error)}`, error);
}

/** libp2p also rejects with events. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return error instanceof Event ? `stream ${error.type}` : String(error);
}
