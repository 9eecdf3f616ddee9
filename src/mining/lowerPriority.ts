import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * Lets the thread that calls this run only when nobody else wants the processor, and returns whether that could be done:
 * Linux has a priority for each thread, and its setpriority(2) takes a thread's id where others take a process's.
 */
export function lowerThreadPriority(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const threadId = Number(basename(readlinkSync('/proc/thread-self')));
    setPriority(threadId, constants.priority.PRIORITY_LOW);
    return true;
  } catch {
    // No /proc in this container.
    return false;
  }
}
