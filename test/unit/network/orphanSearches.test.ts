import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Chain } from '../../../src/chain/chain.ts';
import type { Mempool } from '../../../src/mempool/mempool.ts';
import type { Conversation } from '../../../src/network/conversation.ts';
import { OrphanTransactions } from '../../../src/network/orphanTransactions.ts';
import type { Peer } from '../../../src/network/peer.ts';
import type { PeerTable } from '../../../src/network/peerTable.ts';
import { makeTransaction } from '../../../src/primitives/transaction.ts';

test('peers that never answer for the parents of their orphans leave every other one a search', async () => {
  const asked: string[] = [];
  const stop = new AbortController();
  const answered = once(stop.signal, 'abort');
  const orphans = new OrphanTransactions({
    chain: { tip: undefined } as unknown as Chain,
    mempool: { accept: async () => undefined, has: () => false } as unknown as Mempool,
    peers: {} as PeerTable,
    conversation: {
      askSome: async ({ id }: Peer) => {
        asked.push(id);
        await answered;
        return { items: [], isWhole: false };
      },
    } as unknown as Conversation,
    log: undefined as never,
  });
  const orphan = makeTransaction({ version: 1, inputs: [], outputs: [], lockTime: 0 });
  const resolve = (id: string) => orphans.resolve({ id } as Peer, orphan, ['11'.repeat(32)]);
  const searches: Promise<boolean>[] = [];
  for (let peer = 0; peer < 64; peer++) for (let i = 0; i < 9; i++) searches.push(resolve(`silent ${peer}`));
  assert.equal(asked.length, 64 * 8);
  searches.push(resolve('honest'), resolve('honest'));
  assert.equal(asked.filter((id) => id === 'honest').length, 1);
  // No more than one for each beyond what there is for all.
  assert.equal(asked.length, 64 * 8 + 1);
  stop.abort();
  await Promise.all(searches);
  searches.push(resolve('honest'), resolve('honest'));
  assert.equal(asked.filter((id) => id === 'honest').length, 3);
  await Promise.all(searches);
});
