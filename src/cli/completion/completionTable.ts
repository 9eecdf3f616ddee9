import { SETTINGS, type Setting } from '../../node/settings.ts';
import type { Command, CommandTable } from '../command.ts';
import { LOCATING } from '../settingFlags.ts';

/** What can stand in a place of a command line: any of these words, and the name of a file or a folder. */
export type Values = Readonly<{ words: readonly string[]; path: 'file' | 'folder' | undefined }>;

export type CompletableFlag = Readonly<{
  /** Without the dashes. */
  name: string;
  summary: string;
  /** Undefined for a switch. */
  value: Values | undefined;
}>;

/** Where a command line may be, and what can follow there. */
export type CompletableNode = Readonly<{
  /** Empty, `wallet` or `wallet send`. */
  path: string;
  commands: readonly { name: string; summary: string }[];
  /** Beside those that are everywhere. */
  flags: readonly CompletableFlag[];
  argument: Values;
}>;

const NOTHING: Values = { words: [], path: undefined };

export const FLAGS_EVERYWHERE: readonly CompletableFlag[] = [
  ...LOCATING.map((name) => flagOf(name, SETTINGS[name], undefined)),
  { name: 'json', summary: 'answer in JSON', value: undefined },
  { name: 'help', summary: 'show help', value: undefined },
  { name: 'version', summary: 'show the version', value: undefined },
];

/** Every place of the command line, the program's own first. */
export function completableNodes({ commands, groups }: CommandTable): CompletableNode[] {
  const top = [...commands.map(toEntry), ...groups.map(({ name, summary }) => ({ name, summary }))];
  return [
    { path: '', commands: top, flags: [], argument: NOTHING },
    ...commands.map((command) => commandNode(command, '')),
    ...groups.flatMap((group) => [
      { path: group.name, commands: group.commands.map(toEntry), flags: [], argument: NOTHING },
      ...group.commands.map((command) => commandNode(command, `${group.name} `)),
    ]),
  ];
}

/** Flags that take a value, by name: one name means one thing, whatever the command. */
export function valueFlags(nodes: readonly CompletableNode[]): ReadonlyMap<string, Values> {
  const found = new Map<string, Values>();
  for (const { name, value } of [...FLAGS_EVERYWHERE, ...nodes.flatMap(({ flags }) => flags)]) {
    const known = found.get(name);
    if (value !== undefined && (known === undefined || known === NOTHING)) found.set(name, value);
  }
  return found;
}

function commandNode(command: Command, prefix: string): CompletableNode {
  const names = Object.keys(command.arguments ?? {});
  const [first] = names;
  return {
    path: prefix + toEntry(command).name,
    commands: [],
    flags: Object.entries(command.flags ?? {})
      .filter(([name]) => !FLAGS_EVERYWHERE.some((flag) => flag.name === name))
      .map(([name, options]) => flagOf(name, options, command.completions?.[name])),
    argument:
      first === undefined
        ? NOTHING
        : valuesOf(first, command.arguments?.[first] ?? {}, command.completions?.[first]),
  };
}

type Described = Readonly<{
  type?: unknown;
  kind?: string;
  requiresArg?: boolean | undefined;
  description?: string | undefined;
  describe?: unknown;
  choices?: unknown;
  normalize?: boolean | undefined;
}>;

function flagOf(name: string, options: Described, words: readonly string[] | undefined): CompletableFlag {
  const isSwitch = options.type === 'boolean' || options.kind === 'boolean';
  return {
    name,
    summary: String(options.description ?? options.describe ?? ''),
    value: isSwitch ? undefined : valuesOf(name, options, words),
  };
}

function valuesOf(name: string, options: Described, given: readonly string[] | undefined): Values {
  const setting: Setting | undefined = Object.hasOwn(SETTINGS, name)
    ? SETTINGS[name as keyof typeof SETTINGS]
    : undefined;
  const choices = Array.isArray(options.choices) ? options.choices.map(String) : undefined;
  const words = given ?? choices ?? setting?.names ?? [];
  const isFile = options.normalize === true || /(^|-)file$/.test(name);
  const path = setting?.path ?? (isFile ? 'file' : undefined);
  return words.length === 0 && path === undefined ? NOTHING : { words, path };
}

function toEntry({ usage, summary }: Command): { name: string; summary: string } {
  return { name: usage.split(' ')[0]!, summary };
}
