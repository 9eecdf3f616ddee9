// Runs the compiled tests with node:test; arguments are parts of file names to pick some of them.
// The list is made here because Node 20 does not expand globs, and an empty one is an error.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const picked = process.argv.slice(2);
// For a file that hangs; on a machine that has much else to do the longest takes ten minutes.
const timeoutMs = process.env.INDIECOIN_TEST_TIMEOUT_MS ?? '1200000';
const files = readdirSync('dist/test', { recursive: true })
  .map((name) => join('dist/test', String(name)))
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => picked.length === 0 || picked.some((part) => name.includes(part)))
  .sort();
if (files.length === 0) {
  console.error('no test file matches');
  process.exit(1);
}
// Three at a time, though there may be two cores: many tests wait for clocks more than for the processor.
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-concurrency=3', `--test-timeout=${timeoutMs}`, ...files],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
