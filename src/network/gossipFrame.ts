import { crc32 } from '../bytes/bytes.ts';
import { DecodeError } from '../bytes/decodeError.ts';

/** What one frame of gossipsub holds, counted without decoding it: what is dropped must not cost more than this. */
export type GossipFrame = {
  subscriptions: number;
  /** Messages on a topic of ours, and their bytes. */
  blocks: number;
  transactions: number;
  /** Messages on any other topic. */
  strange: number;
  /** IHAVE, IWANT, GRAFT and PRUNE. */
  controls: number;
  /** IDONTWANT: one for each large message that its sender has got. */
  dontWants: number;
  /** One number for each message: the same bytes have the same. */
  fingerprints: number[];
};

/** Of a message's beginning and end so much makes its fingerprint. */
const FINGERPRINT_BYTES = 128;

/** Of a frame, with those of its messages and control messages: 5,000 messages of seven each, and ids. */
const MAX_FIELDS = 50_000;

/** Field numbers of gossipsub's rpc.proto. */
const RPC = { subscriptions: 1, messages: 2, control: 3 } as const;
const MESSAGE = { data: 2, topic: 4 } as const;
const CONTROL_IDONTWANT = 5;

type Budget = { fields: number };
type Topics = Readonly<{ blocks: Buffer; transactions: Buffer }>;

/** Counts what is in a frame. @throws DecodeError when it is no protobuf */
export function countFrame(bytes: Uint8Array, topics: Topics): GossipFrame {
  const frame: GossipFrame = {
    subscriptions: 0,
    blocks: 0,
    transactions: 0,
    strange: 0,
    controls: 0,
    dontWants: 0,
    fingerprints: [],
  };
  const budget = { fields: MAX_FIELDS };
  eachField(bytes, budget, (number, content) => {
    if (number === RPC.subscriptions) {
      frame.subscriptions++;
      eachField(content, budget, ignore);
    } else if (number === RPC.messages) countMessage(frame, content, topics, budget);
    else if (number === RPC.control) countControl(frame, content, budget);
  });
  return frame;
}

function ignore(): void {
  // Only counted.
}

function countMessage(frame: GossipFrame, message: Uint8Array, topics: Topics, budget: Budget): void {
  let topic: Uint8Array = new Uint8Array();
  let data: Uint8Array = new Uint8Array();
  eachField(message, budget, (number, content) => {
    if (number === MESSAGE.topic) topic = content;
    else if (number === MESSAGE.data) data = content;
  });
  if (topics.transactions.equals(topic)) frame.transactions++;
  else if (topics.blocks.equals(topic)) frame.blocks++;
  else frame.strange++;
  const head = crc32(data.subarray(0, FINGERPRINT_BYTES));
  const tail = crc32(data.subarray(-FINGERPRINT_BYTES));
  frame.fingerprints.push(head * 2 ** 20 + ((tail ^ data.length) & 0xfffff));
}

function countControl(frame: GossipFrame, control: Uint8Array, budget: Budget): void {
  eachField(control, budget, (number, content) => {
    if (number === CONTROL_IDONTWANT) frame.dontWants++;
    else frame.controls++;
    eachField(content, budget, ignore);
  });
}

/** Walks over the fields of a protobuf message; only those with a length have content. @throws DecodeError */
function eachField(
  bytes: Uint8Array,
  budget: Budget,
  visit: (number: number, content: Uint8Array) => void,
): void {
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    // A frame of 4 MB may be two million fields of nothing.
    if (--budget.fields < 0) throw new DecodeError('too many fields');
    const tag = readVarint(reader);
    const from = reader.at;
    const kind = tag % 8;
    let length = 0;
    if (kind === 0) readVarint(reader);
    else if (kind === 1) reader.at += 8;
    else if (kind === 2) {
      length = readVarint(reader);
      reader.at += length;
    } else if (kind === 5) reader.at += 4;
    else throw new DecodeError(`a field of kind ${kind}`);
    if (reader.at > bytes.length) throw new DecodeError('a field that goes on behind the end');
    const number = Math.floor(tag / 8);
    if (kind === 2) visit(number, bytes.subarray(reader.at - length, reader.at));
    else visit(number, bytes.subarray(from, from));
  }
}

function readVarint(reader: { bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let i = 0, scale = 1; i < 10; i++, scale *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new DecodeError('a number that goes on behind the end');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw new DecodeError('a number of more than ten bytes');
}
