// Installs the dependencies and builds, each only when it is missing or stale. Plain Node and nothing
// else, because on a fresh clone there is nothing else. With --quiet it speaks only when it has work to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `npm start` and `npx indiecoin` run. */
const PROGRAM = join('dist', 'bundle', 'program', 'main.js');
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  console.error(`IndieCoin needs Node.js 20.20 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

function run(what, command, args) {
  console.error(`IndieCoin: ${what}…`);
  const result = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (result.status === 0) return;
  console.error(result.stdout ?? '', result.stderr ?? '', result.error ?? '');
  console.error(`IndieCoin: ${what} failed (${command} ${args.join(' ')}).`);
  process.exit(1);
}

function isCurrent(stamp, fingerprint) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint;
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
const installStamp = join('node_modules', '.indiecoin-installed');
if (!isCurrent(installStamp, lock)) {
  // No install scripts: the two native addons come prebuilt inside their packages, and nothing else needs one.
  run('installing the dependencies (once, about half a minute)', 'npm', [
    'ci',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
  ]);
  writeFileSync(installStamp, lock);
}

const build = createHash('sha256').update(lock).update(readFileSync('tsconfig.json'));
for (const folder of ['src', 'protocols', 'bootstrap', 'test']) {
  for (const path of [...sources(folder)].sort()) {
    const { mtimeMs, size } = statSync(path);
    build.update(`${path} ${mtimeMs} ${size}\n`);
  }
}
for (const script of ['bundle.mjs', 'kernel.mjs']) build.update(readFileSync(join('.ci', script)));
const fingerprint = build.digest('hex');
const buildStamp = join('dist', '.indiecoin-built');
if (!isCurrent(buildStamp, fingerprint)) {
  // From nothing, so that the output of a file that is gone cannot be imported or tested by accident.
  rmSync('dist', { recursive: true, force: true });
  run('building', process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc')]);
  run('putting the program together', process.execPath, [join('.ci', 'bundle.mjs')]);
  writeFileSync(buildStamp, fingerprint);
}
// npm links only the programs of dependencies. Without a link of its own, `npx indiecoin` would install this folder into
// npm's cache first, for which it asks the network.
const link = join('node_modules', '.bin', 'indiecoin');
if (process.platform !== 'win32' && !existsSync(link)) {
  rmSync(link, { force: true });
  symlinkSync(join('..', '..', PROGRAM), link);
}
if (!process.argv.includes('--quiet')) console.error('IndieCoin: installed and built.');
