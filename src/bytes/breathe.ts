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
