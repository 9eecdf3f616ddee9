import { DecodeError } from '../src/bytes/decodeError.ts';
import { decodeProtobuf, expectHashes } from './codec.ts';
import { BlocksRequest as BlocksRequestMessage } from './generated/blocks.ts';
import type { Protocol } from './protocol.ts';

export type BlocksRequest =
  /** In wire order. */
  | Readonly<{ by: 'hash'; hashes: readonly Uint8Array[] }>
  | Readonly<{ by: 'height'; firstHeight: number; count: number }>;

export const MAX_BLOCKS = 128;
/** The server stops before it, once it has sent one block. */
export const MAX_BLOCKS_ANSWER_BYTES = 8_000_000;
/** No network has larger ones: a gossip message holds 4 MiB. */
const LARGEST_BLOCK_BYTES = 3_000_000;

/** Whole blocks in consensus bytes. Items: one block a chunk, not decoded, since each is dear to decode. */
export const blocksProtocol: Protocol<BlocksRequest, Uint8Array> = {
  name: 'blocks/1',
  request: {
    encode: (request) =>
      BlocksRequestMessage.encode(
        request.by === 'hash'
          ? { hashes: request.hashes.map((hash) => Uint8Array.from(hash)) }
          : { hashes: [], range: { firstHeight: request.firstHeight, count: request.count } },
      ),
    decode(bytes) {
      const { hashes, range } = decodeProtobuf(() =>
        BlocksRequestMessage.decode(bytes, { limits: { hashes: MAX_BLOCKS } }),
      );
      if ((hashes.length === 0) === (range === undefined)) {
        throw new DecodeError('ask for hashes or for a range of heights');
      }
      if (range === undefined) {
        expectHashes(hashes, MAX_BLOCKS, 'block hashes');
        return { by: 'hash', hashes };
      }
      if (range.count < 1 || range.count > MAX_BLOCKS) {
        throw new DecodeError(`${range.count} blocks, 1 to ${MAX_BLOCKS} are allowed`);
      }
      return { by: 'height', ...range };
    },
  },
  payload: { encode: ([block]) => block!, decode: (bytes) => [bytes] },
  limits: {
    maxRequestBytes: 5000,
    maxPayloadBytes: LARGEST_BLOCK_BYTES,
    maxAnswerBytes: MAX_BLOCKS_ANSWER_BYTES,
    maxItems: MAX_BLOCKS,
    streamsPerPeer: 4,
    // Few at a time: of 64 answers of 3 MB on a line of 100 Mbit/s none would end within 15 s.
    streamsInAll: 16,
    // More than other protocols: small blocks come 16 to a request, and the bytes are counted besides.
    requestBurst: 200,
    requestsPerSec: 100,
    requestsPerSecInAll: 800,
    timeoutMs: 20_000,
  },
};
