import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { temporaryFolder } from '../support/chains.ts';
import { NodeProcess, runJson, until } from '../support/nodeProcess.ts';
import { makeWorkload, writeBootstrapFile } from '../support/workload.ts';

const BLOCKS = 2000;
const PAYMENTS = 20_000;

describe('a chain of 2,000 blocks with 20,000 signed payments', () => {
  let folder: string;
  const nodes = new Set<NodeProcess>();
  const start = async (name: string, seeds: readonly string[]) => {
    mkdirSync(join(folder, name), { recursive: true });
    const node = await NodeProcess.start({ dataDir: join(folder, name), seeds });
    nodes.add(node);
    return node;
  };
  let sources: NodeProcess[] = [];
  let addresses: string[] = [];
  let expected: unknown;

  before(async () => {
    folder = await temporaryFolder();
    const file = join(folder, 'blocks.dat');
    writeBootstrapFile(file, makeWorkload(BLOCKS, PAYMENTS));
    for (const name of ['one', 'two', 'three']) {
      const args = ['chain', 'import', file, '--network', 'regtest', '--data-dir', join(folder, name)];
      const imported = await runJson<{ height: number; connected: number }>(args);
      assert.equal(imported.height, BLOCKS);
    }
    sources = [await start('one', [])];
    addresses = [await sources[0]!.listenAddress()];
    for (const name of ['two', 'three']) {
      const node = await start(name, addresses.slice(0, 1));
      sources.push(node);
      addresses.push(await node.listenAddress());
    }
    expected = await coinsOf(sources[0]!);
  });
  after(async () => {
    await Promise.all([...nodes].map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  /** Tip, number of coins and their hash: equal on two nodes only when all their coins are. */
  async function coinsOf(node: NodeProcess) {
    const { height, bestblock, txouts, coin_set_hash } =
      await node.rpc<Record<string, unknown>>('gettxoutsetinfo');
    assert.ok(typeof coin_set_hash === 'string' && typeof txouts === 'number');
    return { height, bestblock, txouts, coin_set_hash };
  }

  test('a late peer syncs it from several peers at once', async () => {
    const late = await start('late', addresses);
    await until('all blocks', async () => (await late.height()) === BLOCKS, 120_000);
    assert.deepEqual(await coinsOf(late), expected);
    const peers = await late.rpc<{ bytesrecv: number }[]>('getpeerinfo');
    const servers = peers.filter(({ bytesrecv }) => bytesrecv > 200_000);
    assert.ok(
      servers.length >= 2,
      `blocks came from several peers: ${peers.map(({ bytesrecv }) => bytesrecv)}`,
    );
  });
});
