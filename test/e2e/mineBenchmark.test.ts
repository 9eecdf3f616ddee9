import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { withFolder } from '../support/chains.ts';
import { MAIN } from '../support/nodeProcess.ts';

function benchmark(nodeFlags: readonly string[], words: readonly string[], home: string): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeFlags, MAIN, 'mine', 'benchmark', ...words],
    { encoding: 'utf8', timeout: 60_000, env: { PATH: process.env.PATH, HOME: home } },
  );
  assert.equal(status, 0, stderr);
  return stdout;
}

test('the speed of this machine is measured without a node, and leaves nothing behind', async () => {
  await withFolder(async (folder) => {
    const fast = JSON.parse(benchmark([], ['--threads', '1', '--json'], folder)) as Record<string, unknown>;
    assert.deepEqual(Object.keys(fast).sort(), ['hashesPerSecond', 'kernel', 'threads']);
    assert.equal(fast.threads, 1);
    assert.equal(fast.kernel, 'simd');
    if (process.arch !== 'x64') return;
    // V8 without the instructions that its SIMD needs is as good as a processor without them.
    const plain = benchmark(['--no-enable-sse4-1'], ['--threads', '1', '--json'], folder);
    const slow = JSON.parse(plain) as Record<string, unknown>;
    assert.equal(slow.kernel, 'plain');
    for (const { hashesPerSecond } of [fast, slow]) assert.ok(Number(hashesPerSecond) > 0);
  });
});
