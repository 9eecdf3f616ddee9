import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { temporaryFolder } from '../support/chains.ts';
import { NodeProcess, runCli, runJson, until } from '../support/nodeProcess.ts';

/** Several nodes as processes of their own, on loopback, driven as their users would drive them. */

type Status = {
  state: string;
  height: number;
  tip: string;
  peers: number;
  mempool: { transactions: number };
};

describe('a network of separate processes', () => {
  let folder: string;
  const nodes = new Set<NodeProcess>();
  const start = async (name: string, seeds: readonly string[], args: readonly string[] = []) => {
    const dataDir = join(folder, name);
    mkdirSync(dataDir, { recursive: true });
    const node = await NodeProcess.start({ dataDir, seeds, args });
    nodes.add(node);
    return node;
  };
  const cli = <T>(node: NodeProcess, ...args: string[]) =>
    runJson<T>([...args, '--network', 'regtest', '--data-dir', node.dataDir]);
  const tipOf = (node: NodeProcess) => node.rpc<string>('getbestblockhash');
  const sameTip = async (...all: NodeProcess[]) => {
    const tips = await Promise.all(all.map(tipOf));
    return tips.every((tip) => tip === tips[0]);
  };
  const mine = async (node: NodeProcess, count: number) => {
    const { address } = await cli<{ address: string }>(node, 'wallet', 'address');
    return node.rpc<string[]>('generatetoaddress', count, address);
  };

  before(async () => {
    folder = await temporaryFolder();
  });
  after(async () => {
    await Promise.all([...nodes].map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  test('two peers that know only the seed mine, pay and spend on; and do without the seed afterwards', async () => {
    const seed = await start('seed', []);
    const seedAddress = await seed.listenAddress();
    const a = await start('a', [seedAddress]);
    const b = await start('b', [seedAddress]);
    await mine(a, 150);
    await until('all three on one tip', () => sameTip(a, b, seed));
    assert.equal(await b.height(), 150);

    // A pays B, who sees it at once, and confirmed with the next block.
    const toB = await cli<{ address: string }>(b, 'wallet', 'address');
    const { txid } = await cli<{ txid: string }>(a, 'wallet', 'send', toB.address, '12.5');
    const balance = () =>
      cli<{ confirmed: string; unconfirmed: string; immature: string }>(b, 'wallet', 'balance');
    await until('the payment at B, unconfirmed', async () => (await balance()).unconfirmed === '12.50000000');
    assert.equal((await balance()).confirmed, '0.00000000');
    await mine(a, 1);
    await until('the payment at B, confirmed', async () => (await balance()).confirmed === '12.50000000');
    assert.equal((await balance()).unconfirmed, '0.00000000');
    const history = await cli<{ transactions?: { txid: string }[] }>(b, 'wallet', 'history');
    assert.ok(JSON.stringify(history).includes(txid));

    // B spends it on, back to A.
    const toA = await cli<{ address: string }>(a, 'wallet', 'address');
    const back = await cli<{ txid: string }>(b, 'wallet', 'send', toA.address, '5');
    await until('the payment back in the mempool of A', async () =>
      (await a.rpc<string[]>('getrawmempool')).includes(back.txid),
    );
    await mine(a, 1);
    await until('the payment back is in a block everywhere', async () => {
      const at = await Promise.all(
        [a, b, seed].map((node) =>
          node.rpc<{ confirmations?: number }>('getrawtransaction', back.txid, true).catch(() => undefined),
        ),
      );
      return at.every((transaction) => (transaction?.confirmations ?? 0) >= 1);
    });

    // The seed is gone: A and B go on, and A finds B again after a restart.
    await until('A and B are connected to one another', async () => {
      const peers = await a.rpc<unknown[]>('getpeerinfo');
      return peers.length >= 2;
    });
    await seed.kill();
    await mine(a, 1);
    await until('B follows A without the seed', () => sameTip(a, b));
    await a.stop();
    const again = await a.restart();
    nodes.add(again);
    await mine(again, 1);
    await until(
      'A found B again with the seed down',
      async () => (await sameTip(again, b)) && (await b.height()) === 154,
    );
    const status = await cli<Status>(again, 'status');
    assert.equal(status.state, 'running');
    assert.equal(status.height, 154);
    assert.equal(await again.stop(), 0);
    assert.equal(await b.stop(), 0);
  });

  test('those added by hand and those banned are listed, connected or not', async () => {
    const node = await start('listed', []);
    const at = ['--network', 'regtest', '--data-dir', node.dataDir];
    const list = async (...flags: string[]) => (await runCli(['peers', 'list', ...at, ...flags])).stdout;
    await cli(node, 'peers', 'add', '127.0.0.1:1');
    await cli(node, 'peers', 'ban', '203.0.113.5');
    assert.deepEqual(await cli(node, 'peers', 'list'), []);
    assert.match(
      await list(),
      /^No peers.*\nadded by hand, not connected: 127\.0\.0\.1:1\nbanned until .*: 203\.0\.113\.5/,
    );
    const added = await cli<{ addednode: string; connected: boolean }[]>(node, 'peers', 'list', '--added');
    assert.deepEqual(
      added.map(({ addednode, connected }) => [addednode, connected]),
      [['127.0.0.1:1', false]],
    );
    const bans = await cli<{ address: string }[]>(node, 'peers', 'list', '--banned');
    assert.deepEqual(
      bans.map(({ address }) => address),
      ['203.0.113.5'],
    );
    assert.match(await list('--banned'), /^banned until .*: 203\.0\.113\.5/);
  });

  test('two halves that were cut apart take the branch with more work; the lost payments wait in the mempool', async () => {
    const left = await start('left', []);
    const right = await start('right', [await left.listenAddress()]);
    const third = await start('third', [await left.listenAddress()]);
    await mine(left, 110);
    await until('one tip', () => sameTip(left, right, third));
    const fork = await left.height();

    // The cut: the left side and the right one will not have each other for a while.
    const idOf = async (node: NodeProcess) => (await cli<{ peerId: string }>(node, 'status')).peerId;
    const [leftId, rightId, thirdId] = await Promise.all([left, right, third].map(idOf));
    const across = [
      [left, rightId],
      [left, thirdId],
      [right, leftId],
      [third, leftId],
    ] as const;
    for (const [node, id] of across) await node.rpc('setban', id, 'add', 3600);
    await right.rpc('addnode', await third.listenAddress(), 'add');
    await until('the cut', async () => (await left.rpc<number>('getconnectioncount')) === 0);
    await until('the right side together', async () => (await right.rpc<number>('getconnectioncount')) === 1);
    const { address } = await cli<{ address: string }>(right, 'wallet', 'address');
    const { txid } = await cli<{ txid: string }>(left, 'wallet', 'send', address, '3');
    await mine(left, 2);
    await mine(right, 4);
    await until('the right side on one tip', () => sameTip(right, third));
    assert.equal(await left.height(), fork + 2);
    assert.equal(await right.height(), fork + 4);
    assert.notEqual(await tipOf(left), await tipOf(right));
    assert.deepEqual(await left.rpc('getrawmempool'), [], 'the payment is in a block of the left');

    // Joined again.
    for (const [node, id] of across) await node.rpc('setban', id, 'remove');
    await left.rpc('addnode', await right.listenAddress(), 'add');
    await until('one tip again', () => sameTip(left, right, third));
    assert.equal(await left.height(), fork + 4);
    await until('the lost payment is back in the mempool', async () =>
      (await left.rpc<string[]>('getrawmempool')).includes(txid),
    );
    await mine(left, 1);
    await until('the payment is confirmed on the other branch', async () => {
      const transaction = await right
        .rpc<{ confirmations?: number }>('getrawtransaction', txid, true)
        .catch(() => undefined);
      return (transaction?.confirmations ?? 0) >= 1;
    });
  });
});
