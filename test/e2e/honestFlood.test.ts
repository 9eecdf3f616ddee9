import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesToHex } from '../../src/bytes/hex.ts';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';
import { temporaryFolder } from '../support/chains.ts';
import { NodeProcess, until } from '../support/nodeProcess.ts';
import { makeWorkload } from '../support/workload.ts';

/** An honest peer may send 20,000 at once, and 2,000 a second for ever. Here less of both, as signing them takes its time. */
const AT_ONCE = Number(process.env.INDIECOIN_TEST_FLOOD ?? 6000);
const A_SECOND = 2000;
const SECONDS = Number(process.env.INDIECOIN_TEST_FLOOD_SECONDS ?? 2);
const SLICE_MS = 50;

test(`an honest peer that sends ${AT_ONCE} payments at once, and then ${A_SECOND} a second, is heard and keeps its standing`, async () => {
  const count = AT_ONCE + A_SECOND * SECONDS;
  const confirmed = 110 + Math.ceil(count / 2000);
  const blocks = makeWorkload(confirmed + 1, count);
  const payments = blocks[confirmed]!.transactions.slice(1);
  const folder = await temporaryFolder();
  const node = await NodeProcess.start({ dataDir: folder });
  const peer = await BareNode.open('regtest', regtest.genesis.header.hash);
  try {
    for (const block of blocks.slice(0, confirmed)) await node.rpc('submitblock', bytesToHex(block.bytes));
    const { addresses } = await node.rpc<{ addresses: string[] }>('status');
    const connection = await peer.join(addresses[0]!);
    await until('gossip', () => peer.hasGossipWith(connection.remotePeer.toString()));
    await send(peer, payments.slice(0, AT_ONCE));
    const size = async () => (await node.rpc<{ size: number }>('getmempoolinfo')).size;
    await until('those that came at once', async () => (await size()) === AT_ONCE);
    const slice = (A_SECOND * SLICE_MS) / 1000;
    for (let at = AT_ONCE; at < count; at += slice) {
      await send(peer, payments.slice(at, at + slice));
      await sleep(SLICE_MS);
    }
    await until('those that came one after the other', async () => (await size()) === count);
    const [known] = await node.rpc<{ points: number; score: number }[]>('getpeerinfo');
    assert.deepEqual([known?.points, (known?.score ?? -1) >= 0], [0, true]);
    assert.deepEqual(await node.rpc('listbanned'), []);
    assert.equal(connection.status, 'open');
  } finally {
    await peer.close();
    await node.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function send(peer: BareNode, payments: readonly { bytes: Uint8Array }[]): Promise<void> {
  await Promise.all(payments.map(({ bytes }) => peer.publish('transactions/1', bytes)));
}
