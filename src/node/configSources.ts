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

export type SettingValue = string | number | boolean | readonly string[];

/** A value and where it comes from, so that an error can say which line to mend. */
export type Sourced = Readonly<{ value: SettingValue; source: string }>;

export type SourcedSettings = Partial<Record<SettingName, Sourced>>;

/** The flags of a command line, by their names. Other flags are left alone: the command line knows its own. */
export function settingsOfFlags(flags: Readonly<Record<string, unknown>>): SourcedSettings {
  const found: SourcedSettings = {};
  for (const name of SETTING_NAMES) {
    const value = flags[name];
    if (value === undefined) continue;
    found[name] = { value: readValue(name, value, `--${name}`), source: `--${name}` };
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
    found[name] = { value: readValue(name, value, variable), source: variable };
  }
  return found;
}

/** A TOML file of settings. @throws ConfigError for one that cannot be read or holds an unknown key. */
export function settingsOfFile(path: string): SourcedSettings {
  const found: SourcedSettings = {};
  for (const [key, value] of Object.entries(readToml(path))) {
    if (!isSettingName(key) || key === 'config') {
      throw new ConfigError(`"${key}" in ${path} is not a setting.${suggestion(key, SETTING_NAMES)}`);
    }
    const source = `"${key}" in ${path}`;
    found[key] = { value: readValue(key, value, source), source };
  }
  return found;
}

function readToml(path: string): Record<string, unknown> {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof TomlError) throw new ConfigError(`${path} is not TOML: ${error.message}`);
    throw new ConfigError(`The config file ${path} cannot be read: ${(error as Error).message}`);
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
