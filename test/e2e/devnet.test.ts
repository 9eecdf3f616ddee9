import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { withFolder } from '../support/chains.ts';
import { MAIN } from '../support/nodeProcess.ts';

type Event = { event: string; node?: string; by?: string; nodes?: number };

test('devnet shows a payment from beginning to end, and leaves nothing behind after Ctrl-C', async () => {
  await withFolder(async (folder) => {
    const child = spawn(process.execPath, [MAIN, 'devnet', '--nodes', '2', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder },
      timeout: 120_000,
      killSignal: 'SIGINT',
    });
    const events: Event[] = [];
    let inFolder = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line) as Event;
      events.push(event);
      if (event.event !== 'payment-confirmed') continue;
      inFolder = readdirSync(join(folder, readdirSync(folder)[0]!)).length;
      child.kill('SIGINT');
    }
    const [code] = child.exitCode === null ? ((await once(child, 'exit')) as [number]) : [child.exitCode];
    assert.equal(code, 0);
    assert.equal(inFolder, 3);
    assert.deepEqual(readdirSync(folder), []);
    const names = (kind: string) =>
      events.filter(({ event }) => event === kind).map(({ node, by }) => node ?? by);
    assert.deepEqual(names('joined').sort(), ['miner', 'peer-1', 'seed']);
    assert.ok(names('synced').includes('peer-1'));
    assert.deepEqual([...new Set(names('block'))], ['miner']);
    assert.deepEqual(names('payment-seen'), ['peer-1']);
    assert.equal(events.find(({ event }) => event === 'agreed')?.nodes, 3);
  });
});
