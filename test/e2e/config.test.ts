import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parse } from 'smol-toml';
import { NodeProcess, runCli } from '../support/nodeProcess.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-config-'));
after(() => rmSync(root, { recursive: true, force: true }));

type Setting = { name: string; value: unknown; from: string; place?: string };
type Answer = {
  file: { path: string; isThere: boolean };
  settings: Setting[];
  running?: { known: boolean; differing: Setting[] };
};

async function config(dataDir: string, args: string[] = [], env: Record<string, string> = {}) {
  const line = ['config', '--network', 'regtest', '--data-dir', dataDir, ...args];
  const { code, stdout, stderr } = await runCli([...line, '--json'], { env });
  assert.equal(code, 0, stderr);
  const answer = JSON.parse(stdout) as Answer;
  const text = (await runCli(line, { env })).stdout;
  return { ...answer, text, find: (name: string) => answer.settings.find((one) => one.name === name)! };
}

describe('indiecoin config', () => {
  it('says of every setting what is in force and by what: flag, variable, line of the file, default', async () => {
    const dataDir = mkdtempSync(join(root, 'data-'));
    const path = join(dataDir, 'indiecoin.toml');
    // A text of several lines that holds what looks like a setting.
    writeFileSync(
      path,
      'announce = ["""a\nthreads = 9\n""", "b:1"]\n\nmax-peers = 50\nthreads = 2\nprune = 5\n',
    );
    const env = {
      INDIECOIN_THREADS: '3',
      INDIECOIN_RPC_USER: 'alice',
      INDIECOIN_RPC_PASSWORD: 'very secret',
    };
    const { file, find, text, running } = await config(dataDir, ['--prune', '7'], env);
    assert.deepEqual(file, { path, isThere: true });
    assert.deepEqual(find('max-peers'), {
      name: 'max-peers',
      value: 50,
      from: 'file',
      place: `${path}:5`,
    });
    assert.deepEqual(find('threads'), {
      name: 'threads',
      value: 3,
      from: 'environment',
      place: 'INDIECOIN_THREADS',
    });
    assert.deepEqual(find('prune'), { name: 'prune', value: 7, from: 'flag', place: '--prune' });
    assert.deepEqual(find('transaction-index'), { name: 'transaction-index', value: false, from: 'default' });
    assert.deepEqual(find('rpc-port'), { name: 'rpc-port', value: 28889, from: 'default' });
    assert.deepEqual(find('public-key'), { name: 'public-key', value: null, from: 'default' });
    assert.equal(find('rpc-password').value, '(hidden)');
    assert.equal(running, undefined);
    assert.match(text, /^# The config file is .*indiecoin\.toml\.\n/);
    assert.match(text, new RegExp(`max-peers = 50 +# ${path}:5\n`));
    assert.match(text, /# No node runs on this data directory/);
    assert.doesNotMatch(text, /very secret/);
    // It is a config file with the same settings, but for what it hides.
    const { network, 'data-dir': where, ...rest } = parse(text) as Record<string, unknown>;
    assert.deepEqual([network, where], ['regtest', dataDir]);
    assert.deepEqual(rest, {
      'max-peers': 50,
      announce: ['a\nthreads = 9\n', 'b:1'],
      threads: 3,
      prune: 7,
      'rpc-user': 'alice',
    });
  });

  it('shows the preset of a seed', async () => {
    const { find, text } = await config(mkdtempSync(join(root, 'data-')), ['--seed']);
    assert.deepEqual(find('max-peers'), { name: 'max-peers', value: 300, from: 'preset' });
    assert.match(text, /max-peers = 300 +# preset of indiecoin seed\n/);
    assert.match(text, /# The config file is .*, which is not there\./);
  });

  it('says where the node that runs differs, until it has ended', async () => {
    const dataDir = mkdtempSync(join(root, 'data-'));
    const env = { INDIECOIN_RPC_USER: 'alice', INDIECOIN_RPC_PASSWORD: 'very secret' };
    const node = await NodeProcess.start({ dataDir, env, args: ['--max-peers', '7'] });
    try {
      const { running, text } = await config(dataDir, ['--max-peers', '8']);
      assert.equal(running!.known, true);
      const differing = new Map(running!.differing.map((one) => [one.name, one]));
      assert.deepEqual(differing.get('max-peers'), {
        name: 'max-peers',
        value: 7,
        from: 'flag',
        place: '--max-peers',
      });
      assert.equal(differing.get('rpc-password')?.value, '(hidden)');
      assert.equal(differing.has('network'), false);
      assert.match(text, /# The node that runs .* was started otherwise, and has until its end:\n/);
      assert.match(text, /# max-peers = 7 +# --max-peers\n/);
      assert.equal(parse(text)['max-peers'], 8);
      const same = [
        '--max-peers',
        '7',
        '--listen-host',
        '127.0.0.1',
        '--rpc-port',
        '0',
        '--dns-seed',
        'none',
      ];
      assert.match((await config(dataDir, same, env)).text, /# The node that runs .* has the same\./);
    } finally {
      await node.stop();
    }
    assert.equal((await config(dataDir)).running, undefined);
    assert.ok(readdirSync(dataDir).includes('.settings'));
  });

  for (const [what, text, message] of [
    [
      'an unknown key',
      'threads = 1\n# x\nmax-pears = 3\n',
      /"max-pears" in .*, line 3, is not a setting\. Did you mean "max-peers"\?/,
    ],
    ['a table', '[max-peers]\nx = 1\n', /"max-peers" in .*, line 1, needs a whole number/],
    [
      'an unknown table',
      'threads = 1\n[rpcport]\nx = 1\n',
      /"rpcport" in .*, line 2, is not a setting\. Did you mean "rpc-port"\?/,
    ],
    ['a wrong value', '\nmax-peers = 301\n', /"max-peers" in .*, line 2, cannot be 301: at most 300/],
    ['a wrong type', 'threads = "2x"\n', /"threads" in .*, line 1, needs a whole number, not "2x"/],
    ['what is no TOML', 'threads = 1\nmax-peers 3\n', /indiecoin\.toml is not TOML: line 2, column \d+: /],
    ['a file within the file', 'config = "x"\n', /"config" in .*, line 1, is not a setting/],
  ] as const) {
    it(`names the line of ${what}, in every command`, async () => {
      const dataDir = mkdtempSync(join(root, 'data-'));
      writeFileSync(join(dataDir, 'indiecoin.toml'), text);
      for (const command of ['config', 'status']) {
        const { code, stderr } = await runCli([command, '--network', 'regtest', '--data-dir', dataDir]);
        assert.equal(code, 2, stderr);
        assert.match(stderr, message);
        assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
      }
    });
  }
});
