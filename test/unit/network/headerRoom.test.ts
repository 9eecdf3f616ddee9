import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chain } from '../../../src/chain/chain.ts';
import { hasHeaderRoom, headersAhead } from '../../../src/network/headerRoom.ts';
import type { Peer } from '../../../src/network/peer.ts';

const chainWith = (blocklessCount: number) => ({ blocklessCount, tip: { chainWork: 100n } }) as Chain;
const peer = (direction: Peer['direction'], deliveredBlocks = 0) => ({ direction, deliveredBlocks }) as Peer;

test('headers are stored far above our tip, and less far when many have no blocks', () => {
  assert.equal(headersAhead(chainWith(150_000), 101n), 50_000);
  assert.equal(headersAhead(chainWith(150_001), 101n), 4000);
  // It may have to go as far as that to show that it is the better one.
  assert.equal(headersAhead(chainWith(150_001), 100n), 50_000);
});

test('when far too many have no blocks, strangers who came to us have no more stored', () => {
  const stranger = peer('inbound');
  const chosen = peer('outbound');
  const server = peer('inbound', 1);
  const all = { introduced: () => [stranger, chosen, server] };
  const room = (count: number, asked: Peer, peers = all) => hasHeaderRoom(chainWith(count), peers, asked);
  assert.ok(room(500_000, stranger));
  assert.ok(!room(500_001, stranger));
  assert.ok(room(500_001, chosen));
  assert.ok(room(500_001, server));
  // Whoever has chosen nobody has nobody else to ask.
  assert.ok(room(500_001, stranger, { introduced: () => [stranger, server] }));
});
