import { setImmediate } from 'node:timers/promises';

/** How long the event loop may go without serving anything else. */
const HOLD_MS = 10;

let lastMs = 0;

/** Lets timers, sockets and signals have their turn if they have waited for long; costs nothing otherwise. */
export async function breathe(): Promise<void> {
  if (performance.now() - lastMs < HOLD_MS) return;
  await setImmediate();
  lastMs = performance.now();
}

/** Runs work that pauses now and then, letting others have their turn in its pauses. */
export async function inSlices<Result>(work: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await breathe();
  }
}

/** Runs the same work without a pause. */
export function inOneGo<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
