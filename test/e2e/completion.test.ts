import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COMMANDS, GROUPS } from '../../src/cli/commands.ts';
import { METHODS } from '../../src/rpc/methods.ts';
import { runCli } from '../support/nodeProcess.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-completion-'));
after(() => rmSync(root, { recursive: true, force: true }));

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Why a shell cannot be tried here, for the test's skip. */
function missing(shell: Shell): string | false {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0 ? false : `${shell} is not installed`;
}

function run(program: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env.PATH, HOME: root, TERM: 'xterm', LANG: 'C.UTF-8' },
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout;
}

const names = ({ usage }: { usage: string }) => usage.split(' ')[0]!;

before(async () => {
  for (const shell of SHELLS) {
    const { code, stdout, stderr } = await runCli(['completion', shell]);
    assert.equal(code, 0, stderr);
    writeFileSync(join(root, `indiecoin.${shell}`), stdout);
  }
  mkdirSync(join(root, 'folder'));
  mkdirSync(join(root, 'a folder'));
  writeFileSync(join(root, 'words.txt'), '');
});

/** What bash would offer for the last of the words, split as bash splits them. */
function inBash(...words: string[]): string[] {
  const script = `source ./indiecoin.bash
    complete -p indiecoin > /dev/null || exit 1
    COMP_WORDS=(indiecoin "$@") COMP_CWORD=$#
    _indiecoin 2>&1
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run('bash', ['--norc', '-c', script, '_', ...words])
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

/** What fish offers, without what it says beside. */
function inFish(line: string): string[] {
  const script = `source ./indiecoin.fish; complete -C '${line}'`;
  return run('fish', ['--no-config', '-c', script])
    .split('\n')
    .filter((one) => one !== '')
    .map((one) => one.split('\t')[0]!)
    .sort();
}

/** What stands on zsh's command line after the Tab key, as the program would get it. */
function inZsh(line: string): string {
  const script = `zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell 'PROMPT= RPROMPT=; autoload -U compinit; compinit -u -D; source ./indiecoin.zsh; indiecoin() { print -r -- "GOT<$*>" }; print READY'
    zpty -r shell answer '*READY*READY*'
    zpty -w shell $'${line}\\t'
    zpty -r shell answer '*GOT<[^$]*>*'
    print -r -- "$answer"`;
  const got = [...run('zsh', ['-f', '-c', script]).matchAll(/GOT<([^$\n]*)>/g)].at(-1);
  return got?.[1]?.trimEnd() ?? '';
}

describe('completion in bash', { skip: missing('bash') }, () => {
  it('offers every command, and those of every group', () => {
    const top = [...COMMANDS.map(names), ...GROUPS.map(({ name }) => name)].sort();
    assert.deepEqual(inBash(''), top);
    for (const { name, commands } of GROUPS)
      assert.deepEqual(inBash(name, ''), commands.map(names).sort(), name);
    assert.deepEqual(inBash('wal'), ['wallet']);
    assert.deepEqual(inBash('nothing'), []);
  });

  it('offers the flags of the command, wherever the others stand', () => {
    const everywhere = ['--config', '--data-dir', '--help', '--json', '--network', '--version'];
    assert.deepEqual(inBash('--'), everywhere);
    assert.deepEqual(inBash('status', '--'), [...everywhere, '--every', '--watch'].sort());
    assert.deepEqual(inBash('--network', 'regtest', 'status', '--w'), ['--watch']);
    assert.deepEqual(inBash('node', '--max'), ['--max-peers']);
    assert.deepEqual(inBash('--network', '=', 'regtest', 'wallet', 'bal'), ['balance']);
    assert.ok(!inBash('node', '--rpc-').includes('--rpc-password'));
  });

  it('offers the values of flags and arguments', () => {
    assert.deepEqual(inBash('--network', ''), [
      'a folder',
      'folder',
      'indiecoin.bash',
      'indiecoin.fish',
      'indiecoin.zsh',
      'mainnet',
      'regtest',
      'testnet',
      'words.txt',
    ]);
    assert.deepEqual(inBash('status', '--network', '=', 're'), ['regtest']);
    assert.deepEqual(inBash('status', '--network', '='), inBash('status', '--network', ''));
    assert.deepEqual(inBash('status', '--data-dir', ''), ['a folder', 'folder']);
    assert.deepEqual(inBash('wallet', 'restore', 'w'), ['words.txt']);
    assert.deepEqual(inBash('node', '--log-level', 'd'), ['debug']);
    assert.deepEqual(inBash('completion', ''), ['bash', 'fish', 'zsh']);
    assert.deepEqual(inBash('rpc', ''), [...METHODS.keys()].sort());
    assert.deepEqual(inBash('peers', 'add', ''), []);
  });
});

describe('completion in fish', { skip: missing('fish') }, () => {
  it('offers commands, flags and values', () => {
    const top = [...COMMANDS.map(names), ...GROUPS.map(({ name }) => name)].sort();
    assert.deepEqual(inFish('indiecoin '), top);
    for (const { name, commands } of GROUPS)
      assert.deepEqual(inFish(`indiecoin ${name} `), commands.map(names).sort(), name);
    assert.deepEqual(inFish('indiecoin --network regtest status --w'), ['--watch']);
    assert.deepEqual(inFish('indiecoin --network=regtest wallet bal'), ['balance']);
    assert.deepEqual(inFish('indiecoin status --max'), []);
    assert.deepEqual(inFish('indiecoin node --max'), ['--max-peers']);
    assert.deepEqual(inFish('indiecoin --network re'), ['regtest']);
    assert.deepEqual(inFish('indiecoin status --network=main'), ['--network=mainnet']);
    assert.deepEqual(inFish('indiecoin node --log-level d'), ['debug']);
    assert.deepEqual(inFish('indiecoin status --data-dir fol'), ['folder/']);
    assert.deepEqual(inFish('indiecoin wallet restore wor'), ['words.txt']);
    assert.deepEqual(inFish('indiecoin rpc getblockh'), ['getblockhash', 'getblockheader']);
  });
});

describe('completion in zsh', { skip: missing('zsh') }, () => {
  it('completes commands, flags and values', () => {
    assert.equal(inZsh('indiecoin wall'), 'wallet');
    assert.equal(inZsh('indiecoin --network regtest wallet bal'), '--network regtest wallet balance');
    assert.equal(inZsh('indiecoin status --wat'), 'status --watch');
    assert.equal(inZsh('indiecoin node --max'), 'node --max-peers');
    assert.equal(inZsh('indiecoin status --network reg'), 'status --network regtest');
    assert.equal(inZsh('indiecoin status --network=reg'), 'status --network=regtest');
    assert.equal(inZsh('indiecoin wallet restore wor'), 'wallet restore words.txt');
    assert.equal(inZsh('indiecoin status --data-dir fol'), 'status --data-dir folder');
    assert.equal(inZsh('indiecoin rpc getblockhe'), 'rpc getblockheader');
  });
});
