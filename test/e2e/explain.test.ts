import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BITCOIN_170_BYTES } from '../../src/explain/bitcoin170.ts';
import { temporaryFolder } from '../support/chains.ts';
import { networkWith } from '../support/consensusCases.ts';
import { networkFileText } from '../support/networkFile.ts';
import { NodeProcess, runCli, runJson } from '../support/nodeProcess.ts';

const REFUSED = 4;
const USAGE = 2;
const NOT_RUNNING = 3;
const WORDS = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
const PAYMENT = 'f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16';

type Rule = { code: string; status: string; detail: string };
type Told = {
  kind: string;
  verdict: string;
  height?: number;
  rules: Rule[];
  money: { inputs?: string; outputs?: string; fee?: string; fees?: string; subsidy?: string };
  merkle: { isRoot: boolean; steps: unknown[] };
  signatures: { holds: boolean; digest: string; signedBytes: string }[];
  proof: { steps: { shown: string }; chainWork: string };
};

describe('explain', () => {
  let folder: string;
  const nodes: NodeProcess[] = [];
  before(async () => {
    folder = await temporaryFolder();
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  const flags = (name: string) => ['--network', 'regtest', '--data-dir', join(folder, name)];
  const explain = (name: string, ...words: string[]) => runCli(['explain', ...words, ...flags(name)]);
  const tell = (name: string, ...words: string[]) => runJson<Told>(['explain', ...words, ...flags(name)]);

  async function start(name: string, ...args: string[]): Promise<NodeProcess> {
    const dataDir = join(folder, name);
    await runCli(['wallet', 'restore', ...flags(name)], { input: `${WORDS}\n` });
    const node = await NodeProcess.start({ dataDir, args });
    nodes.push(node);
    return node;
  }

  async function addressOf(name: string): Promise<string> {
    return (await runJson<{ address: string }>(['wallet', 'address', ...flags(name)])).address;
  }

  async function send(name: string, amount: string): Promise<string> {
    const words = ['wallet', 'send', await addressOf(name), amount, ...flags(name)];
    return (await runJson<{ txid: string }>(words)).txid;
  }

  async function mine(node: NodeProcess, name: string, count: number): Promise<string[]> {
    return node.rpc<string[]>('generatetoaddress', count, await addressOf(name));
  }

  /** 101 blocks, and a payment that waits. @returns its txid */
  async function pay(node: NodeProcess, name: string): Promise<string> {
    await mine(node, name, 101);
    return send(name, '3.5');
  }

  test('Bitcoin’s block 170 without a node, in 80 columns', async () => {
    for (const words of [
      ['block', 'bitcoin-170'],
      ['header', 'bitcoin-170'],
      ['transaction', 'bitcoin-170'],
      ['transaction', PAYMENT],
      ['block', 'bitcoin-170', '--full'],
    ]) {
      const { code, stdout, stderr } = await explain('none', ...words);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`a valid ${words[0]}: \\d+ rules hold`));
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point.
      assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f]/);
    }
  });

  test('one digit changed is found, with its values', async () => {
    const bent = Uint8Array.from(BITCOIN_170_BYTES);
    bent[300]! ^= 1;
    const input = Buffer.from(bent)
      .toString('hex')
      .replace(/(.{60})/g, '$1\n');
    const { code, stdout } = await runCli(['explain', 'block', '--hex', '-', ...flags('none')], { input });
    assert.equal(code, REFUSED);
    assert.match(stdout, /BROKEN {2}every signature is by the key/);
    assert.match(stdout, /BROKEN {2}the merkle root/);
    assert.match(stdout, /INVALID, by bad-txnmrklroot: 3\d rules hold, 2 broken, 2 came later/);
  });

  test('hex that is none, too much, or not there', async () => {
    const path = join(folder, 'x.hex');
    const cases: readonly [content: string, message: RegExp][] = [
      ['', /is empty: there is no hex/],
      ['12\u001b[31m', /is not hex: digit 3 is "\."/],
      ['123', /3 hex digits: two make a byte/],
      ['00'.repeat(6_000_001), /larger than any block/],
    ];
    for (const [content, message] of cases) {
      writeFileSync(path, content);
      const { code, stderr } = await explain('none', 'block', '--hex', path);
      assert.equal(code, USAGE);
      assert.match(stderr, message);
    }
    const { code, stderr } = await explain('none', 'block', '--hex', join(folder, 'nowhere'));
    assert.equal(code, USAGE);
    assert.match(stderr, /cannot be read/);
    writeFileSync(path, '00'.repeat(3_000_000));
    assert.equal((await explain('none', 'block', '--hex', path)).code, REFUSED);
  });

  test('without a node an id leads to the example', async () => {
    const { code, stderr } = await explain('none', 'block', '5');
    assert.equal(code, NOT_RUNNING);
    assert.match(stderr, /explain block bitcoin-170/);
    assert.equal((await explain('none', 'block')).code, USAGE);
  });

  test('a payment, in the mempool and then in a block', async () => {
    const node = await start('indexed');
    const txid = await pay(node, 'indexed');
    const waiting = await tell('indexed', 'transaction', txid);
    assert.match(waiting.verdict, /^a valid transaction: 19 rules hold$/);
    assert.equal(waiting.money.inputs, '50.00000000');
    const units = (coins = '') => BigInt(coins.replace('.', ''));
    assert.equal(units(waiting.money.outputs) + units(waiting.money.fee), 5_000_000_000n);
    assert.ok(units(waiting.money.fee) > 0n);
    assert.equal(waiting.signatures[0]!.holds, true);
    // A second one spends what the first one makes, and both wait.
    const child = await send('indexed', '40');
    assert.match((await tell('indexed', 'transaction', child)).verdict, /^a valid transaction/);

    const [hash] = await mine(node, 'indexed', 1);
    const mined = await tell('indexed', 'transaction', txid);
    assert.match(mined.verdict, /^a valid transaction: 19 rules hold$/);
    assert.equal(mined.merkle.isRoot, true);
    assert.equal(mined.merkle.steps.length, 2);
    assert.deepEqual(mined.signatures, waiting.signatures);

    const block = await tell('indexed', 'block', hash!);
    assert.match(block.verdict, /^a valid block: 38 rules hold$/);
    // The rules tell the time of the clock.
    assert.deepEqual({ ...(await tell('indexed', 'block', '102')), rules: [] }, { ...block, rules: [] });
    assert.equal(block.height, 102);
    assert.equal(block.money.subsidy, '50.00000000');
    const header = await tell('indexed', 'header', 'tip');
    assert.equal(header.proof.steps.shown, hash);
    assert.match(header.verdict, /^a valid header: 8 rules hold$/);
    // 2 for each of 103 blocks.
    assert.equal(BigInt(`0x${header.proof.chainWork}`), 206n);
    const genesis = await tell('indexed', 'block', '0');
    assert.match(genesis.verdict, /^the first block, valid by its hash alone/);
  });

  test('hex for a node that knows the chain: the next block, and one of before', async () => {
    const node = nodes[0]!;
    const hash = await node.rpc<string>('getbestblockhash');
    const hex = await node.rpc<string>('getblock', hash, 0);
    const run = (input: string) =>
      runCli(['explain', 'block', '--hex', '-', '--json', ...flags('indexed')], { input });
    const known = JSON.parse((await run(hex)).stdout) as Told;
    assert.match(known.verdict, /^a valid block: 38 rules hold$/);
    await node.rpc('invalidateblock', hash);
    const next = JSON.parse((await run(hex)).stdout) as Told;
    assert.match(next.verdict, /^a valid block: 38 rules hold$/);
    await node.rpc('reconsiderblock', hash);
  });

  test('what is not what it was taken for is said to be something else', async () => {
    const node = nodes[0]!;
    const hash = await node.rpc<string>('getbestblockhash');
    const { tx } = await node.rpc<{ tx: string[] }>('getblock', hash, 1);
    const cases: readonly [words: string[], message: RegExp][] = [
      [['block', '1000'], /no block at height 1000: the newest is at 102/],
      [['block', tx[1]!], /This is a transaction: `indiecoin explain transaction /],
      [['transaction', hash], /This is a block: `indiecoin explain block /],
      [['header', 'ab'.repeat(32)], /no block of this hash/],
      [['transaction', 'ab'.repeat(32)], /No such mempool or blockchain transaction.*--block HASH\|HEIGHT/],
    ];
    for (const [words, message] of cases) {
      const { code, stderr } = await explain('indexed', ...words);
      assert.equal(code, REFUSED);
      assert.match(stderr, message);
    }
  });

  test('a target that is adjusted, the ends of its periods, and BIP54 in force', async () => {
    const file = join(folder, 'periods.toml');
    const deployment =
      'name = "bip54"\nbit = 0\nstartTime = 0\ntimeout = 4000000000\nwindowBlocks = 2\nthreshold = 2\n';
    const description = networkWith({ retargetBlocks: 20, spacingSec: 2 });
    writeFileSync(file, `${networkFileText(description, 'periods')}[[deployments]]\n${deployment}`);
    const where = ['--network', file, '--data-dir', join(folder, 'periods')];
    await runCli(['wallet', 'restore', ...where], { input: `${WORDS}\n` });
    const node = await NodeProcess.start({ dataDir: join(folder, 'periods'), network: file });
    nodes.push(node);
    const { address } = await runJson<{ address: string }>(['wallet', 'address', ...where]);
    await node.rpc('generatetoaddress', 41, address);
    const told = async (height: number) => {
      const block = await runJson<Told>(['explain', 'block', String(height), ...where]);
      assert.match(block.verdict, /^a valid block: \d+ rules hold$/, String(height));
      return (code: string) => block.rules.find((rule) => rule.code === code)!.detail;
    };
    assert.match((await told(39))('time-timewarp-attack'), /not before \d{4}-/);
    const first = await told(40);
    assert.match(first('bad-diffbits'), /\(adjusted after 20 blocks\)/);
    // Blocks a second apart, which should have taken two: the target is about half as large.
    assert.doesNotMatch(first('bad-diffbits'), /^207fffff/);
    assert.match(first('time-timewarp-attack'), /not before \d{4}-/);
    assert.equal(first('bad-cb-locktime'), '39, wanted 39');
    assert.match((await told(41))('bad-diffbits'), /the same as the block before/);
    assert.match((await told(3))('bad-cb-locktime'), /not active/);
  });

  test('without an index a payment is found by its block, and a pruned block is not pretended', async () => {
    const node = await start('pruned', '--transaction-index', 'false', '--prune', '1');
    const txid = await pay(node, 'pruned');
    assert.match((await tell('pruned', 'transaction', txid)).verdict, /^a valid transaction/);
    await mine(node, 'pruned', 1);
    const { code, stderr } = await explain('pruned', 'transaction', txid);
    assert.equal(code, REFUSED);
    assert.match(stderr, /--block HASH\|HEIGHT names it/);
    const told = await tell('pruned', 'transaction', txid, '--block', '102');
    assert.equal(told.merkle.isRoot, true);
    assert.ok(told.rules.every(({ status }) => status !== 'broken'));

    await mine(node, 'pruned', 400);
    await node.rpc('pruneblockchain', 110);
    const gone = await explain('pruned', 'block', '102');
    assert.equal(gone.code, REFUSED);
    assert.match(gone.stderr, /pruned data.*explain header/);
    assert.match((await tell('pruned', 'header', '102')).verdict, /^a valid header/);
  });
});
