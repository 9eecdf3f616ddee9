/** Protobuf and length prefixes by hand, so that the tests of the wire share no code with the node. */

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

/** A field of wire type 0 (a number) or 2 (bytes, text, a message). */
export function field(number: number, value: number | bigint | Uint8Array | string): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Buffer.concat([varint(number << 3), varint(value)]);
  }
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

export function prefixed(message: Uint8Array): Buffer {
  return Buffer.concat([varint(message.length), message]);
}

export type Field = { number: number; value: number | Buffer };

export function parseFields(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    const tag = readVarint(reader);
    const value = readVarint(reader);
    if ((tag & 7) === 0) fields.push({ number: tag >>> 3, value });
    else {
      fields.push({ number: tag >>> 3, value: bytes.subarray(reader.at, reader.at + value) });
      reader.at += value;
    }
  }
  return fields;
}

/** All fields of one number, as bytes. */
export function bytesOf(fields: readonly Field[], number: number): Buffer[] {
  return fields.filter((entry) => entry.number === number).map(({ value }) => value as Buffer);
}

/** The one field of this number; 0 when it is left out. */
export function numberOf(fields: readonly Field[], number: number): number {
  return (fields.find((entry) => entry.number === number)?.value as number | undefined) ?? 0;
}

/** Whole messages behind their lengths, and whether bytes are left over. */
export function splitPrefixed(bytes: Buffer): { messages: Buffer[]; isWhole: boolean } {
  const messages: Buffer[] = [];
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    const length = readVarint(reader);
    if (reader.at + length > bytes.length) return { messages, isWhole: false };
    messages.push(bytes.subarray(reader.at, reader.at + length));
    reader.at += length;
  }
  return { messages, isWhole: true };
}

function readVarint(reader: { bytes: Buffer; at: number }): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new Error('a number is cut off');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
