import '../../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runCommandLine } from '../../../src/cli/commandLine.ts';
import { COMMANDS, GROUPS } from '../../../src/cli/commands.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-examples-'));
after(() => rmSync(root, { recursive: true, force: true }));

const ALL = [
  ...COMMANDS.map((command) => ({ path: command.usage.split(' ')[0]!, command })),
  ...GROUPS.flatMap(({ name, commands }) =>
    commands.map((command) => ({ path: `${name} ${command.usage.split(' ')[0]}`, command })),
  ),
];

/**
 * What the shell would start of our program for this line, each call as its words. The program's answer, for lines that
 * use one in another, is a word. Each is written at one go, because those of a pipe run at the same time.
 */
function callsOf(line: string): string[][] {
  const calls = join(root, 'calls');
  writeFileSync(calls, '');
  const script = `mkdir -p ~/.zfunc ~/.config/fish/completions
    indiecoin() { local call=; (($#)) && printf -v call '%s\\x1f' "$@"; printf '%s\\n' "$call" >> "$CALLS"; echo answer; }
    answer() { :; }
    eval "$LINE"`;
  const env = { PATH: process.env.PATH, HOME: root, CALLS: calls, LINE: line };
  const { status, stderr } = spawnSync('bash', ['-e', '-c', script], { cwd: root, env, encoding: 'utf8' });
  assert.equal(status, 0, `${line}: ${stderr}`);
  return readFileSync(calls, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((call) => call.split('\x1f').slice(0, -1));
}

/** The command that a call would run; it is not run. */
async function commandOf(words: readonly string[]): Promise<unknown> {
  const found: unknown[] = [];
  await runCommandLine(words, {}, async (command) => void found.push(command));
  assert.equal(found.length, 1, words.join(' '));
  return found[0];
}

describe('the examples of every command', () => {
  for (const { path, command } of ALL) {
    it(`${path}: can be typed as they stand, and run that command`, async () => {
      assert.ok(command.examples.length > 0);
      for (const [line, meaning] of command.examples) {
        assert.match(line, /^[\x20-\x7e]+$/, 'nothing that a keyboard lacks');
        assert.notEqual(meaning, '');
        const calls = callsOf(line);
        const run = await Promise.all(calls.map(commandOf));
        assert.ok(run.includes(command), line);
      }
    });

    it(`${path}: are in its --help`, async (test) => {
      const written: string[] = [];
      test.mock.method(console, 'log', (text: string) => void written.push(text));
      await runCommandLine([...path.split(' '), '--help'], {});
      const help = written.join('\n');
      for (const [line] of command.examples)
        assert.ok(help.split('\n').includes(`  ${line}`), `${line} in:\n${help}`);
    });
  }

  it('of a seed stand below its own defaults', async (test) => {
    const written: string[] = [];
    test.mock.method(console, 'log', (text: string) => void written.push(text));
    await runCommandLine(['seed', '--help'], {});
    const help = written.join(' ').replace(/\s+/g, ' ');
    for (const [flag, value] of [
      ['max-peers', '300'],
      ['server-port', '8888, on testnet 18888'],
      ['metrics-port', '8890, on testnet 18890'],
    ])
      assert.match(help, new RegExp(`--${flag} [^\\[]*\\(default ${value}\\) \\[`), help);
  });

  it('are there for every group, and for the program itself', async (test) => {
    const written: string[] = [];
    test.mock.method(console, 'log', (text: string) => void written.push(text));
    for (const name of GROUPS.map((group) => group.name)) {
      written.length = 0;
      await runCommandLine([name, '--help'], {});
      assert.match(written.join('\n'), new RegExp(`Examples:\n  # .*\n  indiecoin ${name} `));
    }
    written.length = 0;
    await runCommandLine(['--help'], {});
    const lines = written.join('\n').split('\n');
    const examples = lines.slice(lines.indexOf('Examples:') + 1, lines.indexOf('Exit codes:'));
    const typed = examples.filter((line) => /^ {2}indiecoin/.test(line)).map((line) => line.trim());
    assert.ok(typed.length >= 3, written.join('\n'));
    for (const line of typed) for (const call of callsOf(line)) await commandOf(call);
  });
});
