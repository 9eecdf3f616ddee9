import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bytesToHex } from '../../src/bytes/hex.ts';
import { writeBlockFile } from '../../src/node/blockFile.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { makeKeys } from '../support/blocks.ts';
import { temporaryFolder } from '../support/chains.ts';
import { dataBlock } from '../support/dataBlocks.ts';
import { NodeProcess, RpcFailure, runCli, runJson, until } from '../support/nodeProcess.ts';

const HEIGHT = 600;
/** The newest 288 blocks weigh more than the 1 MB that is asked for. */
const BLOCK_BYTES = 4000;
const LOWEST = HEIGHT - 288 + 1;
const WORDS = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';

type Info = { pruned: boolean; pruneheight: number; prune_target_size: number; size_on_disk: number };

type Status = { state: string; warnings: string[]; pruned: boolean; pruneHeight?: number };

describe('a pruned node', () => {
  let folder: string;
  let pruned: NodeProcess;
  let full: NodeProcess;
  const nodes = new Set<NodeProcess>();

  before(async () => {
    folder = await temporaryFolder();
    const blocks: Block[] = [regtest.genesis];
    while (blocks.length <= HEIGHT) blocks.push(dataBlock(blocks.at(-1)!, blocks.length, BLOCK_BYTES));
    await writeBlockFile(join(folder, 'blocks.dat'), bytesOf(blocks), regtest);
  });
  after(async () => {
    await Promise.all([...nodes].map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  const flagsOf = (name: string) => ['--network', 'regtest', '--data-dir', join(folder, name)];

  async function importInto(name: string, env: Record<string, string> = {}): Promise<void> {
    const { code } = await runCli(['chain', 'import', join(folder, 'blocks.dat'), ...flagsOf(name)], { env });
    assert.equal(code, 0);
  }

  async function start(name: string, seeds: string[], ...args: string[]): Promise<NodeProcess> {
    const node = await NodeProcess.start({ dataDir: join(folder, name), seeds, args });
    nodes.add(node);
    return node;
  }

  test('says what it has, and is asked for nothing else', async () => {
    await Promise.all([importInto('full'), importInto('pruned', { INDIECOIN_PRUNE: '1' })]);
    // An import leaves the pruning to the node, which knows what its wallet has read.
    const whole = join(folder, 'whole.dat');
    assert.equal((await runCli(['chain', 'export', whole, ...flagsOf('pruned')])).code, 0);
    const untilPruned = () =>
      until('pruned', async () => {
        const found = await pruned.rpc<Info>('getblockchaininfo');
        return found.pruneheight === LOWEST && found;
      });
    pruned = await start('pruned', [], '--prune', '1');
    await untilPruned();
    await pruned.stop();
    // A wallet that comes too late.
    await runCli(['wallet', 'restore', ...flagsOf('pruned')], { input: `${WORDS}\n` });
    pruned = await start('pruned', [], '--prune', '1');
    const info = await untilPruned();
    assert.deepEqual([info.pruned, info.pruneheight, info.prune_target_size], [true, LOWEST, 1024 * 1024]);
    assert.ok(info.size_on_disk < 289 * (BLOCK_BYTES + 200));
    const status = await pruned.rpc<Status>('status');
    assert.deepEqual([status.pruned, status.pruneHeight], [true, LOWEST]);
    assert.match(
      status.warnings.join(),
      /The wallet knows the chain up to height 0, .* before height 313 were pruned/,
    );
    const { stdout } = await runCli(['status', ...flagsOf('pruned')]);
    assert.match(stdout, new RegExp(`pruned: from height ${LOWEST} on`));
    const [gone, kept] = await Promise.all(
      [LOWEST - 1, LOWEST].map((h) => pruned.rpc<string>('getblockhash', h)),
    );
    await assert.rejects(pruned.rpc('getblock', gone), isRefusal(-1, /Block not available \(pruned data\)/));
    assert.equal((await pruned.rpc<{ height: number }>('getblock', kept)).height, LOWEST);
    assert.equal((await pruned.rpc<{ nTx: number }>('getblockheader', gone)).nTx, 1);
    await assert.rejects(
      pruned.rpc('walletrestore', WORDS),
      isRefusal(-1, /pruned the blocks before height 313/),
    );
    assert.equal(await pruned.rpc('pruneblockchain', HEIGHT), LOWEST - 1);

    const fresh = await start('fresh', [await pruned.listenAddress()]);
    await until('the new node says that nobody has the first blocks', async () => {
      const { warnings, state } = await fresh.rpc<Status>('status');
      return (
        state === 'syncing' && warnings.some((it) => /Block 1 is needed next, and no peer has it/.test(it))
      );
    });
    const [peer] = await fresh.rpc<{ lowest_height: number; servicesnames: string[] }[]>('getpeerinfo');
    assert.deepEqual([peer!.lowest_height, peer!.servicesnames], [LOWEST, ['NETWORK_LIMITED']]);
    full = await start('full', []);
    await fresh.rpc('addnode', await full.listenAddress(), 'add');
    await until('the new node has the whole chain', async () => (await fresh.height()) === HEIGHT);
    assert.equal(await fresh.rpc('getbestblockhash'), await pruned.rpc('getbestblockhash'));
    assert.deepEqual((await fresh.rpc<Status>('status')).warnings.filter(isAboutPruning), []);
    await fresh.stop();
  });

  test('prunes on as the chain grows', async () => {
    await pruned.rpc('generatetoaddress', 20, bytesToHex(makeKeys().publicKey));
    await until('the oldest blocks are gone', async () => {
      const { pruneheight } = await pruned.rpc<Info>('getblockchaininfo');
      return pruneheight > LOWEST;
    });
  });

  test('is not taken for a whole one, and can become one again', async () => {
    const tip = await pruned.rpc<string>('getbestblockhash');
    const count = await pruned.height();
    await pruned.stop();
    const refused = await runCli(['node', '--dns-seed', 'none', '--rpc-port', '0', ...flagsOf('pruned')]);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /were pruned below height \d+\. Start with --prune again, or with --reindex/,
    );
    const verified = await runJson<{ lowestHeight: number }>(['chain', 'verify', ...flagsOf('pruned')]);
    assert.ok(verified.lowestHeight > LOWEST);
    const file = join(folder, 'out.dat');
    const exported = await runCli(['chain', 'export', file, ...flagsOf('pruned')]);
    assert.deepEqual([exported.code, /pruned/.test(exported.stderr)], [4, true]);

    const again = await start('pruned', [await full.listenAddress()], '--reindex');
    assert.match(again.output, /3\d\d blocks were pruned from this chain: they are downloaded again/);
    await until('the chain is whole again', async () => (await again.height()) === count);
    assert.equal(await again.rpc('getbestblockhash'), tip);
    assert.equal((await again.rpc<Info>('getblockchaininfo')).pruned, false);
    await until('the wallet follows', async () => {
      const { warnings } = await again.rpc<Status>('status');
      return !warnings.some(isAboutPruning);
    });
    const first = await again.rpc<string>('getblockhash', 1);
    assert.equal((await again.rpc<{ height: number }>('getblock', first)).height, 1);
  });
});

async function* bytesOf(blocks: readonly Block[]): AsyncGenerator<Uint8Array> {
  for (const { bytes } of blocks) yield bytes;
}

function isAboutPruning(warning: string): boolean {
  return warning.includes('pruned');
}

function isRefusal(code: number, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof RpcFailure && error.code === code && message.test(error.message);
}
