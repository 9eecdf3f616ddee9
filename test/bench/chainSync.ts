import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeProcess } from '../support/nodeProcess.ts';
import type { Stretch } from './chainWorkload.ts';
import type { Cost } from './cost.ts';
import type { Sample } from './probe.ts';

const PROBE = new URL('./probe.js', import.meta.url).href;
const POLL_MS = 20;

/** What the receiver spent on a stretch; blocks and inputs are those between the commits that its clock began and ended with. */
export type SyncedStretch = Readonly<{ name: string; inputs: number; blocks: number; cost: Cost }>;

type Reached = Readonly<{ atMs: number; height: number }>;

/** Lets a new node fetch the chain of another one, both in processes of their own. */
export async function syncOverLoopback(
  servedDir: string,
  dataDir: string,
  stretches: readonly Stretch[],
): Promise<SyncedStretch[]> {
  const probeFile = `${dataDir}.json`;
  const server = await NodeProcess.start({ dataDir: servedDir });
  const address = await server.listenAddress();
  const client = await NodeProcess.start({
    dataDir,
    seeds: [address],
    preload: PROBE,
    env: { BENCH_PROBE: probeFile },
  });
  const total = stretches.at(-1)!.upTo;
  const reached: Reached[] = [];
  for (let height = 0; height < total; await sleep(POLL_MS)) {
    height = await client.height();
    if (height !== (reached.at(-1)?.height ?? 0)) reached.push({ atMs: Date.now(), height });
  }
  await client.stop();
  await server.stop();
  const samples = JSON.parse(readFileSync(probeFile, 'utf8')) as Sample[];
  let from = 0;
  return stretches.flatMap((stretch) => {
    const found = measure(stretch, from, reached, samples);
    from = stretch.upTo;
    return stretch.inputs > 0 && stretch.inputs < 1000 ? [] : [found];
  });
}

/** A commit brings many blocks at once, so a stretch is measured from the first commit in it to the last. */
function measure(
  { name, upTo, inputs }: Stretch,
  from: number,
  reached: readonly Reached[],
  samples: readonly Sample[],
): SyncedStretch {
  const first = reached.find(({ height }) => height >= Math.max(1, from))!;
  const last = reached.findLast(({ height }) => height <= upTo)!;
  const blocks = Math.max(1, last.height - first.height);
  const during = samples.filter(({ atMs }) => atMs >= first.atMs && atMs <= last.atMs + POLL_MS);
  const cost = {
    seconds: (last.atMs - first.atMs) / 1000,
    cpuSeconds: (during.at(-1)?.cpuSeconds ?? 0) - (during[0]?.cpuSeconds ?? 0),
    peakMb: during.at(-1)?.peakMb ?? 0,
    stallMs: Math.max(0, ...during.map(({ stallMs }) => stallMs)),
  };
  return { name, inputs: (inputs * blocks) / (upTo - from), blocks, cost };
}
