import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withFolder } from '../support/chains.ts';
import { runCrowd } from '../support/crowd/crowdRun.ts';
import { whyNoNamespaces } from '../support/hosts/namespaces.ts';

const PEERS = 35;
/** An eighth of the limit is kept for peers of the node's own choice. */
const MAX_PEERS = 40;

test('a full node keeps its peers, its memory and its wits while 150 more want to come in', async (t) => {
  const reason = whyNoNamespaces();
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  const result = await withFolder((folder) =>
    runCrowd({
      folder,
      maxPeers: MAX_PEERS,
      peers: PEERS,
      processes: 2,
      sockets: 110,
      strangers: 40,
      blockBytes: 1_000_000,
      largeGossipMs: 2000,
      idleSeconds: 0,
    }),
  );
  assert.equal(result.connectedBefore, PEERS);
  assert.equal(result.heardBefore, PEERS);
  assert.equal(result.fetchedMs.length, PEERS);
  // The first stranger is let in for the least useful peer, and has to go for the next one from its own address group.
  assert.ok(result.connectedAfter >= PEERS - 2, `${result.connectedAfter} of ${PEERS} peers stayed`);
  assert.equal(result.heardAfter, result.connectedAfter, 'those that stayed are told of blocks');
  assert.ok(result.answered > 0, 'strangers are told where else to go');
  const [before, knocked] = [result.readings[4]!, result.readings[5]!];
  assert.ok(knocked.memoryMb < before.memoryMb + 100, `${before.memoryMb} MB became ${knocked.memoryMb}`);
  assert.ok(knocked.slowestRpcMs < 10_000, `the RPC took ${knocked.slowestRpcMs} ms`);
});
