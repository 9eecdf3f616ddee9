import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeChunk, encodeEnd, encodeItems, encodeMissing } from '../../../protocols/answer.ts';
import { blocksProtocol } from '../../../protocols/blocks.ts';
import type { Codec } from '../../../protocols/codec.ts';
import { headersProtocol } from '../../../protocols/headers.ts';
import { mempoolProtocol } from '../../../protocols/mempool.ts';
import { peersProtocol } from '../../../protocols/peers.ts';
import { protocolId } from '../../../protocols/protocol.ts';
import { statusProtocol } from '../../../protocols/status.ts';
import { blocksTopic, topicId } from '../../../protocols/topics.ts';
import { transactionsProtocol } from '../../../protocols/transactions.ts';
import { DecodeError } from '../../../src/bytes/decodeError.ts';

const hash = (length = 32) => fc.uint8Array({ minLength: length, maxLength: length });
const hashes = (max: number) => fc.array(hash(), { maxLength: max });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

/** Buffers and arrays with the same bytes are the same value here. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part) =>
      part instanceof Uint8Array ? Array.from(part) : typeof part === 'bigint' ? `${part}n` : part,
    ),
  );
}

function roundTrips<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(plain(codec.decode(codec.encode(value))), plain(value));
    }),
    { numRuns: 100 },
  );
}

const status = fc.record({
  genesisHash: hash(),
  height: u32,
  tipHash: hash(),
  chainWork: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
  lowestHeight: u32,
  clockSec: fc.integer({ min: 0, max: 2 ** 40 }),
  listenPort: fc.integer({ min: 0, max: 65535 }),
  userAgent: fc.stringMatching(/^[ -~]{0,256}$/),
});

test('every request decodes to what was encoded', () => {
  roundTrips(statusProtocol.request, status);
  roundTrips(
    headersProtocol.request,
    fc.record({ locator: hashes(101), stopHash: fc.option(hash(), { nil: undefined }) }),
  );
  roundTrips(
    blocksProtocol.request,
    fc.oneof(
      fc.record({
        by: fc.constant('hash' as const),
        hashes: fc.array(hash(), { minLength: 1, maxLength: 128 }),
      }),
      fc.record({
        by: fc.constant('height' as const),
        firstHeight: u32,
        count: fc.integer({ min: 1, max: 128 }),
      }),
    ),
  );
  roundTrips(transactionsProtocol.request, fc.record({ hashes: hashes(1000) }));
  roundTrips(peersProtocol.request, fc.record({ max: fc.integer({ min: 1, max: 256 }) }));
  roundTrips(mempoolProtocol.request, fc.constant({}));
});

test('every payload decodes to what was encoded', () => {
  roundTrips(statusProtocol.payload, fc.tuple(status));
  roundTrips(mempoolProtocol.payload, hashes(300));
  roundTrips(
    peersProtocol.payload,
    fc.array(
      fc.record({
        multiaddr: fc.stringMatching(/^[ -~]{0,256}$/),
        lastSeenSec: fc.integer({ min: 0, max: 2 ** 40 }),
      }),
      { maxLength: 256 },
    ),
  );
  roundTrips(headersProtocol.payload, fc.array(hash(80), { maxLength: 50 }));
});

test('random and cut bytes give a value or a DecodeError, nothing else', () => {
  const decoders = [
    ...[
      statusProtocol,
      headersProtocol,
      blocksProtocol,
      transactionsProtocol,
      mempoolProtocol,
      peersProtocol,
    ].flatMap(
      ({ request, payload }) => [request.decode, payload.decode] as ((bytes: Uint8Array) => unknown)[],
    ),
    decodeChunk,
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      for (const decode of decoders) {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('deeply nested groups do not overflow the stack', () => {
  assert.throws(() => mempoolProtocol.request.decode(new Uint8Array(100_000).fill(0x0b)), DecodeError);
});

test('a list is refused one item above its limit', () => {
  const many = (count: number) => Array.from({ length: count }, () => new Uint8Array(32));
  const headers = (count: number) =>
    headersProtocol.request.decode(
      headersProtocol.request.encode({ locator: many(count), stopHash: undefined }),
    );
  assert.equal(headers(101).locator.length, 101);
  assert.throws(() => headers(102), DecodeError);

  const blocks = (count: number) =>
    blocksProtocol.request.decode(blocksProtocol.request.encode({ by: 'hash', hashes: many(count) }));
  assert.equal(blocks(128).by, 'hash');
  assert.throws(() => blocks(129), DecodeError);
  assert.throws(() => blocks(0), DecodeError);

  const range = (count: number) =>
    blocksProtocol.request.decode(blocksProtocol.request.encode({ by: 'height', firstHeight: 0, count }));
  assert.equal(range(128).by, 'height');
  assert.throws(() => range(129), DecodeError);
  assert.throws(() => range(0), DecodeError);

  const transactions = (count: number) =>
    transactionsProtocol.request.decode(transactionsProtocol.request.encode({ hashes: many(count) }));
  assert.equal(transactions(1000).hashes.length, 1000);
  assert.throws(() => transactions(1001), DecodeError);

  const txids = (count: number) =>
    mempoolProtocol.payload.decode(mempoolProtocol.payload.encode(many(count)));
  assert.equal(txids(10_000).length, 10_000);
  assert.throws(() => txids(10_001), DecodeError);
});

test('a hash of another length than 32 is refused', () => {
  for (const length of [0, 31, 33]) {
    const bytes = headersProtocol.request.encode({ locator: [new Uint8Array(length)], stopHash: undefined });
    assert.throws(() => headersProtocol.request.decode(bytes), DecodeError);
  }
});

test('the largest legal request fits into its limit', () => {
  const many = (count: number) => Array.from({ length: count }, () => new Uint8Array(32));
  assert.ok(
    headersProtocol.request.encode({ locator: many(101), stopHash: new Uint8Array(32) }).length <=
      headersProtocol.limits.maxRequestBytes,
  );
  assert.ok(
    blocksProtocol.request.encode({ by: 'hash', hashes: many(128) }).length <=
      blocksProtocol.limits.maxRequestBytes,
  );
  assert.ok(
    transactionsProtocol.request.encode({ hashes: many(1000) }).length <=
      transactionsProtocol.limits.maxRequestBytes,
  );
  assert.ok(mempoolProtocol.payload.encode(many(10_000)).length <= mempoolProtocol.limits.maxPayloadBytes);
  const peer = { multiaddr: 'x'.repeat(256), lastSeenSec: 2 ** 40 };
  assert.ok(
    peersProtocol.payload.encode(Array.from({ length: 256 }, () => peer)).length <=
      peersProtocol.limits.maxPayloadBytes,
  );
});

test('the chunks of an answer, byte by byte', () => {
  // Field 3 (payload), two bytes. Status OK and an empty message are the defaults, which proto3 leaves out.
  assert.equal(Buffer.from(encodeItems(Uint8Array.of(0xab, 0xcd))).toString('hex'), '1a02abcd');
  // Status 2, message "gone".
  assert.equal(Buffer.from(encodeMissing('NOT_FOUND', 'gone')).toString('hex'), '08021204676f6e65');
  // Status 3, message "slow", end { count 7 }.
  assert.equal(Buffer.from(encodeEnd('RATE_LIMITED', 'slow', 7)).toString('hex'), '08031204736c6f7722020807');
  // An end with a count of 0 is still an end.
  assert.equal(decodeChunk(encodeEnd('OK', '', 0)).endCount, 0);
  assert.equal(decodeChunk(encodeItems(Uint8Array.of(1))).endCount, undefined);
});

test('control characters of a user agent do not reach a terminal', () => {
  const bytes = statusProtocol.request.encode({
    genesisHash: new Uint8Array(32),
    height: 0,
    tipHash: new Uint8Array(32),
    chainWork: 0n,
    lowestHeight: 0,
    clockSec: 0,
    listenPort: 0,
    userAgent: '\u001b[2Jevil\n',
  });
  assert.equal(statusProtocol.request.decode(bytes).userAgent, '?[2Jevil?');
});

test('ids carry the network and the version', () => {
  assert.equal(protocolId('regtest', statusProtocol), '/indiecoin/regtest/status/1');
  assert.equal(topicId('mainnet', blocksTopic), '/indiecoin/mainnet/blocks/1');
});
