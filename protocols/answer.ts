import { decodeProtobuf } from './codec.ts';
import { Chunk as ChunkMessage, Status } from './generated/answer.ts';

/** How a request ended, or what stands in the place of one item. */
export type AnswerStatus = 'OK' | 'INVALID_REQUEST' | 'NOT_FOUND' | 'RATE_LIMITED' | 'INTERNAL';

/** One message of an answer. */
export type Chunk = Readonly<{
  status: AnswerStatus;
  /** For the person who reads the log. */
  message: string;
  payload: Uint8Array;
  /** In the last chunk only: how many items came before it. */
  endCount: number | undefined;
}>;

export const MAX_MESSAGE_CHARACTERS = 256;
/** What a chunk has around its payload: tags, lengths, the message (four bytes a character at most), the end. */
export const CHUNK_OVERHEAD_BYTES = 4 * MAX_MESSAGE_CHARACTERS + 64;

const NOTHING = new Uint8Array(0);

export function encodeItems(payload: Uint8Array): Uint8Array {
  return ChunkMessage.encode({ status: Status.OK, message: '', payload: owned(payload) });
}

/** Stands in the place of one item. */
export function encodeMissing(status: AnswerStatus, message: string): Uint8Array {
  return ChunkMessage.encode({ status: Status[status], message: cut(message), payload: owned(NOTHING) });
}

/** The last chunk: why the answer ends here, and how many items it had. */
export function encodeEnd(status: AnswerStatus, message: string, count: number): Uint8Array {
  return ChunkMessage.encode({
    status: Status[status],
    message: cut(message),
    payload: owned(NOTHING),
    end: { count },
  });
}

/** @throws DecodeError */
export function decodeChunk(bytes: Uint8Array): Chunk {
  const { status, message, payload, end } = decodeProtobuf(() => ChunkMessage.decode(bytes));
  return { status, message: cut(message), payload, endCount: end?.count };
}

function cut(message: string): string {
  return message.slice(0, MAX_MESSAGE_CHARACTERS);
}

/** Protons asks for the type of an array on a buffer that is not shared; ours never are. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
