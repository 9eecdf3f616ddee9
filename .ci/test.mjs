// Runs the compiled tests with node:test; arguments are parts of file names to pick some of them.
// The list is made here because Node 20 does not expand globs, and an empty one is an error.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';

const picked = process.argv.slice(2);
// For a file that hangs; on a machine that has much else to do the longest takes ten minutes.
const timeout = Number(process.env.INDIECOIN_TEST_TIMEOUT_MS ?? 1_200_000);
const files = readdirSync('dist/test', { recursive: true })
  .map((name) => join('dist/test', String(name)))
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => picked.length === 0 || picked.some((part) => name.includes(part)))
  .sort();
if (files.length === 0) {
  console.error('no test file matches');
  process.exit(1);
}

/** Which of the files have a test that failed, and the names of those tests. */
async function failuresOf(some, concurrency) {
  const failures = new Map();
  const events = run({ files: some.map((file) => join(process.cwd(), file)), concurrency, timeout });
  events.on('test:fail', ({ file, name }) => {
    const at = some.find((one) => stem(file ?? '').endsWith(stem(one))) ?? 'a file that is not known';
    failures.set(at, [...(failures.get(at) ?? []), name]);
  });
  const report = events.compose(new Spec());
  report.pipe(process.stdout, { end: false });
  await new Promise((resolve) => report.on('end', resolve));
  return failures;
}

/** The same for a file and its source, from which a source map may tell a failure. */
function stem(file) {
  return file
    .replaceAll('\\', '/')
    .replace(/^.*?(?=test\/)/, '')
    .replace(/\.[jt]s$/, '');
}

function throwsDice(file) {
  return /'fast-check'|faultSeed/.test(readFileSync(file, 'utf8'));
}

// Three at a time, though there may be two cores: many tests wait for clocks more than for the processor.
const failures = await failuresOf(files, 3);
// Of fifteen hundred tests, many of them of several processes and the clock, one may fail because the machine
// was busy with the others. When all were run, those files are run again by themselves, and both runs are told
// of. Where dice were thrown, other dice would prove nothing: those are not repeated.
const again =
  picked.length === 0 ? [...failures.keys()].filter((file) => files.includes(file) && !throwsDice(file)) : [];
const failed = [...failures.keys()].filter((file) => !again.includes(file));
if (again.length > 0 && again.length <= 5) {
  console.log(`\nOnce more, by itself: ${again.join(', ')}`);
  failed.push(...(await failuresOf(again, 1)).keys());
} else {
  failed.push(...again);
}
for (const [file, names] of failures) {
  const outcome = failed.includes(file) ? 'FAILED' : 'FAILED AMONG THE OTHERS, PASSED BY ITSELF';
  console.log(`${outcome}: ${file}: ${names.join('; ')}`);
}
process.exitCode = failed.length > 0 ? 1 : 0;
