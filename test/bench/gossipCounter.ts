// Loaded into a node by `--import`: writes down how long it took from the first gossiped payment to the last verdict, after
// BENCH_WARM of them that are not counted: a node that has just started still compiles itself. With
// BENCH_ACCEPT_ALL it lets everything through instead of asking the node; with BENCH_PROFILE it leaves a CPU profile of the
// main thread in that folder.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { isMainThread } from 'node:worker_threads';

type Validator = (...message: unknown[]) => Promise<string>;

const {
  BENCH_GOSSIP: path,
  BENCH_COUNT: count,
  BENCH_WARM: warm,
  BENCH_ACCEPT_ALL: acceptsAll,
  BENCH_PROFILE: profiles,
} = process.env;

if (isMainThread && path !== undefined) {
  const original = Map.prototype.set;
  // The one moment at which a validator can be got hold of is when the node hands it to gossipsub.
  Map.prototype.set = function set(this: Map<unknown, unknown>, key: unknown, value: unknown) {
    if (typeof key !== 'string' || !key.endsWith('/transactions/1') || typeof value !== 'function')
      return original.call(this, key, value);
    Map.prototype.set = original;
    return original.call(this, key, counted(value as Validator, path));
  };
}

function counted(validator: Validator, file: string): Validator {
  const verdicts: Record<string, number> = {};
  let started = 0;
  let cpuBefore = process.cpuUsage();
  let left = Number(count);
  let notCounted = Number(warm);
  let profiling: Promise<Session> | undefined;
  return async (...message) => {
    if (notCounted > 0) {
      notCounted--;
      return acceptsAll === '1' ? 'accept' : validator(...message);
    }
    if (started === 0) {
      started = performance.now();
      cpuBefore = process.cpuUsage();
      if (profiles) profiling = startProfile();
    }
    const verdict = acceptsAll === '1' ? 'accept' : await validator(...message);
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    if (--left === 0) {
      const { user, system } = process.cpuUsage(cpuBefore);
      const ms = performance.now() - started;
      writeFileSync(file, JSON.stringify({ ms, cpuMs: (user + system) / 1000, verdicts }));
      if (profiling) await endProfile(await profiling);
    }
    return verdict;
  };
}

async function startProfile(): Promise<Session> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  return session;
}

async function endProfile(session: Session): Promise<void> {
  const { profile } = await session.post('Profiler.stop');
  writeFileSync(`${profiles}/gossip.${process.pid}.cpuprofile`, JSON.stringify(profile));
}
