import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PHASE = fileURLToPath(new URL('./chainPhase.js', import.meta.url));

/** Runs a part of the benchmark in a process of its own (see chainPhase.ts) and returns what it prints. */
export async function inOwnProcess<Result>(name: string, task: object): Promise<Result> {
  const child = spawn(process.execPath, [PHASE, name, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`${name} ended with ${child.exitCode}`);
  return JSON.parse(output) as Result;
}
