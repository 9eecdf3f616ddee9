import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EXIT } from '../../src/cli/exitCodes.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { temporaryFolder } from '../support/chains.ts';
import { dataBlock } from '../support/dataBlocks.ts';
import { type NodeOptions, NodeProcess, runCli, runJson, until } from '../support/nodeProcess.ts';
import { SmallDisk, withFileLimit } from '../support/smallDisk.ts';
import { writeBootstrapFile } from '../support/workload.ts';

/** 6 MB: more than any of the disks here takes. */
const BLOCKS = 70;
const BLOCK_BYTES = 90_000;
const DISK_MB = 40;

/** A data directory on a disk that takes no more, until there is room again. */
type Tight = Readonly<{
  dataDir: string;
  /** What runs a program under the limit. */
  under: readonly string[];
  tighten: (bytes: number) => void;
  relieve: () => void;
  words: RegExp;
  /** How much to leave, one try after the other. */
  sizes: readonly number[];
}>;

/**
 * Writes that really fail: on a small file system of our own where the system allows to mount one, and, everywhere, under
 * a limit on the size of files. The program says so, ends with its own code, and goes on when there is room.
 */
describe('a disk that takes no more', () => {
  let folder: string;
  let file: string;
  let source: NodeProcess;
  let expected: unknown;
  let disk: SmallDisk | undefined;
  const nodes = new Set<NodeProcess>();

  before(async () => {
    folder = await temporaryFolder();
    file = join(folder, 'blocks.dat');
    const blocks: Block[] = [];
    for (let height = 1; height <= BLOCKS; height++)
      blocks.push(dataBlock(blocks.at(-1) ?? regtest.genesis, height, BLOCK_BYTES));
    writeBootstrapFile(file, blocks);
    mkdirSync(join(folder, 'source'));
    await imported(join(folder, 'source'), []);
    source = await start({ dataDir: join(folder, 'source') });
    expected = await coinsOf(source);
    disk = await SmallDisk.open(DISK_MB);
  });
  after(async () => {
    await Promise.all([...nodes].map((node) => node.kill()));
    await disk?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(options: NodeOptions, minFree = '0'): Promise<NodeProcess> {
    const node = await NodeProcess.start({ ...options, args: ['--min-free-space', minFree] });
    nodes.add(node);
    return node;
  }

  const place = (dataDir: string) => ['--network', 'regtest', '--data-dir', dataDir, '--json'];
  const imported = (dataDir: string, under: readonly string[], minFree = '0') =>
    runCli(['chain', 'import', file, '--min-free-space', minFree, ...place(dataDir)], { under });

  async function coinsOf(node: NodeProcess) {
    const { height, bestblock, coin_set_hash } = await node.rpc<Record<string, unknown>>('gettxoutsetinfo');
    assert.equal(height, BLOCKS);
    return { bestblock, coin_set_hash };
  }

  /** Everywhere a limit on files, and a small disk where there can be one. */
  function tightPlaces(name: string): Tight[] {
    let limit: number | undefined;
    const limited: Tight = {
      dataDir: join(folder, name),
      get under() {
        return limit === undefined ? [] : withFileLimit(limit);
      },
      tighten: (bytes) => {
        limit = Math.floor(bytes / 1024);
      },
      relieve: () => {
        limit = undefined;
      },
      words: /the system allows no larger files/,
      sizes: [400_000],
    };
    mkdirSync(limited.dataDir);
    if (!disk) return [limited];
    const small = disk;
    const full: Tight = {
      dataDir: small.makeFolder(name),
      under: [],
      tighten: (bytes) => small.fill(bytes),
      relieve: () => small.relieve(),
      words: /no space is left on the disk/,
      sizes: [1_500_000, 150_000],
    };
    return [limited, full];
  }

  function assertSaid(place: Tight, stderr: string): void {
    assert.match(stderr, place.words);
    assert.ok(stderr.includes(place.dataDir), stderr);
    assert.match(stderr, /Make room there and start again/);
  }

  test('ends an import, which goes on when there is room', async () => {
    for (const tight of tightPlaces('import')) {
      // Little and less: the blocks or, where those of the last try are put into a table, the opening do not fit.
      for (const bytes of tight.sizes) {
        tight.tighten(bytes);
        const { code, stderr } = await imported(tight.dataDir, tight.under);
        assert.equal(code, EXIT.diskFull, stderr);
        assertSaid(tight, stderr);
        tight.relieve();
      }
      const verified = await runCli(['chain', 'verify', ...place(tight.dataDir)]);
      assert.equal(verified.code, 0, verified.stderr);
      const whole = await imported(tight.dataDir, tight.under);
      assert.equal(whole.code, 0, whole.stderr);
      const node = await start({ dataDir: tight.dataDir });
      assert.deepEqual(await coinsOf(node), expected);
      assert.equal(await node.stop(), 0);
      rmSync(tight.dataDir, { recursive: true });
    }
  });

  test('ends a node that syncs, and one that opens; it goes on when there is room', async () => {
    const seeds = [await source.listenAddress()];
    for (const tight of tightPlaces('sync').slice(-1)) {
      tight.tighten(2_000_000);
      const { dataDir, under } = tight;
      const first = await start({ dataDir, under, seeds });
      assert.equal(await first.ended(), EXIT.diskFull, first.output);
      assertSaid(tight, first.output);

      tight.tighten(0);
      const args = [
        'node',
        '--rpc-port',
        '0',
        '--dns-seed',
        'none',
        '--min-free-space',
        '0',
        ...place(dataDir),
      ];
      const opening = await runCli([...args, '--listen-host', '127.0.0.1'], { under: tight.under });
      assert.equal(opening.code, EXIT.diskFull, opening.stderr);
      assertSaid(tight, opening.stderr);

      tight.relieve();
      const again = await start({ dataDir, seeds });
      await until('all blocks', async () => (await again.height()) === BLOCKS);
      assert.deepEqual(await coinsOf(again), expected);
      assert.equal(await again.stop(), 0);
      rmSync(dataDir, { recursive: true });
    }
  });

  test('leaves the wallet and its neighbours as they were', async () => {
    for (const tight of tightPlaces('wallet').slice(-1)) {
      const address = ['wallet', 'address', '--new', ...place(tight.dataDir)];
      const { code } = await runCli(address);
      assert.equal(code, 0);
      const before = readFileSync(join(tight.dataDir, 'wallet.json'), 'utf8');
      tight.tighten(0);
      const refused = await runCli(address, { under: tight.under });
      assert.equal(refused.code, EXIT.diskFull, refused.stderr);
      assert.match(refused.stderr, /wallet/);
      assert.equal(readFileSync(join(tight.dataDir, 'wallet.json'), 'utf8'), before);
      tight.relieve();
      assert.equal((await runCli(address)).code, 0);
      rmSync(tight.dataDir, { recursive: true });
    }
  });

  test('is noticed before: a warning first, then an end in good order', async () => {
    // Where no disk can be made small, what is asked for is made large.
    const dataDir = disk ? disk.makeFolder('watched') : join(folder, 'watched');
    const minFree = disk ? '8' : String(1_000_000_000);
    disk?.fill(30_000_000);
    if (disk) {
      const seeds = [await source.listenAddress()];
      const warned = await start({ dataDir }, minFree);
      for (const method of ['status', 'getblockchaininfo', 'getnetworkinfo']) {
        const { warnings } = await warned.rpc<{ warnings: string[] }>(method);
        assert.match(warnings.join(), /Only \d+ MB are free .* the node stops when it is less than 8 MB/);
      }
      assert.match(warned.output, /Only \d+ MB are free/);
      assert.equal(await warned.stop(), 0);
      disk.fill(10_000_000);
      const syncing = await start({ dataDir, seeds }, minFree);
      assert.equal(await syncing.ended(), EXIT.diskFull, syncing.output);
      assert.match(syncing.output, /MB are kept free \(--min-free-space\)/);
      assert.ok(disk.freeBytes > 4_000_000, `it ended with ${disk.freeBytes} bytes left`);
      const verified = await runCli(['chain', 'verify', ...place(dataDir)]);
      assert.equal(verified.code, 0, verified.stderr);
    }
    const refused = await imported(dataDir, [], minFree);
    assert.equal(refused.code, EXIT.diskFull, refused.stderr);
    assert.match(refused.stderr, /MB are kept free \(--min-free-space\)/);
    disk?.relieve();
    const whole = await imported(dataDir, []);
    assert.equal(whole.code, 0, whole.stderr);
    assert.equal((await runJson(['chain', 'verify', ...place(dataDir).slice(0, 4)])).height, BLOCKS);
  });
});
