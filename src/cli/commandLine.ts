import yargs, { type Argv } from 'yargs';
import { suggestion } from '../node/nearestName.ts';
import { environmentName, isSettingName, SETTING_NAMES } from '../node/settings.ts';
import { usageError } from './cliError.ts';
import { type Arguments, type Command, type CommandGroup, makeContext } from './command.ts';
import { COMMANDS, DEFAULT_COMMAND, GROUPS } from './commands.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { LOCATING, settingFlags } from './settingFlags.ts';
import { VERSION } from './version.ts';

const HELP_COLUMNS = 100;

/**
 * Runs one command line. @returns the exit code
 * @throws CliError, ConfigError and whatever the command throws
 */
export async function runCommandLine(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const line = yargs(isBare(words) ? [DEFAULT_COMMAND, ...words] : [...words])
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
    })
    .epilogue('Exit codes, settings and files are explained in the README.');
  if (asksForMethods(words)) line.help(false);
  const finish = (code: ExitCode) => {
    exitCode = code;
  };
  for (const command of COMMANDS) addCommand(line, command, environment, finish);
  for (const group of GROUPS) addGroup(line, group, environment, finish);
  await line.parseAsync();
  return exitCode;
}

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

type Finish = (code: ExitCode) => void;

function addGroup(line: Argv, group: CommandGroup, environment: NodeJS.ProcessEnv, finish: Finish): void {
  line.command(group.name, group.summary, (sub) => {
    sub.usage(`$0 ${group.name} <command>\n\n${sentence(group.summary)}`);
    for (const command of group.commands) addCommand(sub, command, environment, finish, group.name);
    return sub.demandCommand(1, 1, `missing-command ${group.name}`).strict();
  });
}

function addCommand(
  line: Argv,
  command: Command,
  environment: NodeJS.ProcessEnv,
  finish: Finish,
  group?: string,
): void {
  const usage = group === undefined ? command.usage : `${group} ${command.usage}`;
  line.command(
    command.usage,
    command.summary,
    (sub) => {
      sub.usage(`$0 ${usage}\n\n${sentence(command.summary)}`);
      for (const [name, options] of Object.entries(command.arguments ?? {})) sub.positional(name, options);
      sub.options(command.flags ?? {});
      for (const [words, meaning] of command.examples) sub.example(words, meaning);
      return sub.strict();
    },
    async (given) => {
      const context = makeContext(given as Arguments, environment, { commands: COMMANDS, groups: GROUPS });
      finish((await command.run(context)) ?? EXIT.ok);
    },
  );
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
