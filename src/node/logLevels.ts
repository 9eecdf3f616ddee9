import { ConfigError } from './configError.ts';
import { suggestion } from './nearestName.ts';

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const SUBSYSTEMS = ['node', 'chain', 'mempool', 'network', 'wallet', 'mining', 'rpc'] as const;

export type LogLevels = Readonly<{ base: LogLevel; bySubsystem: ReadonlyMap<string, LogLevel> }>;

/** Reads `info`, or `info,network=debug,chain=trace`. @throws ConfigError */
export function parseLogLevels(text: string): LogLevels {
  let base: LogLevel = 'info';
  const bySubsystem = new Map<string, LogLevel>();
  for (const part of text.split(',').map((piece) => piece.trim())) {
    const [first, second] = part.split('=');
    if (second === undefined) base = toLevel(first!);
    else bySubsystem.set(toSubsystem(first!), toLevel(second));
  }
  return { base, bySubsystem };
}

function toLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level === undefined) {
    const hint = suggestion(text, LOG_LEVELS);
    throw new ConfigError(`"${text}" is not a log level (${LOG_LEVELS.join(', ')}).${hint}`);
  }
  return level;
}

function toSubsystem(text: string): string {
  if (SUBSYSTEMS.some((known) => known === text)) return text;
  throw new ConfigError(
    `"${text}" is not a subsystem (${SUBSYSTEMS.join(', ')}).${suggestion(text, SUBSYSTEMS)}`,
  );
}
