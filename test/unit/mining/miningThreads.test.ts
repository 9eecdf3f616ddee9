import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MiningThreads } from '../../../src/mining/miningThreads.ts';
import type { MiningResult } from '../../../src/mining/miningWorker.ts';

/** Between two looks at whether the work is still wanted. */
const SLICE = 4096;
const IMPOSSIBLE = new Uint8Array(32);
const ANY = new Uint8Array(32).fill(0xff);

type Given = { threads: MiningThreads; results: [index: number, result: MiningResult][] };

async function withThreads(count: number, run: (given: Given) => Promise<void>): Promise<void> {
  const results: Given['results'] = [];
  const threads = new MiningThreads(
    count,
    (...result) => results.push(result),
    (error) => assert.fail(error),
  );
  try {
    await run({ threads, results });
  } finally {
    await threads.close();
  }
}

/** Waits until each thread has hashed. */
async function underWay({ threads }: Given, count: number): Promise<void> {
  for (let i = 0; i < count; i++) threads.assign(i, new Uint8Array(80).fill(i), IMPOSSIBLE);
  while (threads.hashes < 200 * SLICE) await sleep(5);
}

test('an interruption ends the work of every thread with the slice it is in', async () => {
  await withThreads(2, async (given) => {
    const { threads, results } = given;
    await underWay(given, 2);
    threads.interrupt();
    const atOnce = threads.hashes;
    await sleep(20);
    const later = threads.hashes;
    assert.ok(later - atOnce <= 2 * SLICE, `${later - atOnce} hashes more`);
    await sleep(50);
    assert.equal(threads.hashes, later);
    assert.deepEqual(results, []);
  });
});

test('a slice takes far less than the 20 ms in which old work has to end', async () => {
  await withThreads(1, async (given) => {
    await underWay(given, 1);
    const before = given.threads.hashes;
    const startMs = performance.now();
    await sleep(300);
    const slices = (given.threads.hashes - before) / SLICE;
    // A thread that gets a third of a processor, on a machine a third as fast as this one, is still in time.
    assert.ok((performance.now() - startMs) / slices < 20);
  });
});

test('after an interruption the threads take up new work', async () => {
  await withThreads(2, async (given) => {
    const { threads, results } = given;
    await underWay(given, 2);
    threads.interrupt();
    for (let i = 0; i < 2; i++) threads.assign(i, new Uint8Array(80), ANY);
    while (results.length < 2) await sleep(5);
    assert.deepEqual(
      results.map(([, result]) => result),
      [0, 0].map((nonce) => ({ generation: threads.generation, nonce })),
    );
    assert.deepEqual(results.map(([index]) => index).sort(), [0, 1]);
  });
});

test('on Linux the threads give way to all others, and only they', async (t) => {
  if (process.platform !== 'linux') return t.skip('one priority for the whole process');
  await withThreads(2, async (given) => {
    await underWay(given, 2);
    const byThread = readdirSync('/proc/self/task').map(niceOf);
    assert.equal(byThread.filter((nice) => nice === 19).length, 2);
    assert.equal(niceOf(String(process.pid)), 0);
  });
});

/** How far a thread stands back: 0 is usual, 19 is the most. */
function niceOf(threadId: string): number {
  const stat = readFileSync(`/proc/self/task/${threadId}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}
