import { DecodeError } from '../src/bytes/decodeError.ts';
import { HEADER_BYTES } from '../src/primitives/header.ts';
import { decodeProtobuf, expectHash, expectHashes } from './codec.ts';
import { HeadersPayload, HeadersRequest as HeadersRequestMessage } from './generated/headers.ts';
import type { Protocol } from './protocol.ts';

export type HeadersRequest = Readonly<{
  /** Hashes in wire order, newest first. */
  locator: readonly Uint8Array[];
  stopHash: Uint8Array | undefined;
}>;

export const MAX_LOCATOR_HASHES = 101;
export const MAX_HEADERS = 2000;

/** The headers that follow the asker's chain. Items: 80 bytes each, not decoded, all in one chunk. */
export const headersProtocol: Protocol<HeadersRequest, Uint8Array> = {
  name: 'headers/1',
  request: {
    encode: ({ locator, stopHash }) =>
      HeadersRequestMessage.encode({
        locator: locator.map((hash) => Uint8Array.from(hash)),
        stopHash: Uint8Array.from(stopHash ?? []),
      }),
    decode(bytes) {
      const { locator, stopHash } = decodeProtobuf(() =>
        HeadersRequestMessage.decode(bytes, { limits: { locator: MAX_LOCATOR_HASHES } }),
      );
      expectHashes(locator, MAX_LOCATOR_HASHES, 'locator hashes');
      if (stopHash.length !== 0) expectHash(stopHash, 'stop hash');
      return { locator, stopHash: stopHash.length === 0 ? undefined : stopHash };
    },
  },
  payload: {
    encode: (headers) => HeadersPayload.encode({ headers: headers.map((header) => Uint8Array.from(header)) }),
    decode(bytes) {
      const { headers } = decodeProtobuf(() =>
        HeadersPayload.decode(bytes, { limits: { headers: MAX_HEADERS } }),
      );
      for (const { length } of headers) {
        if (length !== HEADER_BYTES) throw new DecodeError(`a header of ${length} bytes`);
      }
      return headers;
    },
  },
  limits: {
    maxRequestBytes: 4096,
    maxPayloadBytes: 180_000,
    maxAnswerBytes: 180_000,
    maxItems: MAX_HEADERS,
    streamsPerPeer: 4,
    streamsInAll: 64,
    requestBurst: 40,
    requestsPerSec: 20,
    requestsPerSecInAll: 400,
    timeoutMs: 15_000,
  },
};
