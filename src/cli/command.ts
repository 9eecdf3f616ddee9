import type { Options, PositionalOptions } from 'yargs';
import { loadSettings, type NodeConfig, type SettingInForce } from '../node/config.ts';
import type { ExitCode } from './exitCodes.ts';
import { inShell } from './inShell.ts';
import { setDataDir, setLocation } from './location.ts';
import { type RpcClient, rpcClient } from './rpcClient.ts';
import { Terminal } from './terminal.ts';

/** The values of flags and arguments by name, as yargs read them. */
export type Arguments = Readonly<Record<string, unknown>>;

/** Everything that a command may want. */
export type Context = Readonly<{
  arguments: Arguments;
  config: NodeConfig;
  /** What the configuration was made of. */
  settings: readonly SettingInForce[];
  environment: NodeJS.ProcessEnv;
  terminal: Terminal;
  node: RpcClient;
  /** All commands, for the one that tells a shell of them. */
  commands: CommandTable;
}>;

export type Command = Readonly<{
  /** As yargs writes it: `send <address> <amount>`. */
  usage: string;
  summary: string;
  arguments?: Readonly<Record<string, PositionalOptions>>;
  flags?: Readonly<Record<string, Options>>;
  /** What an argument or a flag can be, for completion, where neither its `choices` nor its name (`file`) says so. */
  completions?: Readonly<Record<string, readonly string[]>>;
  /** Whole command lines and what they do. */
  examples: readonly (readonly [string, string])[];
  /** Ends with this code; ok when it returns nothing. */
  run: (context: Context) => Promise<ExitCode> | Promise<void>;
}>;

/** Commands under one word, like `wallet`. */
export type CommandGroup = Readonly<{ name: string; summary: string; commands: readonly Command[] }>;

export type CommandTable = Readonly<{ commands: readonly Command[]; groups: readonly CommandGroup[] }>;

/** @throws ConfigError */
export function makeContext(
  given: Arguments,
  environment: NodeJS.ProcessEnv,
  commands: CommandTable,
): Context {
  setLocation(locatingFlags(given));
  const { config, settings } = loadSettings(given, environment);
  setDataDir(config.dataDir);
  return {
    arguments: given,
    config,
    settings,
    environment,
    terminal: new Terminal(given.json === true),
    node: rpcClient(config.dataDir),
    commands,
  };
}

/** The flags that choose the node, as they were typed, each with a space before it. */
function locatingFlags(given: Arguments): string {
  return ['network', 'data-dir', 'config']
    .filter((name) => typeof given[name] === 'string')
    .map((name) => ` --${name} ${inShell(String(given[name]))}`)
    .join('');
}

/** A text argument that yargs has made sure of. */
export function textOf({ arguments: given }: Context, name: string): string {
  return String(given[name]);
}

export function optionalText({ arguments: given }: Context, name: string): string | undefined {
  const value = given[name];
  return value === undefined ? undefined : String(value);
}
