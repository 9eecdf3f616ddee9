import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Stream } from '@libp2p/interface';
import { hashToHex } from '../../src/bytes/hex.ts';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode, chunk, end } from '../support/bareNode.ts';
import { claim, serveHeaders } from '../support/bareServing.ts';
import { COIN, chainOfBlocks, makeKeys, outpoint, signedTransaction } from '../support/blocks.ts';
import { feed, TestNodes, until } from '../support/networkNodes.ts';
import { bytesOf, field, parseFields, prefixed } from '../support/wire.ts';

const keys = makeKeys();
const blocks = chainOfBlocks(regtest.genesis, 0, 110, keys.lockingScript);
const payments = [0, 1].map((i) =>
  signedTransaction(
    [{ outpoint: outpoint(blocks[i]!.transactions[0]!), ...keys }],
    [{ amount: 49n * COIN, lockingScript: keys.lockingScript }],
  ),
);

/** A stranger with the node's chain, and with these in its mempool. */
async function strangerWith(txids: readonly Uint8Array[]): Promise<BareNode> {
  const stranger = await BareNode.open('regtest', regtest.genesis.header.hash);
  claim(stranger, blocks);
  await serveHeaders(stranger, blocks);
  await stranger.answer('mempool/1', () => [
    chunk(Buffer.concat(txids.map((txid) => field(1, txid)))),
    end(txids.length),
  ]);
  return stranger;
}

/** Sends each of these payments whole, and then a few bytes of one that never ends, every now and then. */
async function dawdle(stranger: BareNode, first: readonly Uint8Array[] = []): Promise<{ asked: number }> {
  const stats = { asked: 0 };
  const handle = (stream: Stream) => {
    stats.asked++;
    for (const bytes of first) stream.send(prefixed(chunk(bytes)));
    const endless = prefixed(chunk(new Uint8Array(100_000)));
    let at = 0;
    const drip = setInterval(() => {
      if (stream.status !== 'open' || at >= 80_000) clearInterval(drip);
      else stream.send(endless.subarray(at, at + 17_000));
      at += 17_000;
    }, 4000);
  };
  await stranger.host.handle(stranger.id('transactions/1'), handle, { force: true, maxInboundStreams: 100 });
  return stats;
}

const unknown = (count: number) => Array.from({ length: count }, () => randomBytes(32));

test('peers that dawdle over ten thousand payments do not keep us from what another has', () =>
  TestNodes.with(async (nodes) => {
    const honest = await nodes.open();
    await feed(honest, blocks);
    for (const payment of payments) await honest.mempool.accept(payment, { source: 'test' });
    const node = await nodes.open();
    await feed(node, blocks);
    const dawdlers: BareNode[] = [];
    const stats: { asked: number }[] = [];
    try {
      // More than are asked at a time.
      for (let i = 0; i < 5; i++) {
        const dawdler = await strangerWith(unknown(10_000));
        dawdlers.push(dawdler);
        stats.push(await dawdle(dawdler));
        await dawdler.join(node.address);
      }
      await until('some are asked', () => stats.filter(({ asked }) => asked > 0).length >= 1);
      await node.network.addPeer(honest.hostPort);
      // Behind one turn of 15 s.
      await until('the payments are there', () => node.mempool.size === payments.length, 25_000);
      assert.ok(stats.every(({ asked }) => asked <= 1));
      assert.deepEqual(node.network.bans(), []);
    } finally {
      await Promise.all(dawdlers.map((dawdler) => dawdler.close()));
    }
  }));

test('what came of an answer before it broke off is kept', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, blocks);
    const [first, second] = payments;
    const slow = await strangerWith([first!.hash, second!.hash]);
    try {
      await dawdle(slow, [first!.bytes]);
      await slow.join(node.address);
      await until('the first is there', () => node.mempool.has(hashToHex(first!.hash)), 25_000);
      assert.equal(node.network.peers()[0]!.points, 0);
    } finally {
      await slow.close();
    }
  }));

test('peers that have the same payments are asked for different ones first', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open();
    await feed(node, blocks);
    const txids = unknown(3000);
    const strangers: BareNode[] = [];
    const asked: Set<string>[] = [];
    let answer = () => {};
    const areBothAsked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    try {
      for (let i = 0; i < 2; i++) {
        const stranger = await strangerWith(txids);
        strangers.push(stranger);
        await stranger.answer('transactions/1', async (request) => {
          asked.push(new Set(bytesOf(parseFields(request), 1).map((txid) => txid.toString('hex'))));
          if (asked.length === 2) answer();
          await areBothAsked;
          return [end(0)];
        });
        await stranger.join(node.address);
      }
      await areBothAsked;
      const [one, other] = asked;
      assert.equal(one!.size, 1000);
      assert.equal(other!.size, 1000);
      assert.ok([...one!].every((txid) => !other!.has(txid)));
    } finally {
      answer();
      await Promise.all(strangers.map((stranger) => stranger.close()));
    }
  }));
