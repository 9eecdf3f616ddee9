/** Stratum's error codes, as every pool and miner knows them. */
export const STRATUM_ERROR = {
  other: 20,
  jobNotFound: 21,
  duplicateShare: 22,
  lowDifficulty: 23,
  unauthorized: 24,
  notSubscribed: 25,
} as const;

/** An answer that says no. */
export class StratumError extends Error {
  override readonly name = 'StratumError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type StratumRequest = Readonly<{ id: string | number | null; method: string; params: unknown[] }>;

/** Reads one line. @throws StratumError */
export function readRequest(line: string): StratumRequest {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    throw new StratumError(STRATUM_ERROR.other, 'Not JSON');
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw new StratumError(STRATUM_ERROR.other, 'Not a request');
  }
  const { id, method, params } = message as Record<string, unknown>;
  if (typeof method !== 'string') throw new StratumError(STRATUM_ERROR.other, 'No method');
  const isId = typeof id === 'string' || typeof id === 'number';
  return { id: isId ? id : null, method, params: Array.isArray(params) ? params : [] };
}

export function resultLine(id: StratumRequest['id'], result: unknown): string {
  return `${JSON.stringify({ id, result, error: null })}\n`;
}

export function errorLine(id: StratumRequest['id'], { code, message }: StratumError): string {
  return `${JSON.stringify({ id, result: null, error: [code, message, null] })}\n`;
}

export function notificationLine(method: string, params: readonly unknown[]): string {
  return `${JSON.stringify({ id: null, method, params })}\n`;
}

/** Hex of exactly so many bytes. @throws StratumError that names it */
export function readHex(value: unknown, bytes: number, name: string): Buffer {
  if (typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-fA-F]*$/.test(value)) {
    return Buffer.from(value, 'hex');
  }
  throw new StratumError(STRATUM_ERROR.other, `${name} must be ${2 * bytes} hex digits`);
}
