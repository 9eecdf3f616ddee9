import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bytesToHex, hexToBytes, hexToHash } from '../../src/bytes/hex.ts';
import { decodeBlock } from '../../src/primitives/block.ts';
import { NETWORK_FILE } from '../support/bitcoinRegtest/bitcoinChain.ts';
import { makeKeys, solvedBlock } from '../support/blocks.ts';
import { temporaryFolder } from '../support/chains.ts';
import { NodeProcess, runJson, until } from '../support/nodeProcess.ts';

const DEPLOYMENT = `
[[deployments]]
name = "bip54"
bit = 4
startTime = 0
timeout = 4000000000
windowBlocks = 20
threshold = 15
`;
const VERSIONS = /Unknown block versions being mined! \d+ of the last \d+ blocks/;

type Deployments = Record<
  string,
  { active: boolean; height?: number; bip9: { status: string; status_next: string; since: number } }
>;

/** A network whose miners agree on BIP54's coinbase rule, in windows of 20 blocks. */
describe('a soft fork', () => {
  const keys = makeKeys();
  const payee = bytesToHex(keys.publicKey);
  const nodes = new Set<NodeProcess>();
  let folder: string;
  /** One knows of the soft fork, the other, of the same network, does not. */
  let upgraded: NodeProcess;
  let old: NodeProcess;

  before(async () => {
    folder = await temporaryFolder();
    const plain = readFileSync(NETWORK_FILE, 'utf8').replace('"bitcoin-regtest"', '"forks"');
    writeFileSync(join(folder, 'old.toml'), plain);
    writeFileSync(join(folder, 'new.toml'), plain + DEPLOYMENT);
    upgraded = await start('new', []);
    old = await start('old', [await upgraded.listenAddress()]);
    await until('they are connected', async () => (await peerCount(upgraded)) === 1);
  });
  after(async () => {
    await Promise.all([...nodes].map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(name: string, seeds: readonly string[]): Promise<NodeProcess> {
    const network = join(folder, `${name}.toml`);
    const node = await NodeProcess.start({ dataDir: join(folder, name), seeds, network });
    nodes.add(node);
    return node;
  }

  /** Mines up to this height, and waits until both are there. */
  async function mineTo(height: number, miner: NodeProcess): Promise<void> {
    await miner.rpc('generatetoaddress', height - (await miner.height()), payee);
    await until(`both are at ${height}`, haveOneTip);
  }

  async function haveOneTip(): Promise<boolean> {
    const tips = await Promise.all([upgraded, old].map((node) => node.rpc('getbestblockhash')));
    return tips[0] === tips[1];
  }

  async function peerCount(node: NodeProcess): Promise<number> {
    return node.rpc<number>('getconnectioncount');
  }

  async function warningsOf(node: NodeProcess): Promise<string[]> {
    return (await node.rpc<{ warnings: string[] }>('getblockchaininfo')).warnings;
  }

  /** A block on the tip whose coinbase is not locked. */
  async function unlockedBlock(): Promise<string> {
    const hash = await upgraded.rpc<string>('getbestblockhash');
    const { header } = decodeBlock(hexToBytes(await upgraded.rpc<string>('getblock', hash, 0)));
    return bytesToHex(
      solvedBlock({
        parent: { hash: hexToHash(hash), timeSec: header.timeSec },
        height: (await upgraded.height()) + 1,
        lockingScript: keys.lockingScript,
      }).bytes,
    );
  }

  test('goes from defined to active, and all stay on one chain', async () => {
    const steps: [height: number, status: string, next: string, miner: NodeProcess][] = [
      [1, 'defined', 'defined', old],
      [18, 'defined', 'defined', upgraded],
      [19, 'defined', 'started', upgraded],
      // Five of this window do not signal, and fifteen do.
      [24, 'started', 'started', old],
      [38, 'started', 'started', upgraded],
      [39, 'started', 'locked_in', upgraded],
      [58, 'locked_in', 'locked_in', upgraded],
      [59, 'locked_in', 'active', upgraded],
      [60, 'active', 'active', old],
    ];
    for (const [height, status, next, miner] of steps) {
      await mineTo(height, miner);
      const { deployments } = await upgraded.rpc<{ deployments: Deployments }>('getdeploymentinfo');
      const { active, bip9 } = deployments.bip54!;
      assert.deepEqual([height, bip9.status, bip9.status_next], [height, status, next]);
      assert.equal(active, next === 'active');
      const { softforks } = await upgraded.rpc<{ softforks: Deployments }>('getblockchaininfo');
      assert.deepEqual(softforks, deployments);
      assert.deepEqual((await old.rpc<{ deployments: Deployments }>('getdeploymentinfo')).deployments, {});
      if (height === 59) {
        assert.match((await warningsOf(old)).join(), VERSIONS);
        const network = await old.rpc<{ warnings: string[] }>('getnetworkinfo');
        const { warnings } = await old.rpc<{ warnings: string[] }>('status');
        assert.match(network.warnings.join(), VERSIONS);
        assert.match(warnings.join(), VERSIONS);
        assert.equal(old.output.match(new RegExp(VERSIONS, 'g'))?.length, 1, 'logged once');
        assert.doesNotMatch((await warningsOf(upgraded)).join(), /Unknown/);
      }
    }
    const { deployments } = await upgraded.rpc<{ deployments: Deployments }>('getdeploymentinfo');
    assert.equal(deployments.bip54!.height, 60);
    assert.equal(deployments.bip54!.bip9.since, 60);
  });

  test('is enforced from then on, by those who know it, and costs the others nothing', async () => {
    const unlocked = await unlockedBlock();
    assert.equal(await upgraded.rpc('submitblock', unlocked), 'bad-cb-locktime');
    assert.equal(await old.rpc('submitblock', unlocked), null);
    assert.equal(await old.height(), 61);
    // Meanwhile the old node may have shown the block to the new one, which must neither follow nor ban it.
    await upgraded.rpc('generatetoaddress', 2, payee);
    await until('the old node is on the longer chain again', haveOneTip);
    assert.equal(await old.height(), 62);
    assert.equal(await peerCount(upgraded), 1);
    assert.deepEqual(await upgraded.rpc('listbanned'), []);
  });

  test('is driven by hand on regtest', async () => {
    const node = await NodeProcess.start({ dataDir: join(folder, 'regtest') });
    nodes.add(node);
    const flags = ['--network', 'regtest', '--data-dir', node.dataDir];
    await runJson(['rpc', 'generatetoaddress', '431', payee, ...flags]);
    const { deployments } = await runJson<{ deployments: Deployments }>([
      'rpc',
      'getdeploymentinfo',
      ...flags,
    ]);
    assert.deepEqual(
      [deployments.bip54!.bip9.status, deployments.bip54!.bip9.status_next, deployments.bip54!.height],
      ['locked_in', 'active', 432],
    );
    // Blocks of our own meet the rule.
    await node.rpc('generatetoaddress', 2, payee);
    const { softForks } = await runJson<{ softForks: Record<string, string> }>(['chain', 'info', ...flags]);
    assert.deepEqual(softForks, { bip54: 'active' });
  });
});
