import { setTimeout as sleep } from 'node:timers/promises';

/** Does something over and over, with a pause after each time, until it is stopped. The first error is thrown by `stop`. */
export function repeatedly(pauseMs: number, action: () => Promise<void>): { stop(): Promise<void> } {
  let isOver = false;
  const going = (async () => {
    while (!isOver) {
      await action();
      await sleep(pauseMs);
    }
  })();
  // Looked at by `stop`; until then it is nobody's.
  going.catch(() => undefined);
  return {
    stop: () => {
      isOver = true;
      return going;
    },
  };
}
