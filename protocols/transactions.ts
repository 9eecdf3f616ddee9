import { decodeProtobuf, expectHashes } from './codec.ts';
import { TransactionsRequest as TransactionsRequestMessage } from './generated/transactions.ts';
import type { Protocol } from './protocol.ts';

export type TransactionsRequest = Readonly<{
  /** In wire order. */
  hashes: readonly Uint8Array[];
}>;

export const MAX_TRANSACTIONS = 1000;
/** The server stops before it. */
export const MAX_TRANSACTIONS_ANSWER_BYTES = 4_000_000;
const LARGEST_TRANSACTION_BYTES = 100_000;

/** Transactions that wait in the server's mempool. Items: one in consensus bytes a chunk. */
export const transactionsProtocol: Protocol<TransactionsRequest, Uint8Array> = {
  name: 'transactions/1',
  request: {
    encode: ({ hashes }) =>
      TransactionsRequestMessage.encode({ txids: hashes.map((hash) => Uint8Array.from(hash)) }),
    decode(bytes) {
      const { txids } = decodeProtobuf(() =>
        TransactionsRequestMessage.decode(bytes, { limits: { txids: MAX_TRANSACTIONS } }),
      );
      expectHashes(txids, MAX_TRANSACTIONS, 'transaction ids');
      return { hashes: txids };
    },
  },
  payload: { encode: ([transaction]) => transaction!, decode: (bytes) => [bytes] },
  limits: {
    maxRequestBytes: 36_000,
    maxPayloadBytes: LARGEST_TRANSACTION_BYTES,
    maxAnswerBytes: MAX_TRANSACTIONS_ANSWER_BYTES,
    maxItems: MAX_TRANSACTIONS,
    streamsPerPeer: 4,
    streamsInAll: 64,
    requestBurst: 40,
    requestsPerSec: 20,
    requestsPerSecInAll: 400,
    timeoutMs: 15_000,
  },
};
