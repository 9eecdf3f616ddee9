import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InTerminal, noTerminal } from '../support/inTerminal.ts';
import { NodeProcess, runCli, until } from '../support/nodeProcess.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-terminal-'));
let seed: NodeProcess;
let folders = 0;

const BLOCKS = 1500;
const ESCAPE = '\x1b';
const LEAVE = '\x1b[?25h\x1b[?1049l';

before(async () => {
  seed = await NodeProcess.start({ dataDir: join(root, 'seed') });
  const { address } = await seed.rpc<{ address: string }>('walletaddress');
  await seed.rpc('generatetoaddress', BLOCKS, address);
});

after(async () => {
  await seed.stop();
  rmSync(root, { recursive: true, force: true });
});

function newFolder(): string {
  return join(root, `node-${folders++}`);
}

async function nodeArgs(dataDir: string): Promise<string[]> {
  const doors = ['--listen-host', '127.0.0.1', '--rpc-port', '0'];
  const joins = ['--dns-seed', 'none', '--dns-seed', await seed.listenAddress()];
  return ['node', '--network', 'regtest', '--data-dir', dataDir, ...doors, ...joins];
}

const seedFlags = () => ['--network', 'regtest', '--data-dir', seed.dataDir];

describe('a node in a terminal', { skip: noTerminal }, () => {
  it('explains itself in five lines at its first start only, and redraws one line while it syncs', async () => {
    const dataDir = newFolder();
    const args = await nodeArgs(dataDir);
    const first = new InTerminal(args, { columns: 200 });
    try {
      await first.shows(/joined, up to date/);
      first.type('\x03');
      assert.equal(await first.ended(), 0);
    } finally {
      await first.end();
    }
    const lines = first.output.split('\r\n');
    assert.match(lines[0]!, /^Welcome to IndieCoin .* regtest/);
    assert.ok(lines[1]!.includes(dataDir), lines[1]);
    assert.match(lines[2]!, /reads and checks the whole chain/);
    assert.match(lines[3]!, /`indiecoin status --network regtest --data-dir .*Ctrl-C/);
    assert.match(
      lines[4]!,
      /`indiecoin wallet address --network regtest --data-dir [^`]+`.*`indiecoin --help`/,
    );
    assert.match(lines[5]!, /reading the chain|Looking for peers|Asking/);
    assert.ok(first.output.includes('\r\x1b[K'), 'a line that is redrawn');
    const log = readFileSync(join(dataDir, 'indiecoin.log'), 'utf8');
    assert.doesNotMatch(log, /Welcome/);
    assert.match(log, /INFO node: joined, up to date {2}height 1500/);

    const second = new InTerminal(args);
    try {
      await second.shows(/joined, up to date/);
      second.type('\x03');
      assert.equal(await second.ended(), 0);
    } finally {
      await second.end();
    }
    assert.doesNotMatch(second.output, /Welcome/);
    assert.match(second.output, /^.*IndieCoin .* on regtest/);
  });

  it('keeps its redrawn line within 80 and within 40 columns, and leaves none behind', async () => {
    for (const columns of [80, 40]) {
      const node = new InTerminal(await nodeArgs(newFolder()), { columns });
      try {
        await node.shows(/joined, up to date/);
        node.type('\x03');
        assert.equal(await node.ended(), 0);
      } finally {
        await node.end();
      }
      const live = node.segments.filter((one) => /^(Syncing|Headers|Looking|Asking)/.test(one));
      assert.ok(live.length > 0, node.output);
      for (const line of live) assert.ok([...line].length < columns, line);
      assert.match(node.segments.filter((one) => one !== '').at(-1)!, /stopped {2}height 1500$/);
      const intro = node.segments.slice(
        0,
        node.segments.findIndex((one) => /reading|Looking/.test(one)),
      );
      for (const line of intro)
        assert.ok(line.length <= columns || !line.includes(' '), `${columns}: ${line}`);
    }
  });

  it('has no colours with NO_COLOR, and moves no cursor of a dumb terminal', async () => {
    const plain = new InTerminal(['status', ...seedFlags()], { env: { NO_COLOR: '1' } });
    assert.equal(await plain.ended(), 0);
    assert.ok(!plain.output.includes(ESCAPE), plain.output);
    const colored = new InTerminal(['status', ...seedFlags()]);
    assert.equal(await colored.ended(), 0);
    assert.ok(colored.output.includes(`${ESCAPE}[3`), colored.output);

    const dumb = new InTerminal(await nodeArgs(newFolder()), { env: { TERM: 'dumb' } });
    try {
      await dumb.shows(/joined, up to date/);
    } finally {
      await dumb.end();
    }
    assert.ok(!dumb.output.includes(ESCAPE), JSON.stringify(dumb.output));
  });
});

describe('status in a terminal', { skip: noTerminal }, () => {
  it('fits one screen of 80 by 24, and answers first', async () => {
    const status = new InTerminal(['status', ...seedFlags()], { env: { NO_COLOR: '1' } });
    assert.equal(await status.ended(), 0);
    const lines = status.output.trimEnd().split('\r\n');
    assert.match(lines[0]!, /^(Running: up to date|Alone: all peers are lost,) at height 1,500/);
    assert.ok(lines.length < 24);
    for (const line of lines) assert.ok(line.length <= 80, line);
  });

  it('watches on the other screen, waits for a node that went, and gives the terminal back', async () => {
    const dataDir = newFolder();
    let node = await NodeProcess.start({ dataDir });
    const watch = new InTerminal(['status', '--watch', '--network', 'regtest', '--data-dir', dataDir]);
    try {
      await watch.shows(/Looking for peers, at height 0/);
      assert.ok(watch.output.startsWith('\x1b[?1049h\x1b[?25l'), JSON.stringify(watch.output.slice(0, 80)));
      await node.stop();
      await watch.shows(/Waiting for the node: No node is running/);
      const before = watch.output.length;
      node = await node.restart();
      await until('the node is seen again', () => /Looking for peers/.test(watch.output.slice(before)));
      watch.type('q');
      assert.equal(await watch.ended(), 0);
    } finally {
      await watch.end();
      await node.stop();
    }
    assert.ok(watch.output.endsWith(LEAVE), JSON.stringify(watch.output.slice(-80)));
    for (const line of watch.segments) assert.ok([...line].length <= 80, line);
  });

  it('gives the terminal back after Ctrl-C too', async () => {
    const watch = new InTerminal(['status', '-w', ...seedFlags()]);
    await watch.shows(/q ends/);
    watch.type('\x03');
    assert.equal(await watch.ended(), 0);
    assert.ok(watch.output.endsWith(LEAVE), JSON.stringify(watch.output.slice(-80)));
  });

  it('is told as for any command when there is nothing to watch', async () => {
    const watch = new InTerminal(['status', '-w', '--network', 'regtest', '--data-dir', newFolder()]);
    assert.equal(await watch.ended(), 3);
    assert.match(
      watch.output.replaceAll('\r\n', ' '),
      /No node is running on .*indiecoin node --network regtest/,
    );
    assert.ok(!watch.output.includes(ESCAPE));
  });
});

describe('status --watch where nobody watches', () => {
  it('gives one JSON a line, also for a node that went', async () => {
    const dataDir = newFolder();
    const node = await NodeProcess.start({ dataDir });
    const line = ['status', '--watch', '--json', '--network', 'regtest', '--data-dir', dataDir];
    const toldIn = (stdout: string) => {
      const lines = stdout.trimEnd().split('\n');
      return lines.map((one) => JSON.parse(one) as { state?: string; error?: { exitCode: number } });
    };
    let stopping: Promise<unknown> | undefined;
    const { stdout } = await runCli(line, {
      isEnough: (soFar) => {
        const told = toldIn(soFar);
        if (told.filter(({ state }) => state === 'bootstrapping').length >= 2) stopping ??= node.stop();
        // What is asked of it while it ends may fail in another way.
        return told.at(-1)!.error?.exitCode === 3;
      },
    });
    assert.ok(stopping !== undefined, stdout);
    await stopping;
    assert.equal(toldIn(stdout.slice(0, stdout.lastIndexOf('\n'))).at(-1)!.error?.exitCode, 3);
  });

  it('gives one status after another as text, without escape sequences', async () => {
    const isEnough = (soFar: string) => soFar.split('peer id').length > 2;
    const { stdout } = await runCli(['status', '--watch', '--every', '1', ...seedFlags()], { isEnough });
    assert.ok(isEnough(stdout), stdout);
    assert.ok(!stdout.includes(ESCAPE));
  });
});
