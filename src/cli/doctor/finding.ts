/** What one check has found. `skip`: there was nothing to check. */
export type Finding = Readonly<{
  check: string;
  verdict: 'ok' | 'warn' | 'fail' | 'skip';
  found: string;
  /** What to do about it. */
  advice?: string;
}>;

export function ok(check: string, found: string): Finding {
  return { check, verdict: 'ok', found };
}

export function skip(check: string, found: string): Finding {
  return { check, verdict: 'skip', found };
}

export function warn(check: string, found: string, advice?: string): Finding {
  return { check, verdict: 'warn', found, ...(advice && { advice }) };
}

export function fail(check: string, found: string, advice: string): Finding {
  return { check, verdict: 'fail', found, advice };
}
