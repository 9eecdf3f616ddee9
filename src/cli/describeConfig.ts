import type { SettingInForce } from '../node/config.ts';
import type { SettingValue } from '../node/configSources.ts';
import { HIDDEN } from './settingsInForce.ts';
import { wrap } from './textWidth.ts';

const MOST_BEFORE_COMMENT = 48;

/** Settings as a config file that says of each where it comes from: the defaults are commented out. */
export function describeSettings(settings: readonly SettingInForce[], columns: number): string[] {
  const lines = settings.map((one) => [tomlLine(one), originOf(one)] as const);
  const lengths = lines.map(([text]) => text.length).filter((length) => length <= MOST_BEFORE_COMMENT);
  const width = Math.max(0, ...lengths);
  return lines.flatMap(([text, origin]) => {
    const line = `${text.padEnd(width)}  # ${origin}`;
    return line.length <= columns ? [line] : [...comment(`${origin}:`, columns), text];
  });
}

export function comment(text: string, columns: number): string[] {
  return wrap(text, Math.max(20, columns - 2)).map((line) => `# ${line}`);
}

function tomlLine({ name, value, origin }: SettingInForce): string {
  if (value === undefined) return `# ${name} is not set`;
  if (value === HIDDEN) return `# ${name} is set, and hidden`;
  // Which file is read cannot be said in it.
  const isSaid = origin !== 'default' && name !== 'config';
  return `${isSaid ? '' : '# '}${name} = ${tomlValue(value)}`;
}

/** JSON's texts, numbers, truths and lists are TOML's. */
function tomlValue(value: SettingValue): string {
  return Array.isArray(value)
    ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]`
    : JSON.stringify(value);
}

function originOf({ origin, place }: SettingInForce): string {
  if (origin === 'default') return 'default';
  return origin === 'preset' ? 'preset of indiecoin seed' : place;
}
