import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from '../support/nodeProcess.ts';
import type { PaymentWorkload } from './mempoolWorkload.ts';

const SENDER = fileURLToPath(new URL('./gossipSender.js', import.meta.url));
const COUNTER = new URL('./gossipCounter.js', import.meta.url).href;
const PATIENCE_MS = 120_000;

/** Payments a second from one process to another by gossip, beside what the two carry when all is let through unseen. */
export async function measureGossip(workload: PaymentWorkload): Promise<void> {
  const [all, judged]: Result[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    all!.push(await measure(workload, true));
    judged!.push(await measure(workload, false));
  }
  const [bestOfAll, best] = [all!, judged!].map((results) => Math.max(...results.map(({ rate }) => rate)));
  console.log(`by gossip, all let through unseen: ${shown(all!)}`);
  console.log(`by gossip, into the mempool: ${shown(judged!)}, x${(best! / bestOfAll!).toFixed(2)}`);
}

const ROUNDS = 2;
/** Payments that are not counted, before the others. */
export const WARM = 5000;

/** Payments a second, and what each cost the receiver in CPU time, its workers included. */
type Result = Readonly<{ rate: number; cpuUs: number }>;

async function measure(workload: PaymentWorkload, acceptsAll: boolean): Promise<Result> {
  const { payments, file } = workload;
  const count = payments.length - WARM;
  const result = `${file}.${acceptsAll}.${Math.random()}.json`;
  const env = {
    BENCH_GOSSIP: result,
    BENCH_COUNT: String(count),
    BENCH_WARM: String(WARM),
    BENCH_PROFILE: process.env.BENCH_PROFILE ?? '',
    ...(acceptsAll && { BENCH_ACCEPT_ALL: '1' }),
  };
  const node = await workload.startNode({ preload: COUNTER, env });
  let sender: ChildProcess | undefined;
  try {
    const { addresses } = await node.rpc<{ addresses: string[] }>('status');
    sender = spawn(process.execPath, [SENDER, addresses[0]!, file, String(WARM)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await until('all payments', () => existsSync(result) && readFileSync(result, 'utf8') !== '', PATIENCE_MS);
    const { ms, cpuMs, verdicts } = JSON.parse(readFileSync(result, 'utf8'));
    if (verdicts.accept !== count) console.log(`verdicts: ${JSON.stringify(verdicts)}`);
    return { rate: (count / ms) * 1000, cpuUs: (cpuMs / count) * 1000 };
  } finally {
    if (sender?.exitCode === null) {
      sender.kill('SIGTERM');
      await once(sender, 'exit');
    }
    await node.stop();
  }
}

function shown(results: readonly Result[]): string {
  return results
    .map(({ rate, cpuUs }) => `${(rate / 1000).toFixed(2)}k/s (${Math.round(cpuUs)} µs of CPU each)`)
    .join(', ');
}
