import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { EVENT_TYPES, type NodeEvent, type NodeEvents, type NumberedEvent } from './nodeEvents.ts';

/** Streams at once. Each costs a write for every event. */
export const MAX_STREAMS = 32;
/** A reader for whom so much waits is too slow: it is cut off, and can go on from where it was. */
const MAX_UNREAD_BYTES = 4_000_000;
/** Something is sent at least so often, so that both ends notice when the other is gone. */
const HEARTBEAT_MS = 15_000;
const PATH = '/events';

type EventType = NodeEvent['type'];

/** Server-sent events (the HTML standard's text/event-stream) at a door, whose own hooks decide who may listen. */
export class EventStreams {
  readonly #open = new Set<ServerResponse>();
  #events: NodeEvents | undefined;

  answerAt(server: FastifyInstance): void {
    server.get(PATH, (request, reply) => this.#answer(request, reply));
  }

  /** From here on there is something to tell. */
  attach(events: NodeEvents): void {
    this.#events = events;
  }

  close(): void {
    for (const stream of this.#open) stream.end();
  }

  #answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const events = this.#events;
    if (events === undefined) return refuse(reply, 503, 'Loading block index…');
    if (this.#open.size >= MAX_STREAMS) return refuse(reply, 503, `At most ${MAX_STREAMS} streams at once`);
    const types = typesOf(request.query);
    if (types === undefined) return refuse(reply, 400, `types is a list of ${EVENT_TYPES.join(', ')}`);
    reply.hijack();
    const lastId = request.headers['last-event-id'];
    this.#stream(
      reply.raw,
      events,
      types,
      lastId === undefined ? events.lastNumber : numberOf(lastId, events),
    );
    return reply;
  }

  #stream(
    stream: ServerResponse,
    events: NodeEvents,
    types: ReadonlySet<EventType>,
    lastNumber: number,
  ): void {
    stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = (numbered: NumberedEvent) => {
      if (!types.has(numbered.event.type)) return;
      stream.write(writeEvent(numbered, events));
      if (stream.writableLength > MAX_UNREAD_BYTES) stream.destroy();
    };
    // Told at once, so that whoever connects knows that it is heard, and how to come back.
    stream.write(`retry: 2000\n: ${[...types].join(' ')}\n\n`);
    const missed = events.since(lastNumber);
    if (missed === undefined) stream.write('event: missed\ndata: {"type":"missed"}\n\n');
    for (const numbered of missed ?? []) send(numbered);
    const unsubscribe = events.subscribe(send);
    const heartbeat = setInterval(() => stream.write(':\n\n'), HEARTBEAT_MS);
    this.#open.add(stream);
    stream.once('error', () => undefined);
    stream.once('close', () => {
      unsubscribe();
      clearInterval(heartbeat);
      this.#open.delete(stream);
    });
  }
}

function refuse(reply: FastifyReply, status: number, why: string): FastifyReply {
  return reply.code(status).send(`${why}\n`);
}

/** All where none are named; undefined when one is none of them. */
function typesOf(query: unknown): ReadonlySet<EventType> | undefined {
  const { types } = query as Record<string, unknown>;
  if (types === undefined) return new Set(EVENT_TYPES);
  const names = typeof types === 'string' ? types.split(',') : [];
  const known = EVENT_TYPES.filter((type) => names.includes(type));
  return known.length === names.length && names.length > 0 ? new Set(known) : undefined;
}

/** The number in an id, `<run>-<number>`; of another run, or of nonsense, it is one that nobody has. */
function numberOf(id: unknown, { run }: NodeEvents): number {
  const [ofRun, number = ''] = String(id).split('-', 2);
  return ofRun === run && /^\d{1,15}$/.test(number) ? Number(number) : Number.POSITIVE_INFINITY;
}

function writeEvent({ number, event }: NumberedEvent, { run }: NodeEvents): string {
  return `id: ${run}-${number}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
