// Runs the tests of separate hosts (network namespaces: root on Linux) larger and longer than `npm test` does:
//   npm run test:hosts -- [--hosts 12] [--partition-seconds 300] [--cable-seconds 600] [--sleep-seconds 180]
//                         [--seeds-down-seconds 180] [parts of file names]
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hosts: { type: 'string', default: '12' },
    'partition-seconds': { type: 'string', default: '300' },
    'cable-seconds': { type: 'string', default: '600' },
    'sleep-seconds': { type: 'string', default: '180' },
    'seeds-down-seconds': { type: 'string', default: '180' },
  },
});
if (!(Number(values.hosts) >= 4 && Number(values.hosts) <= 90)) {
  console.error('--hosts takes 4 to 90');
  process.exit(2);
}
const startedMs = performance.now();
const picked = positionals.length > 0 ? positionals.map((part) => `hosts/${part}`) : ['test/hosts/'];
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '.ci/test.mjs', ...picked], {
  stdio: 'inherit',
  env: {
    ...process.env,
    INDIECOIN_TEST_TIMEOUT_MS: '3600000',
    INDIECOIN_TEST_TIMES: '1',
    INDIECOIN_TEST_HOSTS: values.hosts,
    INDIECOIN_TEST_PARTITION_SECONDS: values['partition-seconds'],
    INDIECOIN_TEST_CABLE_SECONDS: values['cable-seconds'],
    INDIECOIN_TEST_SLEEP_SECONDS: values['sleep-seconds'],
    INDIECOIN_TEST_SEEDS_DOWN_SECONDS: values['seeds-down-seconds'],
  },
});
const seconds = Math.round((performance.now() - startedMs) / 1000);
console.error(`IndieCoin: ${status === 0 ? 'passed' : 'FAILED'} with ${values.hosts} hosts in ${seconds} s`);
process.exit(status ?? 1);
