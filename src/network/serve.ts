import type { Connection, Stream } from '@libp2p/interface';
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils';
import { Uint8ArrayList } from 'uint8arraylist';
import { type AnswerStatus, encodeEnd, encodeItems, encodeMissing } from '../../protocols/answer.ts';
import { type Protocol, protocolId } from '../../protocols/protocol.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { Deadline } from './deadline.ts';
import type { Host } from './host.ts';
import { decodeLength, lengthPrefix } from './lengthPrefix.ts';
import { messageOf } from './request.ts';

/** What a handler yields: items that go into one chunk, or a chunk in the place of an item that is not there. */
export type AnswerPart<Item> = Readonly<{ items: readonly Item[] }> | Readonly<{ missing: string }>;

/** Ends an answer with a status other than OK. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly status: AnswerStatus;

  constructor(status: AnswerStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** Who may ask, and how much: the table of peers. */
export type Gate = Readonly<{
  /** Undefined to let the request in; otherwise why not, for the one who asks. `end` breaks it off, if it must be. */
  enter(connection: Connection, protocol: Protocol<never, never>, end: () => void): string | undefined;
  /** Called once for each request that was let in, with the same `end`. */
  leave(connection: Connection, protocol: Protocol<never, never>, end: () => void): void;
  /** The asker has taken so many bytes of the answer. */
  taken(protocol: Protocol<never, never>, end: () => void, bytes: number): void;
  /** Bytes that are to go to a peer. False: it has had its share for now. */
  charge(connection: Connection, bytes: number): boolean;
  /** The request could not be read. */
  blame(connection: Connection, reason: string): void;
  /** A handler failed: our own fault. */
  failed(protocol: string, error: unknown): void;
}>;

export type Answerer<Request, Item> = (
  question: Request,
  connection: Connection,
) => AsyncIterable<AnswerPart<Item>> | Iterable<AnswerPart<Item>>;

/** How long an asker may leave its side of the stream open after it has got everything. */
const LINGER_MS = 2000;
/** A reader that takes 8 MB byte by byte is not waited for any longer, however steady it is. */
export const MAX_EXCHANGE_MS = 120_000;
/** A handful above the protocol's own count, so that one too many gets an answer and not only a reset. */
const SPARE_STREAMS = 4;
/** Chunks that together reach it are written: about what one encrypted message holds. */
const WRITTEN_TOGETHER_BYTES = 60_000;
/** So much at most is handed to a stream at once. */
const PIECE_BYTES = 128 * 1024;

/** Answers a protocol for as long as the host lives. */
export function serve<Request, Item>(
  host: Host,
  network: string,
  protocol: Protocol<Request, Item>,
  gate: Gate,
  answer: Answerer<Request, Item>,
): Promise<void> {
  const id = protocolId(network, protocol);
  const maxInboundStreams = protocol.limits.streamsPerPeer + SPARE_STREAMS;
  return host.handle(id, (stream, connection) => handle(stream, connection, protocol, gate, answer), {
    maxInboundStreams,
  });
}

/** One request on its way through this file. */
type Exchange<Request, Item> = Readonly<{
  stream: Stream;
  messages: LengthPrefixedStream;
  connection: Connection;
  protocol: Protocol<Request, Item>;
  gate: Gate;
  deadline: Deadline;
  /** The asker has taken so many bytes. */
  onTaken: (bytes: number) => void;
}>;

/** Never rejects: what goes wrong is answered, or the stream is reset. */
async function handle<Request, Item>(
  stream: Stream,
  connection: Connection,
  protocol: Protocol<Request, Item>,
  gate: Gate,
  answer: Answerer<Request, Item>,
): Promise<void> {
  const { limits } = protocol;
  const deadline = new Deadline(limits.timeoutMs);
  const messages = lpStream(stream, {
    lengthDecoder: decodeLength,
    maxDataLength: limits.maxRequestBytes,
    // Bytes behind the request are not waited for and not kept.
    maxBufferSize: limits.maxRequestBytes + 64 * 1024,
  });
  const asked = protocol as unknown as Protocol<never, never>;
  const end = () => stream.abort(new Error('it took too long'));
  const onTaken = (bytes: number) => {
    deadline.extend();
    gate.taken(asked, end, bytes);
  };
  const exchange = { stream, messages, connection, protocol, gate, deadline, onTaken };
  const refusal = gate.enter(connection, asked, end);
  const whole = setTimeout(end, MAX_EXCHANGE_MS);
  try {
    if (refusal === undefined) await converse(exchange, answer);
    else await messages.write(encodeEnd('RATE_LIMITED', refusal, 0), deadline);
    await finish(stream);
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(messageOf(error)));
  } finally {
    deadline.end();
    clearTimeout(whole);
    if (refusal === undefined) gate.leave(connection, asked, end);
  }
}

async function converse<Request, Item>(
  exchange: Exchange<Request, Item>,
  answer: Answerer<Request, Item>,
): Promise<void> {
  const { messages, deadline, connection } = exchange;
  let question: Request;
  try {
    question = exchange.protocol.request.decode((await messages.read(deadline)).subarray());
  } catch (error) {
    await refuse(exchange, error);
    return;
  }
  deadline.extend();
  await sendAnswer(exchange, () => answer(question, connection));
}

