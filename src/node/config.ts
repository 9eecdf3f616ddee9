import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { z } from 'zod';
import { DEFAULT_MINING_THREADS, MAX_MINING_THREADS } from '../mining/miningThreads.ts';
import { parseNetworkFile } from '../params/networkFile.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { networkByName, networks } from '../params/networks.ts';
import { DEFAULT_MIN_FREE_MB } from '../store/diskSpace.ts';
import { ConfigError } from './configError.ts';
import {
  type SettingOrigin,
  type SettingValue,
  type SourcedSettings,
  settingsOfEnvironment,
  settingsOfFile,
  settingsOfFlags,
} from './configSources.ts';
import { parseLogLevels } from './logLevels.ts';
import { suggestion } from './nearestName.ts';
import { SETTING_NAMES, type SettingName } from './settings.ts';
import { systemReason } from './systemReason.ts';

export const MAX_PEERS = 300;
export const DEFAULT_MAX_PEERS = 100;
const CONFIG_FILE = 'indiecoin.toml';
/** Bitcoin Core's numbers. */
const MIN_PRUNE_MB = 550;
const BYTES_PER_MB = 1024 * 1024;

/** All that a node is told before it starts. */
export type NodeConfig = Readonly<{
  params: NetworkParams;
  /** What `--network` said: a name, or the absolute path of a file. */
  network: string;
  dataDir: string;
  maxPeers: number;
  /** 0: a free one, kept in the data directory. */
  serverPort: number;
  listenHosts: readonly string[];
  announce: readonly string[];
  /** On top of the network's bootstrap list. */
  dnsSeeds: readonly string[];
  /** False after `--dns-seed none`. */
  useBootstrapList: boolean;
  miner: boolean;
  /** As typed: an address or the hex of a key. */
  publicKey: string | undefined;
  threads: number;
  rpcPort: number;
  rpcHost: string;
  /** Names under which the RPC may be asked, beside localhost and IP addresses. */
  rpcAllowedHosts: readonly string[];
  /** Beside the cookie. */
  rpcLogin: Readonly<{ user: string; password: string }> | undefined;
  /** 0: a free one; undefined: no door for metrics beside the RPC's. */
  metricsPort: number | undefined;
  metricsHost: string;
  /** 0: a free one; undefined: no door for mining machines. */
  stratumPort: number | undefined;
  stratumHost: string;
  /** Whether it is there for others to join through. */
  isSeed: boolean;
  /** A command of the shell. */
  walletNotify: string | undefined;
  transactionIndex: boolean;
  /** Megabytes. 0: nothing is watched. */
  minFreeSpaceMb: number;
  /** How many bytes of blocks and undo data to keep; undefined: all. */
  prune: Readonly<{ targetBytes: number }> | undefined;
  reindex: boolean;
  logLevel: string;
  /** Whether somebody asked for that level: a terminal then shows all of it. */
  isLogLevelGiven: boolean;
}>;

const port = z.int().max(65_535, 'a port is at most 65535');

const settingsSchema = z.strictObject({
  network: z.string(),
  'data-dir': z.string().optional(),
  config: z.string().optional(),
  'max-peers': z
    .int()
    .min(1, 'a node needs at least one peer')
    .max(MAX_PEERS, `at most ${MAX_PEERS}: each peer costs memory and a share of every block sent`)
    .default(DEFAULT_MAX_PEERS),
  'server-port': port.default(0),
  'listen-host': z.string().default('0.0.0.0'),
  announce: z.array(z.string()).default([]),
  'dns-seed': z.array(z.string()).default([]),
  miner: z.boolean().default(false),
  'public-key': z.string().optional(),
  threads: z
    .int()
    .min(1, 'mining needs at least one thread')
    .max(MAX_MINING_THREADS, `at most ${MAX_MINING_THREADS}`)
    .default(DEFAULT_MINING_THREADS),
  'rpc-port': port.optional(),
  'rpc-host': z.string().default('127.0.0.1'),
  'rpc-allow-host': z
    .array(z.string().regex(/^[a-z0-9_.-]{1,253}$/i, 'a host name has no port and no scheme'))
    .default([]),
  'rpc-user': z.string().optional(),
  'rpc-password': z.string().optional(),
  'metrics-port': port.optional(),
  'metrics-host': z.string().default('127.0.0.1'),
  'stratum-port': port.optional(),
  'stratum-host': z.string().default('127.0.0.1'),
  'wallet-notify': z.string().min(1, 'there is no command').optional(),
  'min-free-space': z.int().min(0, 'it is a number of megabytes').default(DEFAULT_MIN_FREE_MB),
  'transaction-index': z.boolean().optional(),
  prune: z.int().min(0).default(0),
  reindex: z.boolean().default(false),
  'log-level': z.string().default('info'),
});

