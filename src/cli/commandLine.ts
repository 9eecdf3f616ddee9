import yargs, { type Argv } from 'yargs';
import { usageError } from './cliError.ts';
import { type Arguments, type Command, type CommandGroup, type Context, makeContext } from './command.ts';
import { commandPath, plainWords } from './commandPath.ts';
import { COMMANDS, DEFAULT_COMMAND, GROUPS } from './commands.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { explainMistake } from './explainMistake.ts';
import { footOfHelp } from './helpText.ts';
import { LOCATING, settingFlags } from './settingFlags.ts';
import { VERSION } from './version.ts';

const HELP_COLUMNS = 100;

/**
 * Runs one command line. @returns the exit code
 * @param run what is done with the command that was found, and with what it was given
 * @throws CliError, ConfigError and whatever the command throws
 */
export async function runCommandLine(
  given: readonly string[],
  environment: NodeJS.ProcessEnv,
  run: Run = (command, context) => command.run(context),
): Promise<ExitCode> {
  // As many know it: `help wallet send` is `wallet send --help`.
  const words = given[0] === 'help' ? [...given.slice(1), '--help'] : given;
  let exitCode: ExitCode = EXIT.ok;
  const line = makeLine(words);
  const perform = async (command: Command, given: Arguments) => {
    const context = makeContext(given, environment, { commands: COMMANDS, groups: GROUPS });
    exitCode = (await run(command, context)) ?? EXIT.ok;
  };
  for (const command of COMMANDS) addCommand(line, command, perform);
  for (const group of GROUPS) addGroup(line, group, perform);
  // Given to a function, what yargs writes of itself is not printed by it: help, and the version.
  let written = '';
  const typed = isBare(words) ? [DEFAULT_COMMAND, ...words] : [...words];
  await line.parseAsync(typed, (_error: unknown, _given: unknown, output: string) => {
    written = output;
  });
  if (written !== '') {
    const isHelp = words.some((word) => word === '--help' || word === '-h');
    if (isHelp) console.log(`${written}\n\n${footOfHelp(commandPath(words))}`);
    else console.log(words.includes('--json') ? JSON.stringify({ version: VERSION }) : written);
  }
  return exitCode;
}

function makeLine(words: readonly string[]): Argv {
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
    .wrap(Math.min(HELP_COLUMNS, process.stdout.columns || 80))
    .strict()
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      // yargs' own complaints come either way.
      if (error && error.name !== 'YError') throw error;
      throw usageError(explainMistake(message ?? error.message, words));
    });
  return asksForMethods(words) ? line.help(false) : line;
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

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
