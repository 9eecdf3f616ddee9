import { MAX_PEERS } from '../node/config.ts';
import type { SettingValue } from '../node/configSources.ts';
import type { SettingName } from '../node/settings.ts';
import { mainnet } from '../params/mainnet.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { testnet } from '../params/testnet.ts';

/** What `indiecoin seed` has instead of a node's defaults. */
export function seedPreset(params: NetworkParams): Partial<Record<SettingName, SettingValue>> {
  return {
    'server-port': params.seedPort,
    // As many as there may be: a newcomer that is turned away has perhaps no other seed.
    'max-peers': MAX_PEERS,
    'metrics-port': metricsPort(params),
    // Peers come and go by the thousand; their bans are told all the same.
    'log-level': 'info,network=warn',
  };
}

/** For the help text. */
export const SEED_DEFAULTS = Object.fromEntries(
  Object.entries(seedPreset(mainnet)).map(([name, value]) => {
    const onTestnet = seedPreset(testnet)[name as SettingName];
    return [name, value === onTestnet ? `${value}` : `${value}, on testnet ${onTestnet}`];
  }),
);

/** Behind the RPC's: 8890 on mainnet. A network file may have the port for peers there. */
function metricsPort({ rpcPort, seedPort }: NetworkParams): number {
  return rpcPort + 1 === seedPort ? rpcPort + 2 : rpcPort + 1;
}
