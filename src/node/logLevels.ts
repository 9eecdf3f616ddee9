import type { Logger } from 'pino';
import { ConfigError } from './configError.ts';
import { suggestion } from './nearestName.ts';

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const SUBSYSTEMS = ['node', 'chain', 'mempool', 'network', 'wallet', 'mining', 'rpc'] as const;

/** The subsystem of what no part tells. */
const WHOLE = 'node';

export type LevelChoice = Readonly<{ base: LogLevel; bySubsystem: ReadonlyMap<string, LogLevel> }>;

/** The logs of a node's parts, and how much each tells: what `--log-level` said until `set` says otherwise. */
export class LogLevels {
  readonly #logs: ReadonlyMap<string, Logger>;

  /**
   * @param root tells for the node as a whole, which is the subsystem `node`; it has its level already
   * @param text as `--log-level` has it
   * @throws ConfigError
   */
  constructor(root: Logger, text: string) {
    const { base, bySubsystem } = parseLogLevels(text);
    const parts = SUBSYSTEMS.filter((name) => name !== WHOLE);
    this.#logs = new Map([
      [WHOLE, root],
      ...parts.map((subsystem): [string, Logger] => {
        const log = root.child({ subsystem });
        // Said outright, or pino would let it follow the root's.
        log.level = bySubsystem.get(subsystem) ?? base;
        return [subsystem, log];
      }),
    ]);
  }

  names(): readonly string[] {
    return SUBSYSTEMS;
  }

  /** @throws ConfigError for an unknown subsystem */
  get(name: string): LogLevel {
    return this.log(name).level as LogLevel;
  }

  /** From now on. @throws ConfigError for an unknown subsystem or level, naming the nearest */
  set(name: string, level: string): void {
    this.log(name).level = toLevel(level);
  }

  /** The log of one subsystem. @throws ConfigError */
  log(name: string): Logger {
    return this.#logs.get(toSubsystem(name))!;
  }
}

/** Reads `info`, or `info,network=debug,chain=trace`. @throws ConfigError */
export function parseLogLevels(text: string): LevelChoice {
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
