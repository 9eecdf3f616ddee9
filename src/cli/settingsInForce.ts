import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SettingInForce } from '../node/config.ts';
import { SETTINGS, type Setting } from '../node/settings.ts';

/** Beside the RPC's cookie, and as long there: what the node that runs was started with. */
const FILE = '.settings';
const MODE = 0o600;
export const HIDDEN = '(hidden)';

/** The same without what nobody should read. */
export function withoutSecrets(settings: readonly SettingInForce[]): SettingInForce[] {
  return settings.map((one) => {
    const { isSecret }: Setting = SETTINGS[one.name];
    return isSecret === true && one.value !== undefined ? { ...one, value: HIDDEN } : one;
  });
}

/** For `indiecoin config`, which may be asked under other flags. A node runs without it as well. */
export function writeSettings(dataDir: string, settings: readonly SettingInForce[]): void {
  try {
    writeFileSync(join(dataDir, FILE), JSON.stringify(withoutSecrets(settings)), { mode: MODE });
  } catch {
    // A full disk is told of elsewhere.
  }
}

export function removeSettings(dataDir: string): void {
  rmSync(join(dataDir, FILE), { force: true });
}

/** Undefined where there are none that can be read. */
export function readSettings(dataDir: string): SettingInForce[] | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, FILE), 'utf8')) as SettingInForce[];
  } catch {
    return undefined;
  }
}
