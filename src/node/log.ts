import { fstatSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { LogFile } from './logFile.ts';
import { DETAIL_FLOOD_LIMITS, FLOOD_LIMITS, LogFlood, placeOf } from './logFlood.ts';
import { parseLogLevels } from './logLevels.ts';
import { fileText, journalText, type LogLine, terminalText } from './logText.ts';

export type { Logger } from 'pino';

export const LOG_FILE = 'indiecoin.log';
const STDERR = 2;
const WARN = 40;
const INFO = 30;
/** Parts whose news a person wants to see without having asked for it. */
const TOLD_QUIETLY = new Set(['node', 'wallet']);

/** Who reads stderr: somebody at a terminal, systemd's journal, or a program. */
export type LogReader = 'person' | 'journal' | 'program';

export type LogOptions = Readonly<{
  /** As `--log-level` has it. */
  levels: string;
  /** A terminal shows warnings and what its owner must know; the rest is for the file. */
  isQuiet: boolean;
  reader?: LogReader;
  /** Where the lines go that are not for the file. */
  write?: (text: string) => void;
  hasColor?: boolean;
  flood?: LogFlood;
}>;

/** The node's log with what must be opened and closed around it. */
export type NodeLog = Readonly<{
  log: Logger;
  reader: LogReader;
  /** To be called once the data directory is ours: two nodes must not write one file. The journal needs none. */
  openFile: (dataDir: string) => void;
  /** Writes what only the file shall have: what the terminal is told in other words. */
  record: (message: string) => void;
  close: () => void;
}>;

/**
 * The node's log, on stderr and in a file. Never on stdout, which belongs to what a command was asked for. Written
 * synchronously, so that the last line before a crash is there.
 */
export function createLog(options: LogOptions): NodeLog {
  const { reader = readerOfStderr(), flood = new LogFlood() } = options;
  const file = reader === 'journal' ? undefined : new LogFile();
  const show = showerFor(reader, options);
  const { base, bySubsystem } = parseLogLevels(options.levels);
  const log = pino(
    {
      level: bySubsystem.get('node') ?? base,
      base: null,
      hooks: { logMethod: limitFlood(flood) },
    },
    {
      write: (json: string) => {
        const line = JSON.parse(json) as LogLine;
        show(line, json);
        file?.write(fileText(line));
      },
    },
  );
  const openFile = (dataDir: string) => {
    const failed = file?.open(join(dataDir, LOG_FILE));
    if (failed) log.warn(`no log is kept in ${LOG_FILE}: ${failed.message}`);
  };
  const record = (msg: string) => file?.write(fileText({ level: INFO, time: Date.now(), msg }));
  const close = () => {
    flood.flush();
    file?.close();
  };
  return { log, reader, openFile, record, close };
}

/** The journal says which stream it reads: systemd.exec(5), JOURNAL_STREAM. */
export function readerOfStderr(environment: NodeJS.ProcessEnv = process.env): LogReader {
  if (process.stderr.isTTY === true) return 'person';
  if (environment.JOURNAL_STREAM === undefined) return 'program';
  const { dev, ino } = fstatSync(STDERR, { bigint: true });
  return environment.JOURNAL_STREAM === `${dev}:${ino}` ? 'journal' : 'program';
}

function showerFor(reader: LogReader, options: LogOptions): (line: LogLine, json: string) => void {
  const { isQuiet, hasColor = false } = options;
  const write = options.write ?? ((text: string) => void process.stderr.write(text));
  switch (reader) {
    case 'program':
      return (_line, json) => write(json);
    case 'journal':
      return (line) => write(journalText(line));
    case 'person':
      return (line) => {
        const isTold = line.level >= WARN || TOLD_QUIETLY.has(line.subsystem ?? 'node');
        if (isTold || !isQuiet) write(terminalText(line, hasColor));
      };
  }
}

type LogMethod = NonNullable<NonNullable<Parameters<typeof pino>[0]>['hooks']>['logMethod'];

function limitFlood(flood: LogFlood): NonNullable<LogMethod> {
  const subsystems = new WeakMap<Logger, string>();
  const subsystemOf = (log: Logger) => {
    let subsystem = subsystems.get(log);
    if (subsystem === undefined) {
      subsystem = String(log.bindings().subsystem ?? 'node');
      subsystems.set(log, subsystem);
    }
    return subsystem;
  };
  return function limited(this: Logger, args, method, level) {
    const message = messageOf(args);
    const write = method as (this: Logger, ...args: unknown[]) => void;
    flood.take(
      placeOf(subsystemOf(this), level, message),
      level < INFO ? DETAIL_FLOOD_LIMITS : FLOOD_LIMITS,
      () => write.apply(this, args),
      (count) => write.call(this, `… and ${count} more like it: ${message}`),
    );
  };
}

/** `log.info(message)`, `log.info(facts, message)` or `log.error(error)`. */
function messageOf(args: readonly unknown[]): string {
  const text = args.find((arg) => typeof arg === 'string');
  return typeof text === 'string' ? text : String((args[0] as Error | undefined)?.message ?? '');
}
