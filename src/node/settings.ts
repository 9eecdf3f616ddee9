/** What a setting's text is read as. A list is given by repeating its flag, or with commas in the environment. */
export type SettingKind = 'string' | 'integer' | 'boolean' | 'list';

export type Setting = Readonly<{
  kind: SettingKind;
  description: string;
  /** What stands for the value in a help text. */
  value?: string;
  /** What its value can be, for completion: names, and a file or a folder. */
  names?: readonly string[];
  path?: 'file' | 'folder';
  /** Too secret for a command line, which every user of a machine can read: environment and file only. */
  isSecret?: boolean;
}>;

/**
 * Every setting of the node under the name that it has as a flag (`--max-peers`), in a config file (`max-peers = 50`)
 * and, in capitals, in the environment (`INDIECOIN_MAX_PEERS`).
 */
export const SETTINGS = {
  network: {
    kind: 'string',
    value: 'NAME|FILE.toml',
    names: ['mainnet', 'testnet', 'regtest'],
    path: 'file',
    description: 'mainnet, testnet, regtest, or a file that defines a network',
  },
  'data-dir': {
    kind: 'string',
    value: 'DIR',
    path: 'folder',
    description: 'where everything is kept, used as given',
  },
  config: {
    kind: 'string',
    value: 'FILE',
    path: 'file',
    description: 'config file (default: indiecoin.toml in the data directory)',
  },
  'max-peers': {
    kind: 'integer',
    value: 'N',
    description: 'most connections at once, 300 at most (default 100)',
  },
  'server-port': {
    kind: 'integer',
    value: 'PORT',
    description: 'port for peers; 0 takes a free one at the first start and keeps it (default 0)',
  },
  'listen-host': {
    kind: 'string',
    value: 'IP[,IP]',
    description: 'addresses to listen on for peers; 0.0.0.0,:: is all, IPv4 and IPv6 (default 0.0.0.0)',
  },
  announce: {
    kind: 'list',
    value: 'ADDRESS',
    description: 'public host:port or multiaddr that others are told; repeatable',
  },
  'dns-seed': {
    kind: 'list',
    value: 'HOST:PORT|MULTIADDR',
    names: ['none'],
    description: 'one more node to join through; repeatable; "none" leaves out the built-in list',
  },
  miner: { kind: 'boolean', description: 'mine from the start' },
  'public-key': {
    kind: 'string',
    value: 'ADDRESS|HEX',
    description: 'who is paid for mined blocks (default: a key of the wallet)',
  },
  threads: {
    kind: 'integer',
    value: 'N',
    description: 'threads that mine (default: one less than there are processors)',
  },
  'rpc-port': { kind: 'integer', value: 'PORT', description: 'port of the RPC; 0 takes a free one' },
  'rpc-host': {
    kind: 'string',
    value: 'IP',
    description: 'address that the RPC listens on (default 127.0.0.1)',
  },
  'rpc-allow-host': {
    kind: 'list',
    value: 'NAME',
    description: 'name under which the RPC may be asked, beside localhost and IP addresses; repeatable',
  },
  'rpc-user': { kind: 'string', value: 'NAME', description: 'a user for the RPC beside the cookie' },
  'rpc-password': { kind: 'string', description: "that user's password", isSecret: true },
  'metrics-port': {
    kind: 'integer',
    value: 'PORT',
    description:
      'one more port for /healthz and /metrics alone; 0 takes a free one (default: only on the RPC port)',
  },
  'metrics-host': {
    kind: 'string',
    value: 'IP',
    description: 'address that it listens on (default 127.0.0.1)',
  },
  'stratum-port': {
    kind: 'integer',
    value: 'PORT',
    description: 'port for mining machines that speak Stratum; 0 takes a free one (default: none)',
  },
  'stratum-host': {
    kind: 'string',
    value: 'IP',
    description: 'address that it listens on (default 127.0.0.1)',
  },
  'wallet-notify': {
    kind: 'string',
    value: 'COMMAND',
    description:
      'run for each transaction of the wallet: %s is its txid, %b its block or "unconfirmed", %h the height or -1',
  },
  'min-free-space': {
    kind: 'integer',
    value: 'MB',
    description:
      'stop in good order when less is free on the disk, and warn at five times as much; 0: never (default 300)',
  },
  'transaction-index': {
    kind: 'boolean',
    description: 'find any transaction by its txid (default yes, no with --prune)',
  },
  prune: {
    kind: 'integer',
    value: 'MB',
    description:
      'keep only so much of the newest blocks, 550 at the least and never fewer than 288 (default 0: all)',
  },
  reindex: {
    kind: 'boolean',
    description: 'make the chain database anew from the stored blocks, then go on',
  },
  'log-level': {
    kind: 'string',
    value: 'LEVEL',
    names: ['error', 'warn', 'info', 'debug', 'trace'],
    description: 'error, warn, info, debug or trace; also per subsystem: info,network=debug',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** Variables with our prefix that are not settings: secrets for one command. */
export const OTHER_VARIABLES = ['INDIECOIN_WALLET_PASSPHRASE', 'INDIECOIN_WALLET_PASSPHRASE_FILE'];

export function environmentName(name: string): string {
  return `INDIECOIN_${name.toUpperCase().replaceAll('-', '_')}`;
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
