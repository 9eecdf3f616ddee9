import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { ConfigError } from './configError.ts';
import { suggestion } from './nearestName.ts';
import {
  environmentName,
  isSettingName,
  OTHER_VARIABLES,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
} from './settings.ts';
import { systemReason } from './systemReason.ts';

/** A config file does not name another one. */
const NAMES_IN_FILES = SETTING_NAMES.filter((name) => name !== 'config');

export type SettingValue = string | number | boolean | readonly string[];

/** What a value was said by. */
export type SettingOrigin = 'flag' | 'environment' | 'file';

/** A value and where it comes from, so that an error can say which line to mend. */
export type Sourced = Readonly<{
  value: SettingValue;
  origin: SettingOrigin;
  /** For a sentence: `"max-peers" in indiecoin.toml, line 3,`. */
  source: string;
  /** For a list: `indiecoin.toml:3`. */
  place: string;
}>;

export type SourcedSettings = Partial<Record<SettingName, Sourced>>;

/** The flags of a command line, by their names. Other flags are left alone: the command line knows its own. */
export function settingsOfFlags(flags: Readonly<Record<string, unknown>>): SourcedSettings {
  const found: SourcedSettings = {};
  for (const name of SETTING_NAMES) {
    const value = flags[name];
    if (value === undefined) continue;
    const source = `--${name}`;
    found[name] = { value: readValue(name, value, source), origin: 'flag', source, place: source };
  }
  return found;
}

/** The `INDIECOIN_*` variables. @throws ConfigError for one that is not a setting. */
export function settingsOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): SourcedSettings {
  const names = new Map(SETTING_NAMES.map((name) => [environmentName(name), name]));
  const found: SourcedSettings = {};
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('INDIECOIN_') || OTHER_VARIABLES.includes(variable)) continue;
    const name = names.get(variable);
    if (name === undefined) {
      const hint = suggestion(variable, [...names.keys(), ...OTHER_VARIABLES]);
      throw new ConfigError(`The environment variable ${variable} is not a setting.${hint}`);
    }
    if (text === undefined || text === '') continue;
    const value = SETTINGS[name].kind === 'list' ? text.split(',').map((part) => part.trim()) : text;
    const place = variable;
    found[name] = { value: readValue(name, value, variable), origin: 'environment', source: variable, place };
  }
  return found;
}

/** A TOML file of settings. @throws ConfigError for one that cannot be read or holds an unknown key. */
export function settingsOfFile(path: string): SourcedSettings {
  const found: SourcedSettings = {};
  const text = readText(path);
  for (const [key, value] of Object.entries(parseToml(path, text))) {
    const line = lineOfKey(text, key);
    const source = `"${key}" in ${path}${line === undefined ? '' : `, line ${line},`}`;
    if (!isSettingName(key) || key === 'config') {
      throw new ConfigError(`${source} is not a setting.${suggestion(key, NAMES_IN_FILES)}`);
    }
    const place = line === undefined ? path : `${path}:${line}`;
    found[key] = { value: readValue(key, value, source), origin: 'file', source, place };
  }
  return found;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`The config file ${path} cannot be read: ${systemReason(error)}.`);
  }
}

function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Behind the first line it draws the place.
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new ConfigError(
      `${path} is not TOML: line ${error.line}, column ${error.column}: ${reason}. A setting is written as max-peers = 50, a text as network = "testnet".`,
    );
  }
}

/**
 * Where a key of the whole document stands, counted from 1. A line that only looks so, within a text of several lines, is
 * told by what is before it: that is no document then.
 */
function lineOfKey(text: string, key: string): number | undefined {
  const lines = text.split('\n');
  const name = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const begins = new RegExp(`^\\s*(\\[\\[?\\s*)?["']?${name}["']?\\s*[=.\\]]`);
  const index = lines.findIndex((line, i) => begins.test(line) && isToml(lines.slice(0, i).join('\n')));
  return index < 0 ? undefined : index + 1;
}

function isToml(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Text becomes what the setting is; what is typed already (TOML, a switch) must be of its kind. */
function readValue(name: SettingName, value: unknown, source: string): SettingValue {
  const { kind }: Setting = SETTINGS[name];
  if (Array.isArray(value) && kind !== 'list') throw new ConfigError(`${source} is given more than once.`);
  switch (kind) {
    case 'string':
      if (typeof value === 'string' && value !== '') return value;
      throw new ConfigError(`${source} needs a text.`);
    case 'integer':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
      if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
      throw new ConfigError(`${source} needs a whole number, not ${JSON.stringify(value)}.`);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      if (value === '1' || value === 'true' || value === 'yes') return true;
      if (value === '0' || value === 'false' || value === 'no') return false;
      throw new ConfigError(`${source} needs true or false, not ${JSON.stringify(value)}.`);
    case 'list': {
      const list: unknown[] = Array.isArray(value) ? value : [value];
      if (list.every((item) => typeof item === 'string' && item !== '')) return list as string[];
      throw new ConfigError(`${source} needs texts.`);
    }
  }
}
