// Loaded into a node by `--import`: notes every 25 ms what the process has cost so far, and writes it down at its end.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** What a node noted of itself. */
export type Sample = Readonly<{
  /** Since 1970. */
  atMs: number;
  cpuSeconds: number;
  peakMb: number;
  /** The longest that the event loop served nothing since the sample before. */
  stallMs: number;
}>;

const EVERY_MS = 25;
/** The file to write. */
const path = process.env.BENCH_PROBE;

if (isMainThread && path !== undefined) {
  const samples: Sample[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const note = () => {
    const { user, system } = process.cpuUsage();
    samples.push({
      atMs: Date.now(),
      cpuSeconds: (user + system) / 1e6,
      peakMb: process.resourceUsage().maxRSS / 1000,
      stallMs: delay.max / 1e6,
    });
    delay.reset();
  };
  setInterval(note, EVERY_MS).unref();
  process.on('exit', () => {
    note();
    writeFileSync(path, JSON.stringify(samples));
  });
}
