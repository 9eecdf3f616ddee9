import { styleText } from 'node:util';

/** One line of the log, as pino has it. */
export type LogLine = Readonly<
  { level: number; time: number; msg?: string; subsystem?: string } & Record<string, unknown>
>;

/** Fields of a line that are not told behind its message. */
const UNTOLD = new Set(['level', 'time', 'msg', 'subsystem']);
const SHOWN_HASH_CHARACTERS = 12;

const LEVELS = [
  { level: 60, name: 'FATAL', style: 'red', priority: 2 },
  { level: 50, name: 'ERROR', style: 'red', priority: 3 },
  { level: 40, name: 'WARN', style: 'yellow', priority: 4 },
  { level: 30, name: 'INFO', style: undefined, priority: 6 },
  { level: 20, name: 'DEBUG', style: 'dim', priority: 7 },
  { level: 0, name: 'TRACE', style: 'dim', priority: 7 },
] as const;

/** `14:03:59  new block  height 7`: for somebody who watches, in this machine's time. Only what is unusual has its level. */
export function terminalText(line: LogLine, hasColor: boolean): string {
  const { name, style } = levelOf(line);
  const text = `${localTime(line.time)}  ${name === 'INFO' ? '' : `${name}  `}${describeLine(line)}`;
  return `${hasColor && style !== undefined ? styleText(style, text, { validateStream: false }) : text}\n`;
}

/** `2026-01-02T14:03:59.123Z INFO network: peer left  peer 12D3…`: to be looked through later, in universal time. */
export function fileText(line: LogLine): string {
  const { subsystem = 'node' } = line;
  return `${new Date(line.time).toISOString()} ${levelOf(line).name} ${subsystem}: ${describeLine(line)}\n`;
}

/** For the journal, which has its own time of each line: its priority (sd-daemon(3)) in front, and of every further line. */
export function journalText(line: LogLine): string {
  const { subsystem = 'node' } = line;
  const prefix = `<${levelOf(line).priority}>`;
  return `${prefix}${subsystem}: ${describeLine(line).replaceAll('\n', `\n${prefix}`)}\n`;
}

function levelOf({ level }: LogLine): (typeof LEVELS)[number] {
  return LEVELS.find((one) => level >= one.level) ?? LEVELS[0];
}

function localTime(timeMs: number): string {
  const time = new Date(timeMs);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** `new block  height 7  hash 5979fe92ac93…`: the message, then the facts, with hashes cut to what tells them apart. */
function describeLine(line: LogLine): string {
  const facts = Object.entries(line)
    .filter(([name]) => !UNTOLD.has(name))
    .map(([name, value]) => `${name} ${writeFact(value)}`);
  return [printable(String(line.msg ?? '')), ...facts].join('  ');
}

function writeFact(value: unknown): string {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value))
    return `${value.slice(0, SHOWN_HASH_CHARACTERS)}…`;
  if (typeof value !== 'object' || value === null) return printable(String(value));
  const { stack } = value as { stack?: unknown };
  if (typeof stack !== 'string') return printable(JSON.stringify(value));
  return stack.split('\n').map(printable).join('\n');
}

/** A line may hold words of strangers, and a terminal obeys some of them. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}
