import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/**
 * Network namespaces of this process: `ip netns` makes them, and they are named `indiecoin-<pid>-…`, so that what a run
 * that was killed has left behind can be told from what a living one uses.
 */
const PREFIX = 'indiecoin';
const NAMESPACES = '/run/netns';

const made = new Set<string>();
let isWatchingForTheEnd = false;
let serial = 0;

/** Why hosts cannot be made here, in a sentence; undefined when they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux alone';
  const found = spawnSync('ip', ['-V']);
  if (found.error) return 'the program `ip` is not here (Debian: apt-get install iproute2)';
  const probe = `${PREFIX}-${process.pid}-probe`;
  const added = spawnSync('ip', ['netns', 'add', probe], { encoding: 'utf8' });
  if (added.status !== 0) return `network namespaces are not allowed here: ${added.stderr.trim()}`;
  const link = ['-n', probe, 'link', 'add', 'probe0', 'type', 'veth', 'peer', 'name', 'probe1'];
  const paired = spawnSync('ip', link, { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'del', probe]);
  return paired.status === 0 ? undefined : `veth pairs are not allowed here: ${paired.stderr.trim()}`;
}

/** A new namespace with nothing in it but a loopback interface that is up. It is gone with this process at the latest. */
export function addNamespace(name: string): string {
  watchForTheEnd();
  const whole = `${PREFIX}-${process.pid}-${serial++}-${name}`;
  made.add(whole);
  run('ip', ['netns', 'add', whole]);
  ip(whole, ['link set lo up']);
  return whole;
}

/** Ends what still runs in the namespace, and removes it with all its interfaces. */
export function removeNamespace(name: string): void {
  for (const pid of pidsIn(name)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  spawnSync('ip', ['netns', 'del', name]);
  made.delete(name);
}

/** Runs lines of `ip` inside a namespace. @throws Error with what `ip` said */
export function ip(namespace: string, lines: readonly string[]): void {
  run('ip', ['-n', namespace, '-batch', '-'], lines.join('\n'));
}

/** What a command inside a namespace prints. @throws Error with what it said */
export function inNamespace(namespace: string, words: readonly string[]): string {
  return run('ip', ['netns', 'exec', namespace, ...words]);
}

/** What `ip -json` prints inside a namespace. */
export function ipJson<Result>(namespace: string, words: readonly string[]): Result {
  return JSON.parse(run('ip', ['-n', namespace, '-json', ...words])) as Result;
}

/** Removes what processes of ours that are gone have left behind. */
export function removeLeftovers(): void {
  for (const name of namespaces()) {
    const pid = Number(new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) removeNamespace(name);
  }
}

function run(program: string, words: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { input, encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${program} ${words.join(' ')} ${input}: ${error?.message ?? stderr.trim()}`);
}

function pidsIn(namespace: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').map(Number).filter(Boolean);
}

function namespaces(): string[] {
  try {
    return readdirSync(NAMESPACES);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A namespace outlives the process that made it: however this one ends, it takes them along. */
function watchForTheEnd(): void {
  if (isWatchingForTheEnd) return;
  isWatchingForTheEnd = true;
  process.once('exit', () => {
    for (const name of made) removeNamespace(name);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(1));
  }
}
