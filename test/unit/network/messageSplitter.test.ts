import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecodeError } from '../../../src/bytes/decodeError.ts';
import { prefixed } from '../../../src/network/lengthPrefix.ts';
import { MessageSplitter } from '../../../src/network/messageSplitter.ts';

const lengths = fc.oneof(fc.nat(5), fc.constantFrom(127, 128, 300, 16_383, 16_384, 20_000));

test('messages come out as they went in, however the stream was cut', () => {
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (sizes, cuts) => {
      const messages = sizes.map((size, i) => Buffer.alloc(size, i + 1));
      const stream = Buffer.concat(messages.map((message) => prefixed(message)));
      const ends = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
      const splitter = new MessageSplitter(20_000);
      let start = 0;
      const found = ends.flatMap((end) => {
        const piece = stream.subarray(start, end);
        start = end;
        return [...splitter.push(piece)].map(Buffer.from);
      });
      assert.deepEqual(found, messages);
    }),
  );
});

test('one byte at a time is enough', () => {
  const stream = Buffer.concat([
    prefixed(Buffer.alloc(200, 1)),
    prefixed(Buffer.alloc(0)),
    prefixed(Buffer.of(7)),
  ]);
  const splitter = new MessageSplitter(200);
  const found = [...stream].flatMap((byte) => [...splitter.push(Uint8Array.of(byte))].map(Buffer.from));
  assert.deepEqual(found, [Buffer.alloc(200, 1), Buffer.alloc(0), Buffer.of(7)]);
});

test('a message too long is refused by its length alone, and so is a length without end', () => {
  const tooLong = prefixed(Buffer.alloc(201)).subarray(0, 2);
  assert.throws(() => [...new MessageSplitter(200).push(tooLong)], DecodeError);
  assert.throws(() => [...new MessageSplitter(200).push(Buffer.alloc(4, 0xff))], DecodeError);
  assert.deepEqual([...new MessageSplitter(200).push(Buffer.alloc(3, 0xff))], []);
});

test('a message that comes byte by byte is put together', () => {
  const splitter = new MessageSplitter(2000);
  const message = Uint8Array.from({ length: 1500 }, (_, i) => i % 251);
  const sent = prefixed(message);
  const received: Uint8Array[] = [];
  for (let i = 0; i < 2; i++) {
    for (const byte of sent) received.push(...splitter.push(Uint8Array.of(byte)));
  }
  assert.deepEqual(
    received.map((bytes) => [...bytes]),
    [[...message], [...message]],
  );
});
