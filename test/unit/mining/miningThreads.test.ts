import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MiningThreads } from '../../../src/mining/miningThreads.ts';
import type { MiningResult } from '../../../src/mining/miningWorker.ts';
import { until } from '../../support/nodeProcess.ts';

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

/** Waits until each thread has found something and hashes at what has no end. */
async function underWay({ threads, results }: Given, count: number): Promise<void> {
  for (let i = 0; i < count; i++) threads.assign(i, new Uint8Array(80), ANY);
  await until('each thread has started', () => results.length === count);
  results.length = 0;
  for (let i = 0; i < count; i++) threads.assign(i, new Uint8Array(80).fill(i), IMPOSSIBLE);
  await hashed(threads, 200 * SLICE);
}

async function hashed(threads: MiningThreads, atLeast: number): Promise<void> {
  await until(`${atLeast} hashes`, () => threads.hashes >= atLeast);
}

test('an interruption ends the work of every thread with the slice it is in', async () => {
  await withThreads(2, async (given) => {
    const { threads, results } = given;
    await underWay(given, 2);
    threads.interrupt();
    const atOnce = threads.hashes;
    // Who says something to this is done with what was before.
    for (let i = 0; i < 2; i++) threads.assign(i, new Uint8Array(80), ANY);
    await until('both are done with it', () => results.length >= 2);
    const later = threads.hashes - 2;
    assert.ok(later - atOnce <= 2 * SLICE, `${later - atOnce} hashes more`);
    const { generation } = threads;
    assert.deepEqual(results.map(([index]) => index).sort(), [0, 1]);
    for (const [, result] of results) assert.deepEqual(result, { generation, nonce: 0 });
    await sleep(50);
    assert.equal(threads.hashes, later + 2);
  });
});

test('a slice takes far less than the 20 ms in which old work has to end', async () => {
  await withThreads(1, async (given) => {
    const { threads } = given;
    await underWay(given, 1);
    const before = threads.hashes;
    const cpu = process.cpuUsage();
    await hashed(threads, before + 100 * SLICE);
    // Time of the processor: however long others had it in between.
    const { user, system } = process.cpuUsage(cpu);
    const sliceMs = (user + system) / 1000 / ((threads.hashes - before) / SLICE);
    assert.ok(sliceMs < 10, `${sliceMs} ms`);
  });
});

test('after an interruption the threads take up new work', async () => {
  await withThreads(2, async (given) => {
    const { threads, results } = given;
    await underWay(given, 2);
    threads.interrupt();
    for (let i = 0; i < 2; i++) threads.assign(i, new Uint8Array(80), ANY);
    await until('both found something', () => results.length >= 2);
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
