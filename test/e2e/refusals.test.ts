import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EXIT } from '../../src/cli/exitCodes.ts';
import { regtest } from '../../src/params/regtest.ts';
import { Database } from '../../src/store/database.ts';
import { FORMAT_KEY } from '../../src/store/layout.ts';
import { chainOfBlocks, makeKeys } from '../support/blocks.ts';
import { temporaryFolder } from '../support/chains.ts';
import { NodeProcess, runCli, runJson } from '../support/nodeProcess.ts';
import { writeBootstrapFile } from '../support/workload.ts';

const BLOCKS = 20;

/** Data directories that the program must not work on, as somebody who typed the wrong thing meets them. */
describe('a data directory that is somebody else’s', () => {
  let folder: string;
  let file: string;
  let dataDir: string;
  before(async () => {
    folder = await temporaryFolder();
    file = join(folder, 'blocks.dat');
    dataDir = join(folder, 'data');
    writeBootstrapFile(file, chainOfBlocks(regtest.genesis, 0, BLOCKS, makeKeys().lockingScript));
    await runJson(on(IMPORT()));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Commands that open the databases, each in its own way; none of them comes as far as to look for peers. */
  const NODE = ['node', '--dns-seed', 'none', '--listen-host', '127.0.0.1', '--rpc-port', '0'];
  const REINDEX = [...NODE, '--reindex'];
  const IMPORT = () => ['chain', 'import', file];
  const VERIFY = ['chain', 'verify'];
  const on = (words: readonly string[], network = 'regtest', place = dataDir) => [
    ...words,
    '--network',
    network,
    '--data-dir',
    place,
  ];

  async function assertRefused(words: readonly string[], code: number, message: RegExp): Promise<void> {
    const ended = await runCli(words);
    const said = `${words.join(' ')}: ${ended.code} ${ended.stderr}`;
    assert.equal(ended.code, code, said);
    assert.match(ended.stderr, message, said);
    // One sentence, and no trace of the program's insides.
    assert.doesNotMatch(ended.stderr, /\n\s+at /, said);
  }

  async function assertWhole(): Promise<void> {
    const { height } = await runJson<{ height: number }>(on(VERIFY));
    assert.equal(height, BLOCKS);
  }

  test('in use by a running node: everyone is told so, and the node goes on', async () => {
    const node = await NodeProcess.start({ dataDir });
    try {
      for (const words of [NODE, REINDEX, IMPORT()])
        await assertRefused(
          on(words),
          EXIT.inUse,
          /is in use by another process\. If that is a node, .* ends it/,
        );
      assert.equal(await node.height(), BLOCKS);
      assert.equal(await node.stop(), 0);
    } finally {
      await node.kill();
    }
  });

  test('of another network: it is named, and nothing is touched', async () => {
    for (const words of [NODE, REINDEX, IMPORT(), VERIFY])
      await assertRefused(on(words, 'testnet'), EXIT.damaged, /holds the chain of regtest, not of testnet/);
    await assertWhole();
  });

  test('of another format: a newer one is refused, an older one made anew', async () => {
    await setFormat(99);
    for (const words of [NODE, REINDEX])
      await assertRefused(on(words), EXIT.damaged, /was written by a newer version of IndieCoin \(format 99/);
    await setFormat(1);
    for (const words of [NODE, VERIFY])
      await assertRefused(
        on(words),
        EXIT.damaged,
        /an older version .*`indiecoin node --reindex --network regtest [^`]*` makes it anew/,
      );
    const node = await NodeProcess.start({ dataDir, args: ['--reindex'] });
    assert.equal(await node.height(), BLOCKS);
    assert.equal(await node.stop(), 0);
    await assertWhole();
  });

  async function setFormat(format: number): Promise<void> {
    const database = await Database.open(dataDir, 'chain', { cacheMb: 8, writeBufferMb: 4 });
    await database.write([[FORMAT_KEY, Uint8Array.of(format, 0, 0, 0)]], [], true);
    await database.close();
  }

  test('the small files: a damaged one is named; wallet and identity are never written over', async () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    const first = await NodeProcess.start({ dataDir: small });
    await first.rpc('walletaddress');
    assert.equal(await first.stop(), 0);
    for (const [name, code, message] of [
      ['wallet.json', EXIT.damaged, /wallet\.json is damaged\. Restore the wallet from its words/],
      ['identity.key', EXIT.damaged, /identity\.key is not a node identity\. Restore it, or remove it/],
    ] as const) {
      const path = join(small, name);
      const whole = readFileSync(path);
      const damaged = Buffer.from(whole);
      damaged[damaged.length >> 1]! ^= 1;
      for (const bytes of name === 'wallet.json' ? [damaged, Buffer.alloc(0)] : [damaged.subarray(0, 10)]) {
        writeFileSync(path, bytes);
        await assertRefused(on(NODE, 'regtest', small), code, message);
        assert.deepEqual(readFileSync(path), bytes);
      }
      writeFileSync(path, whole);
    }

    for (const name of ['addresses.json', 'bans.json', 'port', '.cookie', '.rpc-address'])
      writeFileSync(join(small, name), '[{"x"\0');
    await assertRefused(on(['status'], 'regtest', small), EXIT.notRunning, /No node is running/);
    const again = await NodeProcess.start({ dataDir: small });
    for (const name of ['addresses.json', 'bans.json', 'port'])
      assert.match(again.output, new RegExp(`${name} is damaged, and begun anew`));
    assert.equal(await again.stop(), 0);
  });
});
