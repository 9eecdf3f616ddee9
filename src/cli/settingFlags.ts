import type { Options } from 'yargs';
import { SETTINGS, type Setting, type SettingName } from '../node/settings.ts';

/**
 * The settings as flags of a command, all but the secret ones. Values stay text: config.ts reads them.
 * @param defaults what is said of them where the command has others than a node
 */
export function settingFlags(
  names: readonly SettingName[],
  defaults: Partial<Record<SettingName, string>> = {},
): Record<string, Options> {
  return Object.fromEntries(
    names
      .filter((name) => !(SETTINGS[name] as Setting).isSecret)
      .map((name) => [name, toFlag(SETTINGS[name], defaults[name])]),
  );
}

function toFlag({ kind, description: ofNode, value }: Setting, other: string | undefined): Options {
  const description =
    other === undefined ? ofNode : `${ofNode.replace(/ \(default[^)]*\)$/, '')} (default ${other})`;
  if (kind === 'boolean') return { type: 'boolean', description };
  const placeholder = value === undefined ? '' : ` [${value}]`;
  return { requiresArg: true, description: `${description}${placeholder}` };
}

/** How a command finds its node. */
export const LOCATING: readonly SettingName[] = ['network', 'data-dir', 'config'];
