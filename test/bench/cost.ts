import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What some work cost. */
export type Cost = Readonly<{
  seconds: number;
  /** Of all threads. */
  cpuSeconds: number;
  /** Of the process so far. */
  peakMb: number;
  /** The longest that the event loop served nothing. */
  stallMs: number;
}>;

export async function costOf(work: () => Promise<void>): Promise<Cost> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  const start = performance.now();
  delay.enable();
  await work();
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  return {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMb: peakMb(),
    stallMs: delay.max / 1e6,
  };
}

export function peakMb(): number {
  return process.resourceUsage().maxRSS / 1000;
}

/** One line: `import, full     7.84 s   13.4k inputs/s  cpu 13.23 s   538 MB  stall 193 ms`. */
export function costLine(name: string, cost: Cost, work: { inputs: number; blocks: number }): string {
  const { seconds, cpuSeconds, peakMb: mb, stallMs } = cost;
  const rates = [
    work.inputs > 0 ? `${rate(work.inputs / seconds)} inputs/s` : '',
    `${rate(work.blocks / seconds)} blocks/s`,
  ];
  return [
    name.padEnd(38),
    `${seconds.toFixed(2)} s`.padStart(8),
    ...rates.map((text) => text.padStart(16)),
    `cpu ${cpuSeconds.toFixed(2)} s`.padStart(13),
    `peak ${mb.toFixed(0)} MB`.padStart(13),
    `stall ${stallMs.toFixed(0)} ms`.padStart(14),
  ].join('');
}

export function rate(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)}k` : value.toFixed(value < 100 ? 1 : 0);
}
