import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { MAIN, NodeProcess, until } from '../support/nodeProcess.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-logs-'));
after(() => rmSync(root, { recursive: true, force: true }));

describe('the log of a node', () => {
  it('is JSON for who reads its stderr, and text in the file, over restarts', async () => {
    const dataDir = join(root, 'a');
    const first = await NodeProcess.start({ dataDir });
    await first.stop();
    const second = await first.restart();
    await second.stop();
    assert.match(second.output, /^\{"level":30,"time":\d+,.*"msg":"stopping"\}$/m);
    const path = join(dataDir, 'indiecoin.log');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ [a-z]+: ./);
    assert.equal(lines.filter((line) => line.endsWith('INFO node: stopped  height 0')).length, 2);
  });

  it('says in the file why a start failed, and is left alone by a second node on its folder', async () => {
    const dataDir = join(root, 'b');
    const node = await NodeProcess.start({ dataDir });
    const path = join(dataDir, 'indiecoin.log');
    const before = readFileSync(path, 'utf8');
    const second = NodeProcess.launch({ dataDir });
    assert.equal(await second.ended(), 5);
    assert.equal(readFileSync(path, 'utf8'), before);
    // A port that is taken is found when the folder is ours already.
    const taken = readFileSync(join(dataDir, '.rpc-address'), 'utf8').trim().split(':')[1]!;
    const third = NodeProcess.launch({ dataDir: join(root, 'c'), args: ['--stratum-port', taken] });
    assert.equal(await third.ended(), 1);
    assert.match(readFileSync(join(root, 'c', 'indiecoin.log'), 'utf8'), /INFO node: ended: .*port/i);
    await node.stop();
  });

  it('goes to the journal without times and without a file, when stderr is the journal', async () => {
    const dataDir = join(root, 'd');
    const journal = join(root, 'journal');
    writeFileSync(journal, '');
    const { dev, ino } = statSync(journal, { bigint: true });
    const child = spawn(
      process.execPath,
      [
        MAIN,
        'node',
        '--network',
        'regtest',
        '--data-dir',
        dataDir,
        '--listen-host',
        '127.0.0.1',
        '--rpc-port',
        '0',
        '--dns-seed',
        'none',
      ],
      {
        stdio: ['ignore', 'ignore', openSync(journal, 'a')],
        env: { PATH: process.env.PATH, HOME: root, JOURNAL_STREAM: `${dev}:${ino}` },
      },
    );
    await until('the RPC', () => existsSync(join(dataDir, '.settings')));
    child.kill('SIGTERM');
    await once(child, 'exit');
    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
    assert.ok(lines.includes('<6>node: stopped  height 0'), lines.join('\n'));
    for (const line of lines) assert.match(line, /^<[2-7]>[a-z]+: ./);
    assert.ok(!existsSync(join(dataDir, 'indiecoin.log')));
  });
});
