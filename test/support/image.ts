import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Makes the file system that a Dockerfile describes, as far as it is made of files of a repository: a folder for each
 * stage, with what its COPY lines take and with what its `npm run` lines make of that. `npm ci` links the packages that the
 * repository has. All else that is run is left out.
 * @returns the root folder of the last stage
 */
export function layOutImage(repository: string, dockerfile: string, folder: string): string {
  const context = join(folder, 'context');
  sendContext(repository, `${dockerfile}.dockerignore`, context);
  const stages = new Map<string, string>();
  let root = '';
  let cwd = '';
  for (const [word, ...rest] of instructionsOf(dockerfile)) {
    if (word === 'FROM') {
      root = join(folder, `stage${stages.size}`);
      stages.set(rest[2] ?? '', root);
    } else if (word === 'WORKDIR') {
      cwd = join(root, rest[0]!);
      mkdirSync(cwd, { recursive: true });
    } else if (word === 'COPY') {
      const stage = /^--from=(.*)$/.exec(rest[0]!)?.[1];
      if (stage === undefined) copy(context, rest, cwd);
      else copy(stages.get(stage)!, rest.slice(1), cwd);
    } else if (word === 'RUN' && rest[0] === 'npm') {
      if (rest[1] === 'ci') linkPackages(repository, cwd, rest.includes('--omit=dev'));
      else execFileSync('npm', rest.slice(1), { cwd, stdio: 'pipe' });
    }
  }
  return root;
}

/** The words of each, continued lines put together. */
function instructionsOf(dockerfile: string): string[][] {
  const text = readFileSync(dockerfile, 'utf8')
    .replace(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ');
  return text.split('\n').map((line) => line.trim().split(/\s+/));
}

/** What the builder is given: nothing but what the list of ignored names excepts. */
function sendContext(repository: string, ignoreFile: string, context: string): void {
  const lines = readFileSync(ignoreFile, 'utf8').split('\n');
  if (!lines.includes('*')) throw new Error(`${ignoreFile} does not ignore everything`);
  for (const line of lines.filter((one) => one.startsWith('!')))
    for (const name of expand(repository, line.slice(1)))
      cpSync(join(repository, name), join(context, name), { recursive: true });
}

/** As COPY does: of a folder what is in it; a file under its own name into a target that ends with a slash. */
function copy(from: string, words: readonly string[], cwd: string): void {
  const target = words.at(-1)!;
  for (const name of words.slice(0, -1).flatMap((one) => expand(from, one))) {
    const isInto = target.endsWith('/') && !statSync(join(from, name)).isDirectory();
    cpSync(join(from, name), join(cwd, target, isInto ? basename(name) : ''), { recursive: true });
  }
}

/** The files that `folder/*.ext` stands for; another name is itself. */
function expand(root: string, name: string): string[] {
  if (!name.includes('*')) return [name];
  const [start = '', end = ''] = basename(name).split('*');
  const names = readdirSync(join(root, dirname(name)));
  return names
    .filter((one) => one.startsWith(start) && one.endsWith(end))
    .map((one) => join(dirname(name), one));
}

/** All packages of the lock file, or only those that the program has at run time. */
function linkPackages(repository: string, cwd: string, isWithoutDev: boolean): void {
  const lock = JSON.parse(readFileSync(join(cwd, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const folder = join(cwd, 'node_modules');
  mkdirSync(folder);
  if (!isWithoutDev) link(join(repository, 'node_modules', '.bin'), join(folder, '.bin'));
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || (isWithoutDev && dev)) continue;
    link(join(repository, path), join(cwd, path));
  }
}

function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to, 'junction');
}