/** Tells the asker that its request could not be read, so that it need not wait. */
async function refuse<Request, Item>(
  { stream, messages, connection, protocol, gate, deadline }: Exchange<Request, Item>,
  error: unknown,
): Promise<void> {
  // A stream that was reset has nobody left who waits, and an asker may change its mind.
  if (stream.status !== 'open') throw error;
  const isLate = deadline.signal.aborted;
  if (!isLate) gate.blame(connection, `${protocol.name}: ${messageOf(error)}`);
  const readable = error instanceof DecodeError ? error.message : 'no request of a length that is allowed';
  const reason = isLate ? 'no request came in time' : readable;
  const last = new Deadline(LINGER_MS);
  try {
    await messages.write(encodeEnd('INVALID_REQUEST', reason, 0), last);
  } finally {
    last.end();
  }
}

/** Writes all chunks, the last one included, whatever goes wrong in making them. */
async function sendAnswer<Request, Item>(
  { stream, connection, protocol, gate, deadline, onTaken }: Exchange<Request, Item>,
  parts: () => AsyncIterable<AnswerPart<Item>> | Iterable<AnswerPart<Item>>,
): Promise<void> {
  const outbox = new Outbox(stream, deadline.signal, onTaken);
  let count = 0;
  let status: AnswerStatus = 'OK';
  let message = '';
  try {
    for await (const part of parts()) {
      const isItem = 'items' in part;
      const chunk = isItem
        ? encodeItems(protocol.payload.encode(part.items))
        : encodeMissing('NOT_FOUND', part.missing);
      if (!gate.charge(connection, chunk.length)) {
        throw new AnswerError('RATE_LIMITED', 'enough bytes for now: ask for the rest in a second');
      }
      if (isItem) count += part.items.length;
      await outbox.add(chunk);
    }
  } catch (error) {
    if (error instanceof SendError) throw error.cause;
    const isOurs = !(error instanceof AnswerError);
    if (isOurs) gate.failed(protocol.name, error);
    status = isOurs ? 'INTERNAL' : error.status;
    message = isOurs ? 'this node failed to answer' : error.message;
  }
  await outbox.finish(encodeEnd(status, message, count));
}

/** The asker is gone or does not read: its own affair, unlike what a handler throws. */
class SendError extends Error {}

/**
 * Gathers small chunks and writes many at a time: each write costs both sides a frame, an encryption and a system call or
 * two, which for a small block is more than all the rest. A large one goes in pieces: an asker on a slow line takes its time
 * for 3 MB, and is to be told from one that takes nothing.
 */
class Outbox {
  readonly #stream: Stream;
  readonly #signal: AbortSignal;
  readonly #onTaken: (bytes: number) => void;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(stream: Stream, signal: AbortSignal, onTaken: (bytes: number) => void) {
    this.#stream = stream;
    this.#signal = signal;
    this.#onTaken = onTaken;
  }

  /** @throws SendError */
  async add(chunk: Uint8Array): Promise<void> {
    this.#gather(chunk);
    if (this.#bytes < WRITTEN_TOGETHER_BYTES) return;
    try {
      await this.#write();
    } catch (cause) {
      throw new SendError('not sent', { cause });
    }
  }

  async finish(last: Uint8Array): Promise<void> {
    this.#gather(last);
    await this.#write();
  }

  #gather(chunk: Uint8Array): void {
    this.#parts.push(lengthPrefix(chunk.length), chunk);
    this.#bytes += chunk.length;
  }

  async #write(): Promise<void> {
    const list = new Uint8ArrayList(...this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    for (let at = 0; at < list.byteLength; at += PIECE_BYTES) {
      const piece = list.sublist(at, Math.min(at + PIECE_BYTES, list.byteLength));
      if (!this.#stream.send(piece)) await drained(this.#stream, this.#signal);
      this.#onTaken(piece.byteLength);
    }
  }
}

/** Resolves when the stream takes more. Rejects when it never will, or at the signal. */
function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (isDrained: boolean) => {
      stream.removeEventListener('drain', onDrain);
      stream.removeEventListener('close', onEnd);
      signal.removeEventListener('abort', onEnd);
      if (isDrained) resolve();
      else reject(new Error('the asker is gone, or takes nothing'));
    };
    const onDrain = () => settle(true);
    const onEnd = () => settle(false);
    stream.addEventListener('drain', onDrain);
    stream.addEventListener('close', onEnd);
    signal.addEventListener('abort', onEnd);
    if (signal.aborted || stream.status !== 'open') onEnd();
  });
}

/**
 * Closes our side and sees to it that the other side follows: a stream whose asker never closes would count against the
 * limit of streams for ever.
 */
async function finish(stream: Stream): Promise<void> {
  await stream.close({ signal: AbortSignal.timeout(LINGER_MS) });
  if (stream.status === 'closed' || stream.timeline.close !== undefined) return;
  const timer = setTimeout(() => stream.abort(new Error('the asker left its side open')), LINGER_MS);
  timer.unref();
  stream.addEventListener('close', () => clearTimeout(timer), { once: true });
}
