/** Runs an action again and again, never twice at once, until the signal. The pause is varied by a quarter either way. */
export function repeat(options: {
  signal: AbortSignal;
  everyMs: number;
  action: () => Promise<void> | void;
  /** The action failed, which is a fault of ours; it goes on all the same. */
  onError: (error: unknown) => void;
}): void {
  const { signal, everyMs, action, onError } = options;
  const loop = async () => {
    while (!signal.aborted) {
      await sleep(everyMs * (0.75 + Math.random() / 2), signal);
      if (signal.aborted) return;
      try {
        await action();
      } catch (error) {
        onError(error);
      }
    }
  };
  void loop();
}

/** Resolves after the time, or at the signal. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
  });
}
