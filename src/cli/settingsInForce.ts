import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostsOf, type NodeConfig, type SettingInForce, seedsOf } from '../node/config.ts';
import { SETTINGS, type Setting, type SettingName } from '../node/settings.ts';

/** Beside the RPC's cookie: what the node that runs was started with, or the last one that did. */
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
    // A full disk is told of elsewhere. What an earlier node was started with would be taken for this one's.
    rmSync(join(dataDir, FILE), { force: true });
  }
}

/** Whether the node that runs on this data directory, or the last one that did, is a seed. */
export function isSeedFolder(dataDir: string): boolean {
  return readSettings(dataDir)?.some(({ origin }) => origin === 'preset') ?? false;
}

/** What the node that runs does because of them, as far as it is of use to the doctor. Undefined where it is not known. */
export function readNodeSettings(
  dataDir: string,
): Pick<NodeConfig, 'dnsSeeds' | 'useBootstrapList' | 'listenHosts'> | undefined {
  const settings = readSettings(dataDir);
  const said = (name: SettingName) => settings?.find((one) => one.name === name)?.value;
  const [seeds, hosts] = [said('dns-seed'), said('listen-host')];
  if (!Array.isArray(seeds) || typeof hosts !== 'string') return undefined;
  return { ...seedsOf(seeds), listenHosts: hostsOf(hosts) };
}

/** Undefined where there are none that can be read. */
export function readSettings(dataDir: string): SettingInForce[] | undefined {
  try {
    const settings: unknown = JSON.parse(readFileSync(join(dataDir, FILE), 'utf8'));
    return Array.isArray(settings) ? settings : undefined;
  } catch {
    return undefined;
  }
}
