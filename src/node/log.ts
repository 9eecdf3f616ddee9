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
  const { base } = parseLogLevels(logLevel);
  const colorize = isTerminal && process.env.NO_COLOR === undefined;
  const stream = isTerminal
    ? pretty({
        colorize,
        translateTime: 'SYS:HH:MM:ss',
        ignore: 'pid,hostname,subsystem',
        singleLine: true,
        destination: STDERR,
        sync: true,
      })
    : pino.destination({ dest: STDERR, sync: true });
  return pino({ level: base, base: null }, stream);
}

/** The log of one part of the node, with the level that `--log-level part=…` gives it. */
export function subsystemLog(log: Logger, logLevel: string, subsystem: string): Logger {
  const { base, bySubsystem } = parseLogLevels(logLevel);
  return log.child({ subsystem }, { level: bySubsystem.get(subsystem) ?? base });
}
