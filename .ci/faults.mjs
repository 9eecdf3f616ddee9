// Runs the tests of crashes, full disks and damaged files with many more cases than `npm test` does:
//   npm run test:faults -- [--seed N] [--kills 200] [--damages 500] [--full-disks 50] [parts of file names]
// A run is thrown by a seed, which it prints and takes.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kills: { type: 'string', default: '200' },
    damages: { type: 'string', default: '500' },
    'full-disks': { type: 'string', default: '50' },
  },
});
console.error(`IndieCoin: faults with seed ${values.seed}`);
const startedMs = performance.now();
const picked = positionals.length > 0 ? positionals.map((part) => `faults/${part}`) : ['faults/'];
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '.ci/test.mjs', ...picked], {
  stdio: 'inherit',
  env: {
    ...process.env,
    INDIECOIN_TEST_TIMEOUT_MS: '3600000',
    INDIECOIN_TEST_SEED: values.seed,
    INDIECOIN_TEST_KILLS: values.kills,
    INDIECOIN_TEST_DAMAGES: values.damages,
    INDIECOIN_TEST_FULL_DISKS: values['full-disks'],
  },
});
const seconds = Math.round((performance.now() - startedMs) / 1000);
console.error(`IndieCoin: ${status === 0 ? 'passed' : 'FAILED'} with seed ${values.seed} in ${seconds} s`);
process.exit(status ?? 1);
