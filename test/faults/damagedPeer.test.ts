import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT } from '../../src/cli/exitCodes.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { temporaryFolder } from '../support/chains.ts';
import { dataBlock } from '../support/dataBlocks.ts';
import { undisturbed } from '../support/kills/undisturbed.ts';
import { NodeProcess, runCli, until } from '../support/nodeProcess.ts';

const BLOCKS = 40;
const BLOCK_BYTES = 90_000;

/**
 * A running node whose blocks become damaged under it: it stops when it reads them for a peer, who is not blamed and blames
 * nobody; and it is mended by what is left and by the network.
 */
test('a node whose blocks are damaged while it runs stops, says so, and is mended from the network', async () => {
  const folder = await temporaryFolder();
  const nodes: NodeProcess[] = [];
  const start = async (name: string, seeds: readonly string[], args: readonly string[] = []) => {
    mkdirSync(join(folder, name), { recursive: true });
    const node = await NodeProcess.start({ dataDir: join(folder, name), seeds, args });
    nodes.push(node);
    return node;
  };
  const coins = (node: NodeProcess) => node.rpc('gettxoutsetinfo');
  const allBlocks = (node: NodeProcess) => until('all blocks', async () => (await node.height()) === BLOCKS);

  try {
    const blocks: Block[] = [];
    for (let height = 1; height <= BLOCKS; height++)
      blocks.push(dataBlock(blocks.at(-1) ?? regtest.genesis, height, BLOCK_BYTES));
    for (const name of ['sick', 'sound']) {
      await undisturbed(join(folder, name), blocks);
      // Opened once more, the blocks go from the log into a table.
      await undisturbed(join(folder, name), []);
    }
    const sound = await start('sound', []);
    const expected = await coins(sound);

    const sick = await start('sick', []);
    flipAByte(join(folder, 'sick', 'blocks'));
    const asker = await start('asker', [await sick.listenAddress()]);
    assert.equal(await sick.ended(), EXIT.damaged, sick.output);
    assert.match(
      sick.output,
      /block record .* does not match its checksum\. `indiecoin node --reindex --network regtest [^`]*`/,
    );
    assert.doesNotMatch(sick.output, /peer banned|peer misbehaved/);
    assert.deepEqual(await asker.rpc('listbanned'), []);

    // It does not start again as if nothing had been.
    const place = ['--network', 'regtest', '--data-dir', join(folder, 'sick')];
    const refused = await runCli(['node', '--dns-seed', 'none', '--rpc-port', '0', ...place]);
    assert.equal(refused.code, EXIT.damaged, refused.stderr);
    assert.match(refused.stderr, /\.ldb is damaged\. `indiecoin node --reindex --network regtest [^`]*`/);

    const mended = await start('sick', [await sound.listenAddress()], ['--reindex']);
    await allBlocks(mended);
    assert.deepEqual(await coins(mended), expected);
    await asker.rpc('addnode', await mended.listenAddress(), 'add');
    await allBlocks(asker);
    assert.deepEqual(await coins(asker), expected);
    for (const node of [sound, mended, asker]) assert.equal(await node.stop(), 0);
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  }
});

/** In the middle of the largest table, which is the data of a block; in place, as the file is in use. */
function flipAByte(folder: string): void {
  const sizes = readdirSync(folder).flatMap((name) =>
    name.endsWith('.ldb') ? [{ path: join(folder, name), bytes: statSync(join(folder, name)).size }] : [],
  );
  const { path, bytes } = sizes.reduce((a, b) => (a.bytes >= b.bytes ? a : b));
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, bytes >> 1);
  byte[0]! ^= 0xff;
  writeSync(file, byte, 0, 1, bytes >> 1);
  closeSync(file);
}
