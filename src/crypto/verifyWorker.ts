// The thread behind VerifyPool: takes one batch of checks a message and answers with the places of those that fail;
// null ends it.
import { parentPort, workerData } from 'node:worker_threads';
import { decodeCheckBatch, passesCheck } from './checkBatch.ts';
import { loadVerifyEngine, type VerifyEngineName } from './verifyEngine.ts';

/** What the pool tells a worker at its birth, and what the worker says when it can take work. */
export type VerifyWorkerData = Readonly<{ engine: VerifyEngineName | undefined }>;
export type VerifyWorkerReady = Readonly<{ engine: VerifyEngineName }>;

const port = parentPort;
if (port === null) throw new Error('this module is the body of a worker thread');
const engine = await loadVerifyEngine((workerData as VerifyWorkerData).engine);

port.on('message', (batch: SharedArrayBuffer | null) => {
  // No more will come: with the port closed nothing keeps the thread.
  if (batch === null) {
    port.close();
    return;
  }
  const failing: number[] = [];
  for (const [index, check] of decodeCheckBatch(batch).entries()) {
    if (!passesCheck(check, engine)) failing.push(index);
  }
  port.postMessage(failing);
});
port.postMessage({ engine: engine.name } satisfies VerifyWorkerReady);
