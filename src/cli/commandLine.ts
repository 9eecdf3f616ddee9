import yargs, { type Argv } from 'yargs';
import { suggestion } from '../node/nearestName.ts';
import { environmentName, isSettingName, SETTING_NAMES } from '../node/settings.ts';
import { usageError } from './cliError.ts';
import { type Arguments, type Command, type CommandGroup, type Context, makeContext } from './command.ts';
import { COMMANDS, DEFAULT_COMMAND, GROUPS } from './commands.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { LOCATING, settingFlags } from './settingFlags.ts';
import { VERSION } from './version.ts';

const HELP_COLUMNS = 100;
const EXAMPLES: Command['examples'] = [
  ['indiecoin', 'join the main network'],
  ['indiecoin status --watch', 'in another window: is it working?'],
  ['indiecoin wallet address', 'where you can be paid'],
  ['indiecoin node --network regtest --miner', 'a network of your own, with blocks at once'],
];
const EXIT_CODES = `Exit codes:
  0 done  1 failed  2 wrong command line or setting  3 no node runs
  4 the node says no  5 data directory in use  6 files damaged  7 disk full
  8 wallet passphrase needed or wrong  9 doctor found something
The README explains settings and files.`;

/**
 * Runs one command line. @returns the exit code
 * @param run what is done with the command that was found, and with what it was given
 * @throws CliError, ConfigError and whatever the command throws
 */
export async function runCommandLine(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  run: Run = (command, context) => command.run(context),
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const typed = isBare(words) ? [DEFAULT_COMMAND, ...words] : words;
  const line = yargs()
    .scriptName('indiecoin')
    .locale('en')
    .usage('$0 <command>\n\nA full node of the IndieCoin network: peer, miner and wallet.')
    .parserConfiguration({
      'camel-case-expansion': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .options(settingFlags(LOCATING))
    .option('json', { type: 'boolean', description: 'answer in JSON' })
    .group(['help', 'version', 'json', ...LOCATING], 'Everywhere:')
    .alias('help', 'h')
    .version(VERSION)
    .wrap(Math.min(HELP_COLUMNS, process.stdout.columns ?? 80))
    .strict()
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      // yargs' own complaints come either way.
      if (error && error.name !== 'YError') throw error;
      throw usageError(explain(message ?? error.message, words));
    });
  if (asksForMethods(words)) line.help(false);
  const perform = async (command: Command, given: Arguments) => {
    const context = makeContext(given, environment, { commands: COMMANDS, groups: GROUPS });
    exitCode = (await run(command, context)) ?? EXIT.ok;
  };
  for (const command of COMMANDS) addCommand(line, command, perform);
  for (const group of GROUPS) addGroup(line, group, perform);
  // Given to a function, what yargs writes of itself is not printed by it: help, and the version.
  let written = '';
  await line.parseAsync([...typed], (_error: unknown, _given: unknown, output: string) => {
    written = output;
  });
  if (written !== '') {
    const isHelp = words.some((word) => word === '--help' || word === '-h');
    console.log(isHelp ? `${written}\n\n${footOfHelp(commandPath(words))}` : written);
  }
  return exitCode;
}

type Run = (command: Command, context: Context) => ReturnType<Command['run']>;
type Perform = (command: Command, given: Arguments) => Promise<void>;

/** Whether only flags were typed: `indiecoin` alone is `indiecoin node`. */
function isBare(words: readonly string[]): boolean {
  const asksFor = ['--help', '-h', '--version'];
  return plainWords(words).length === 0 && !words.some((word) => asksFor.includes(word));
}

/** Whether `help` is the method of the RPC: yargs takes it as the last word for its own --help. */
function asksForMethods(words: readonly string[]): boolean {
  const [command, method] = plainWords(words);
  return command === 'rpc' && method === 'help' && !words.some((word) => word === '--help' || word === '-h');
}

function addGroup(line: Argv, group: CommandGroup, perform: Perform): void {
  line.command(group.name, group.summary, (sub) => {
    sub.usage(`$0 ${group.name} <command>\n\n${sentence(group.summary)}`);
    for (const command of group.commands) addCommand(sub, command, perform, group.name);
    return sub.demandCommand(1, 1, `missing-command ${group.name}`).strict();
  });
}

function addCommand(line: Argv, command: Command, perform: Perform, group?: string): void {
  const usage = group === undefined ? command.usage : `${group} ${command.usage}`;
  line.command(
    command.usage,
    command.summary,
    (sub) => {
      sub.usage(`$0 ${usage}\n\n${sentence(command.summary)}`);
      for (const [name, options] of Object.entries(command.arguments ?? {})) sub.positional(name, options);
      sub.options(command.flags ?? {});
      return sub.strict();
    },
    (given) => perform(command, given as Arguments),
  );
}

