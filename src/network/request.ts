import type { Connection, Stream } from '@libp2p/interface';
import { type AnswerStatus, CHUNK_OVERHEAD_BYTES, type Chunk, decodeChunk } from '../../protocols/answer.ts';
import { type Protocol, protocolId } from '../../protocols/protocol.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { Deadline } from './deadline.ts';
import { prefixed } from './lengthPrefix.ts';
import { MessageSplitter } from './messageSplitter.ts';

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
  /** Bytes came, whole chunks or not. */
  onReceived?: (bytes: number) => void;
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
    stream.send(prefixed(protocol.request.encode(question)));
    // The half-close tells the server that all is said; waiting for it would only cost a round trip.
    stream.close({ signal }).catch(() => undefined);
    const reader = new AnswerReader(protocol, options);
    return await readToEnd(stream, signal, (bytes) => {
      const end = reader.push(bytes);
      if (reader.hasProgressed()) deadline.extend();
      return end;
    });
  } catch (error) {
    const failure = asRequestError(error, signal);
    stream?.abort(failure);
    throw failure;
  } finally {
    deadline.end();
  }
}

async function openStream(connection: Connection, id: string, signal: AbortSignal): Promise<Stream> {
  try {
    return await connection.newStream(id, { signal });
  } catch (cause) {
    throw new RequestError('unreachable', `no stream for ${id}: ${messageOf(cause)}`, cause);
  }
}

/** Hands over what comes on a stream, piece by piece, until `push` returns something. */
function readToEnd<End>(
  stream: Stream,
  signal: AbortSignal,
  push: (bytes: Uint8Array) => End | undefined,
): Promise<End> {
  return new Promise((resolve, reject) => {
    let end: End | undefined;
    stream.addEventListener('message', ({ data }) => {
      try {
        for (const bytes of data instanceof Uint8Array ? [data] : data) {
          if (end !== undefined) throw new RequestError('violation', 'bytes behind the end of an answer');
          end = push(bytes);
        }
        if (end !== undefined) resolve(end);
      } catch (error) {
        reject(error);
        // Also where the answer is whole and nobody waits any more.
        stream.abort(error instanceof Error ? error : new Error(messageOf(error)));
      }
    });
    const onCut = () => reject(new RequestError('cut', 'the stream ended before the answer'));
    stream.addEventListener('end', onCut);
    stream.addEventListener('close', onCut);
    signal.addEventListener('abort', onCut);
    if (signal.aborted) onCut();
  });
}

/** Puts an answer together from its bytes and holds it to the protocol's limits. */
class AnswerReader<Request, Item> {
  readonly #protocol: Protocol<Request, Item>;
  readonly #options: RequestOptions<Item>;
  readonly #splitter: MessageSplitter;
  #count = 0;
  #missing = 0;
  #bytes = 0;
  #progress = 0;

  constructor(protocol: Protocol<Request, Item>, options: RequestOptions<Item>) {
    this.#protocol = protocol;
    this.#options = options;
    this.#splitter = new MessageSplitter(protocol.limits.maxPayloadBytes + CHUNK_OVERHEAD_BYTES);
  }

  /** The end of the answer, when these bytes hold it. @throws RequestError, DecodeError */
  push(bytes: Uint8Array): AnswerEnd | undefined {
    let end: AnswerEnd | undefined;
    this.#progress += bytes.length;
    this.#options.onReceived?.(bytes.length);
    for (const message of this.#splitter.push(bytes)) {
      this.#progress = PROGRESS_BYTES;
      if (end !== undefined) throw new RequestError('violation', 'a chunk behind the end of an answer');
      end = this.#take(decodeChunk(message));
    }
    return end;
  }

  /** Whether a message has come, or enough of one, since it was asked last: a large block on a slow line is no stall. */
  hasProgressed(): boolean {
    const hasProgressed = this.#progress >= PROGRESS_BYTES;
    if (hasProgressed) this.#progress = 0;
    return hasProgressed;
  }

  #take({ status, message, payload, endCount }: Chunk): AnswerEnd | undefined {
    const { name, limits } = this.#protocol;
    if (endCount !== undefined) {
      if (endCount !== this.#count) {
        throw new RequestError('violation', `${name}: ${endCount} items announced, ${this.#count} sent`);
      }
      return { status, message, count: endCount };
    }
    if (status !== 'OK') {
      if (++this.#missing > limits.maxItems) throw new RequestError('violation', `${name}: too many chunks`);
      this.#options.onMissing?.(message);
      return undefined;
    }
    this.#bytes += payload.length;
    const items = this.#protocol.payload.decode(payload);
    this.#count += items.length;
    if (items.length === 0 || this.#count > limits.maxItems || this.#bytes > limits.maxAnswerBytes) {
      throw new RequestError(
        'violation',
        `${name}: ${this.#count} items, ${this.#bytes} bytes are not what was asked for`,
      );
    }
    this.#options.onItems?.(items);
    return undefined;
  }
}

function asRequestError(error: unknown, signal: AbortSignal): RequestError {
  if (error instanceof DecodeError) return new RequestError('violation', error.message, error);
  if (error instanceof RequestError && (error.kind !== 'cut' || !signal.aborted)) return error;
  if (signal.aborted) return new RequestError('stalled', 'nothing came for too long', error);
  return new RequestError('cut', `the stream ended early: ${messageOf(error)}`, error);
}

/** libp2p also rejects with events. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return error instanceof Event ? `stream ${error.type}` : String(error);
}
