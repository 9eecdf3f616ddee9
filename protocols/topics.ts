import type { NetworkParams } from '../src/params/networkParams.ts';

/** One gossip topic: each message is one block or one transaction in consensus bytes, unsigned. */
export type Topic = Readonly<{
  name: 'blocks/1' | 'transactions/1';
  maxMessageBytes(params: NetworkParams): number;
}>;

export const blocksTopic: Topic = { name: 'blocks/1', maxMessageBytes: ({ maxBlockBytes }) => maxBlockBytes };
export const transactionsTopic: Topic = { name: 'transactions/1', maxMessageBytes: () => 100_000 };

export function topicId(network: string, topic: { name: string }): string {
  return `/indiecoin/${network}/${topic.name}`;
}
