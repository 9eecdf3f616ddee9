import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashToHex } from '../../../src/bytes/hex.ts';
import { forkedHistory } from '../forkedHistory.ts';
import { MAIN, runCli } from '../nodeProcess.ts';
import { framedBlocks, writeBootstrapFile } from '../workload.ts';
import { type KillCount, type KillPlan, killUntil } from './killPlan.ts';
import { undisturbed } from './undisturbed.ts';

const BLOCKS = 500;
/** How long after the last bytes were handed over, at most. */
const MAX_DELAY_MS = 25;
const PIECE_BYTES = 4096;
const PAUSE_MS = 25;
const FEED_TIMEOUT_MS = 60_000;

/**
 * Kills an import of a history with reorganizations. It reads from a pipe that is filled bit by bit, so that it commits all
 * the time and a kill meets it at anything.
 */
export async function killImports({ folder, kills, random }: KillPlan): Promise<KillCount> {
  const { arrivals, best } = forkedHistory(BLOCKS, random);
  const expected = await undisturbed(join(folder, 'undisturbed'), arrivals);
  const bytes = framedBlocks(arrivals);
  const place = ['--network', 'regtest', '--data-dir', join(folder, 'data'), '--json'];
  const heights: number[] = [];
  const count = await killUntil(kills, async (n) => {
    // The first third fits into the pipe before the import has begun to read.
    const end = Math.floor((1 / 3 + ((2 / 3) * (n + random())) / kills) * bytes.length);
    const pipe = join(folder, `pipe-${heights.length}`);
    execFileSync('mkfifo', [pipe]);
    // Open for both, so that nobody waits for the other, and without an end before the kill.
    const handle = await open(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    const child = spawnImport(pipe, place);
    await feed(handle, bytes.subarray(0, end));
    await sleep(random() * MAX_DELAY_MS);
    const isRunning = child.exitCode === null;
    child.kill('SIGKILL');
    await once(child, 'exit');
    await handle.close();
    heights.push(await verify(place, heights));
    return isRunning;
  });
  assert.ok(heights.at(-1)! > 0, `nothing was ever committed: ${heights}`);
  const file = join(folder, 'blocks.dat');
  writeBootstrapFile(file, arrivals);
  const whole = await runCli(['chain', 'import', file, ...place]);
  assert.equal(whole.code, 0, `${whole.stderr}${whole.stdout}`);
  assert.equal(await verify(place, heights), best.length);
  const { tip, coinSetHash } = await undisturbed(join(folder, 'data'), []);
  assert.equal(tip, hashToHex(best.at(-1)!.header.hash), `heights after the kills: ${heights}`);
  assert.equal(coinSetHash, expected.coinSetHash);
  return count;
}

function spawnImport(file: string, place: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, 'chain', 'import', file, ...place], {
    stdio: 'ignore',
    // Nothing of the tests' own: the program refuses INDIECOIN_ variables that it does not know.
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
  });
}

/** Puts the bytes into the pipe, slower than the import takes them, so that it commits in between. */
async function feed(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  const deadline = Date.now() + FEED_TIMEOUT_MS;
  for (let at = 0; at < bytes.length; ) {
    if (Date.now() > deadline) throw new Error('the import does not read');
    try {
      at += (await handle.write(bytes.subarray(at, at + PIECE_BYTES))).bytesWritten;
    } catch (error) {
      // The pipe is full.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    await sleep(PAUSE_MS);
  }
}

/** Reads the whole database again; returns the height. The first kill may come before there is a database. */
async function verify(place: readonly string[], before: readonly number[]): Promise<number> {
  const { code, stdout, stderr } = await runCli(['chain', 'verify', ...place]);
  const mayBeMissing = before.every((height) => height === 0);
  if (mayBeMissing && code === 4 && stderr.includes('There is no chain')) return 0;
  assert.equal(code, 0, `the database is damaged: ${stderr}${stdout}`);
  return (JSON.parse(stdout) as { height: number }).height;
}
