// Installs the dependencies and builds, each only when it is missing or stale. Plain Node and nothing
// else, because on a fresh clone there is nothing else. With --quiet it speaks only when it has work to do.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `npm start` and `npx indiecoin` run. */
const PROGRAM = join('dist', 'bundle', 'program', 'main.js');
/** By then most machines are done. */
const TELL_OF_WAIT_MS = 45_000;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  console.error(`IndieCoin needs Node.js 20.20 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/** What the command writes is shown only when it fails. @param waitsFor what it needs that may be missing, as a sentence */
async function run(what, command, args, waitsFor = 'It may take minutes on a slow machine.') {
  console.error(`IndieCoin: ${what}…`);
  const startedMs = performance.now();
  const telling = setInterval(() => {
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    console.error(`IndieCoin: still ${what.replace(/ \(.*/, '')} after ${seconds} s. ${waitsFor}`);
  }, TELL_OF_WAIT_MS);
  const written = [];
  const error = await new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => written.push(bytes));
    child.on('error', resolve);
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : `It ended with ${signal ?? code}.`));
  });
  clearInterval(telling);
  if (error === undefined) return;
  console.error(`${Buffer.concat(written)}${error}`);
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
  await run(
    'installing the dependencies (once, about half a minute)',
    'npm',
    ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'],
    `npm fetches packages from ${process.env.npm_config_registry ?? 'its registry'}: without a way there it gives up after some minutes. Ctrl-C ends the wait.`,
  );
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
  await run('building', process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc')]);
  await run('putting the program together', process.execPath, [join('.ci', 'bundle.mjs')]);
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
