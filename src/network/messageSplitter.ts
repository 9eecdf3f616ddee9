import { concatBytes } from '../bytes/bytes.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import { decodeLengthAt } from './lengthPrefix.ts';

/** Parts of a message that are kept as they came, before they are put together. */
const MAX_LOOSE_PARTS = 256;
const NOTHING = new Uint8Array(0);

/**
 * Takes a stream of bytes apart into messages, each behind its length. What has not come to its end is kept, and nothing is
 * allocated for a length that was only announced. (libp2p's own reader costs five promises a message, and a small block is
 * a message.)
 */
export class MessageSplitter {
  readonly #maxMessageBytes: number;
  /** The first bytes of a length that goes on. */
  #head: Uint8Array = NOTHING;
  /** The first parts of a message, and how much of it is to come. */
  #parts: Uint8Array[] = [];
  #missing = 0;
  /** How many of the last parts are as they came. */
  #loose = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** The messages that these bytes complete, as views where they came in one piece. @throws DecodeError */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    if (this.#missing > 0) {
      at = Math.min(this.#missing, bytes.length);
      this.#keep(bytes.subarray(0, at));
      this.#missing -= at;
      if (this.#missing > 0) return;
      this.#loose = 0;
      yield concatBytes(...this.#parts.splice(0));
    }
    const rest = this.#head.length > 0 ? concatBytes(this.#head, bytes.subarray(at)) : bytes.subarray(at);
    this.#head = NOTHING;
    yield* this.#split(rest);
  }

  /** A message that comes byte by byte must not weigh a hundred times as much as it is long. */
  #keep(part: Uint8Array): void {
    this.#parts.push(part);
    if (++this.#loose < MAX_LOOSE_PARTS) return;
    this.#loose = 0;
    this.#parts.push(concatBytes(...this.#parts.splice(-MAX_LOOSE_PARTS)));
  }

  *#split(bytes: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < bytes.length) {
      const prefix = decodeLengthAt(bytes, at);
      if (prefix === undefined) {
        this.#head = bytes.slice(at);
        return;
      }
      const { length, end } = prefix;
      if (length > this.#maxMessageBytes) throw new DecodeError(`a message of ${length} bytes`);
      at = end + length;
      if (at > bytes.length) {
        this.#parts = [bytes.subarray(end)];
        this.#missing = at - bytes.length;
        return;
      }
      yield bytes.subarray(end, at);
    }
  }
}
