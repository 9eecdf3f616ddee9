import { decodeProtobuf, expectHashes } from './codec.ts';
import { MempoolPayload, MempoolRequest as MempoolRequestMessage } from './generated/mempool.ts';
import type { Protocol } from './protocol.ts';

export type MempoolRequest = Readonly<Record<string, never>>;

export const MAX_TXIDS = 50_000;
export const TXIDS_A_CHUNK = 10_000;

/** Which transactions wait. Items: their hashes in wire order, best fee rate first. */
export const mempoolProtocol: Protocol<MempoolRequest, Uint8Array> = {
  name: 'mempool/1',
  request: {
    encode: () => MempoolRequestMessage.encode({}),
    decode(bytes) {
      decodeProtobuf(() => MempoolRequestMessage.decode(bytes));
      return {};
    },
  },
  payload: {
    encode: (hashes) => MempoolPayload.encode({ txids: hashes.map((hash) => Uint8Array.from(hash)) }),
    decode(bytes) {
      const { txids } = decodeProtobuf(() =>
        MempoolPayload.decode(bytes, { limits: { txids: TXIDS_A_CHUNK } }),
      );
      expectHashes(txids, TXIDS_A_CHUNK, 'transaction ids');
      return txids;
    },
  },
  limits: {
    maxRequestBytes: 64,
    maxPayloadBytes: 350_000,
    maxAnswerBytes: 1_750_000,
    maxItems: MAX_TXIDS,
    streamsPerPeer: 1,
    streamsInAll: 32,
    requestBurst: 1,
    requestsPerSec: 1 / 60,
    requestsPerSecInAll: 20,
    timeoutMs: 15_000,
  },
};