/** A setting as a node has it. */
export type SettingInForce = Readonly<{
  name: SettingName;
  /** Undefined: nothing is said, and nothing stands for it. */
  value: SettingValue | undefined;
  origin: SettingOrigin | 'preset' | 'default';
  /** `--max-peers`, `INDIECOIN_MAX_PEERS` or `/…/indiecoin.toml:3`; empty for what nobody said. */
  place: string;
}>;

/** @throws ConfigError naming the setting and where it stands. */
export function loadConfig(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
  preset: Readonly<Partial<Record<SettingName, SettingValue>>> = {},
): NodeConfig {
  return loadSettings(flags, environment, preset).config;
}

/**
 * The configuration in force, and where each setting of it comes from: flags win over `INDIECOIN_*` variables, those over
 * the config file, that over the preset of a command and the defaults.
 * @throws ConfigError naming the setting and where it stands.
 */
export function loadSettings(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
  preset: Readonly<Partial<Record<SettingName, SettingValue>>> = {},
): { config: NodeConfig; settings: readonly SettingInForce[]; file: ConfigFile } {
  const typed = { ...settingsOfEnvironment(environment), ...settingsOfFlags(flags) };
  const file = readConfigFile(typed);
  const merged = { ...file.settings, ...typed };
  const values: Record<string, SettingValue> = { network: 'mainnet', ...preset };
  for (const name of SETTING_NAMES) {
    const sourced = merged[name];
    if (sourced !== undefined) values[name] = sourced.value;
  }
  const parsed = settingsSchema.safeParse(values);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const name = String(issue.path[0]) as SettingName;
    throw new ConfigError(`${merged[name]?.source ?? name} cannot be ${values[name]}: ${issue.message}.`);
  }
  const config = toConfig(parsed.data, merged['log-level'] !== undefined);
  const inForce = {
    ...parsed.data,
    network: config.network,
    'data-dir': config.dataDir,
    config: file.path,
    'rpc-port': config.rpcPort,
    'transaction-index': config.transactionIndex,
  };
  const settings = SETTING_NAMES.map((name): SettingInForce => {
    const unsaid = { origin: name in preset ? ('preset' as const) : ('default' as const), place: '' };
    const { origin, place } = merged[name] ?? unsaid;
    return { name, value: inForce[name], origin, place };
  });
  return { config, settings, file };
}

/** A config file that was looked for. */
export type ConfigFile = Readonly<{ path: string; isThere: boolean; settings: SourcedSettings }>;

/** The file named by `--config`, or the one that lies in the data directory. */
function readConfigFile(typed: SourcedSettings): ConfigFile {
  const named = typed.config?.value as string | undefined;
  if (named !== undefined) {
    const path = resolve(named);
    return { path, isThere: true, settings: settingsOfFile(path) };
  }
  const { network, dataDir } = locate(
    typed.network?.value as string | undefined,
    typed['data-dir']?.value as string,
  );
  const path = join(dataDir, CONFIG_FILE);
  if (!existsSync(path)) return { path, isThere: false, settings: {} };
  const settings = settingsOfFile(path);
  // The file was found through these two, so it cannot move them.
  const elsewhere =
    settings['data-dir'] !== undefined && resolve(settings['data-dir'].value as string) !== dataDir;
  const other =
    settings.network !== undefined && locate(settings.network.value as string, dataDir).network !== network;
  if (elsewhere || (other && typed.network !== undefined)) {
    throw new ConfigError(
      `${path} names another ${other ? 'network' : 'data directory'} than it was found by.`,
    );
  }
  return { path, isThere: true, settings };
}