/** Examples of a command, of the first of each in a group, or of the program, to be copied: no line is broken. */
function footOfHelp(path: readonly string[]): string {
  const group = GROUPS.find(({ name }) => name === path[0]);
  const examples =
    findCommand(path)?.examples ?? group?.commands.flatMap((command) => command.examples.slice(0, 1));
  const text = (examples ?? EXAMPLES).map(([line, meaning]) => `  # ${meaning}\n  ${line}`).join('\n');
  return `Examples:\n${text}${path.length === 0 ? `\n\n${EXIT_CODES}` : ''}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** yargs' message in words that say what to do, with the nearest name for one that is unknown. */
function explain(message: string, words: readonly string[]): string {
  const path = commandPath(words);
  const more = ` \`indiecoin${path.length > 0 ? ` ${path.join(' ')}` : ''} --help\` shows what there is.`;
  const unknown = /^Unknown (?:argument|command)s?: (.*)$/.exec(message)?.[1]?.split(', ')[0];
  if (unknown !== undefined) return `${explainUnknown(unknown, words, path)}${more}`;
  const missing = /^missing-command (.*)$/.exec(message)?.[1];
  if (missing !== undefined)
    return `\`indiecoin ${missing}\` needs one more word: ${namesIn(missing).join(', ')}.${more}`;
  if (/^Not enough non-option arguments/.test(message)) {
    const usage = findCommand(path)?.usage ?? '';
    const [, ...places] = usage.split(' ');
    return `Something is missing: \`indiecoin ${[...path, ...places].join(' ')}\`.${more}`;
  }
  if (/^Not enough arguments following/.test(message)) {
    return `--${message.slice(message.lastIndexOf(' ') + 1)} needs a value.${more}`;
  }
  return `${message}.${more}`;
}

function explainUnknown(unknown: string, words: readonly string[], path: readonly string[]): string {
  const isFlag = words.some(
    (word) => word === `--${unknown}` || word.startsWith(`--${unknown}=`) || word === `-${unknown}`,
  );
  if (isFlag) {
    if (isSettingName(unknown)) {
      return `--${unknown} is a setting of nodes: here it can be ${environmentName(unknown)}, or stand in the config file.`;
    }
    const flags = [
      ...SETTING_NAMES,
      'json',
      'help',
      'version',
      ...Object.keys(findCommand(path)?.flags ?? {}),
    ];
    const hint = suggestion(unknown, flags);
    return `There is no flag --${unknown} here.${hint.replace('"', '"--')}`;
  }
  if (findCommand(path) !== undefined) return `"${unknown}" is one word too many.`;
  const names =
    path.length === 1 ? namesIn(path[0]!) : [...COMMANDS.map(nameOf), ...GROUPS.map(({ name }) => name)];
  const where = path.length === 1 ? ` of \`indiecoin ${path[0]}\`` : '';
  return `"${unknown}" is not a command${where}.${suggestion(unknown, names)}`;
}

function nameOf({ usage }: Command): string {
  return usage.split(' ')[0]!;
}

function namesIn(group: string): string[] {
  return (GROUPS.find(({ name }) => name === group)?.commands ?? []).map(nameOf);
}

/** The command words that a line begins with: a command, a group, or a group and its command. */
function commandPath(words: readonly string[]): string[] {
  const [first, second] = plainWords(words);
  if (first === undefined) return [];
  if (COMMANDS.some((command) => nameOf(command) === first)) return [first];
  if (!GROUPS.some(({ name }) => name === first)) return [];
  return second !== undefined && namesIn(first).includes(second) ? [first, second] : [first];
}

/** Without the flags and their values. */
function plainWords(words: readonly string[]): string[] {
  return words.filter((word, i) => !word.startsWith('-') && !takesValue(words[i - 1]));
}

/** Whether the word behind this one is its value, and not a command. */
function takesValue(word: string | undefined): boolean {
  if (word === undefined || !word.startsWith('--') || word.includes('=')) return false;
  const name = word.slice(2);
  const flags = [...COMMANDS, ...GROUPS.flatMap(({ commands }) => commands)].map(
    (command) => command.flags?.[name],
  );
  return LOCATING.some((known) => known === name) || flags.some((flag) => flag?.requiresArg === true);
}

function findCommand([first, second]: readonly string[]): Command | undefined {
  if (first === undefined) return undefined;
  if (second === undefined) return COMMANDS.find((command) => nameOf(command) === first);
  return GROUPS.find(({ name }) => name === first)?.commands.find((command) => nameOf(command) === second);
}
