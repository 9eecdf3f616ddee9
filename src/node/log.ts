import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { parseLogLevels } from './logLevels.ts';

export type { Logger } from 'pino';

const STDERR = 2;

/**
 * The node's log: lines for a person where stderr is a terminal, JSON otherwise. Never on stdout, which belongs to what a
 * command was asked for. Written synchronously, so that the last line before a crash is there.
 */
export function createLog(logLevel: string, isTerminal: boolean = process.stderr.isTTY === true): Logger {
  const { base, bySubsystem } = parseLogLevels(logLevel);
  const colorize = isTerminal && process.env.NO_COLOR === undefined;
  const stream = isTerminal
    ? pretty({
        colorize,
        translateTime: 'SYS:HH:MM:ss',
        hideObject: true,
        messageFormat: writeMessage,
        destination: STDERR,
        sync: true,
      })
    : pino.destination({ dest: STDERR, sync: true });
  return pino({ level: bySubsystem.get('node') ?? base, base: null }, stream);
}

/** Fields of a line that are not told behind its message. */
const UNTOLD = new Set(['level', 'time', 'msg', 'subsystem']);
const SHOWN_HASH_CHARACTERS = 12;

/** `new block  height 7  hash 5979fe92ac93…`: the message, then the facts, with hashes cut to what tells them apart. */
function writeMessage(line: Record<string, unknown>, messageKey: string): string {
  const facts = Object.entries(line)
    .filter(([name]) => !UNTOLD.has(name))
    .map(([name, value]) => `${name} ${writeFact(value)}`);
  return [String(line[messageKey] ?? ''), ...facts].join('  ');
}

function writeFact(value: unknown): string {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value))
    return `${value.slice(0, SHOWN_HASH_CHARACTERS)}…`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { stack } = value as { stack?: unknown };
  return typeof stack === 'string' ? stack : JSON.stringify(value);
}