/** Where a network's data lies, and the network's parameters. @throws ConfigError */
export function locate(
  networkText = 'mainnet',
  dataDirText?: string,
): { params: NetworkParams; network: string; dataDir: string } {
  const builtIn = networkByName(networkText);
  const network = builtIn === undefined ? resolve(networkText) : networkText;
  const params = builtIn ?? readNetworkFile(networkText);
  const dataDir =
    dataDirText === undefined
      ? join(envPaths('indiecoin', { suffix: '' }).data, params.name)
      : resolve(dataDirText);
  return { params, network, dataDir };
}

function readNetworkFile(path: string): NetworkParams {
  if (!path.includes('.') && !path.includes('/') && !existsSync(path)) {
    const names = networks.map(({ name }) => name);
    throw new ConfigError(
      `There is no network "${path}".${suggestion(path, names)} mainnet, testnet and regtest are built in, any other is given as a file, FILE.toml.`,
    );
  }
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`The network file ${path} cannot be read: ${systemReason(error)}.`);
  }
  try {
    return parseNetworkFile(text);
  } catch (error) {
    throw new ConfigError(`The network file ${path} is not right: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function toConfig(settings: z.infer<typeof settingsSchema>, isLogLevelGiven: boolean): NodeConfig {
  const { params, network, dataDir } = locate(settings.network, settings['data-dir']);
  if ((settings['rpc-user'] === undefined) !== (settings['rpc-password'] === undefined)) {
    throw new ConfigError('rpc-user and rpc-password go together: one of them is missing.');
  }
  parseLogLevels(settings['log-level']);
  const prune = toPruning(settings, params);
  return {
    params,
    network,
    dataDir,
    maxPeers: settings['max-peers'],
    serverPort: settings['server-port'],
    listenHosts: hostsOf(settings['listen-host']),
    announce: settings.announce,
    ...seedsOf(settings['dns-seed']),
    miner: settings.miner,
    publicKey: settings['public-key'],
    threads: settings.threads,
    rpcPort: settings['rpc-port'] ?? params.rpcPort,
    rpcHost: settings['rpc-host'],
    rpcAllowedHosts: settings['rpc-allow-host'].map((name) => name.toLowerCase()),
    rpcLogin:
      settings['rpc-user'] === undefined
        ? undefined
        : { user: settings['rpc-user'], password: settings['rpc-password']! },
    metricsPort: settings['metrics-port'],
    metricsHost: settings['metrics-host'],
    stratumPort: settings['stratum-port'],
    stratumHost: settings['stratum-host'],
    isSeed: false,
    walletNotify: settings['wallet-notify'],
    minFreeSpaceMb: settings['min-free-space'],
    transactionIndex: settings['transaction-index'] ?? prune === undefined,
    prune,
    reindex: settings.reindex,
    logLevel: settings['log-level'],
    isLogLevelGiven,
  };
}

/** Of `--dns-seed`. */
export function seedsOf(listed: readonly string[]): Pick<NodeConfig, 'dnsSeeds' | 'useBootstrapList'> {
  return { dnsSeeds: listed.filter((seed) => seed !== 'none'), useBootstrapList: !listed.includes('none') };
}

/** Of `--listen-host`. `localhost` is the one name of which everybody knows which address is meant. */
export function hostsOf(listed: string): readonly string[] {
  return listed.split(',').map((host) => (host.trim() === 'localhost' ? '127.0.0.1' : host.trim()));
}

/** @throws ConfigError when the blocks kept would be too few, or an index would point to those that are gone. */
function toPruning(
  { prune, 'transaction-index': index }: z.infer<typeof settingsSchema>,
  { retargetBlocks }: NetworkParams,
): NodeConfig['prune'] {
  if (prune === 0) return undefined;
  // Where the target never changes the network is one for tests.
  const leastMb = retargetBlocks === 0 ? 1 : MIN_PRUNE_MB;
  if (prune < leastMb) {
    throw new ConfigError(
      `prune cannot be ${prune}: ${leastMb} MB are the least, as the newest 288 blocks must be kept for reorganizations.`,
    );
  }
  if (index === true) {
    throw new ConfigError(
      'prune and transaction-index do not go together: the index would point into blocks that are gone.',
    );
  }
  return { targetBytes: prune * BYTES_PER_MB };
}
