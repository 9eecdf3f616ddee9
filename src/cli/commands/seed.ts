import { loadConfig, MAX_PEERS } from '../../node/config.ts';
import { SETTING_NAMES } from '../../node/settings.ts';
import type { NetworkParams } from '../../params/networkParams.ts';
import type { Command } from '../command.ts';
import { settingFlags } from '../settingFlags.ts';

export const seed: Command = {
  usage: 'seed',
  summary:
    'run a node for others to join through: the fixed port of the network, up to 300 peers, metrics on a port of their own',
  flags: settingFlags(SETTING_NAMES),
  examples: [
    ['indiecoin seed --announce 203.0.113.5', 'on a server with this public address'],
    ['indiecoin seed --announce seed.example.org --network testnet', 'for the test network, on port 18888'],
  ],
  run: async (context) => {
    // Loaded when needed: libp2p would make every other command half a second slower.
    const [{ runNode }, { seedAddresses }] = await Promise.all([
      import('../runNode.ts'),
      import('../describeSeed.ts'),
    ]);
    const { params } = context.config;
    const config = loadConfig(context.arguments, process.env, {
      'server-port': params.seedPort,
      // As many as there may be: a newcomer that is turned away has perhaps no other seed.
      'max-peers': MAX_PEERS,
      'metrics-port': metricsPort(params),
      // Peers come and go by the thousand; their bans are told all the same.
      'log-level': 'info,network=warn',
    });
    await runNode({ ...context, config: { ...config, isSeed: true, announce: seedAddresses(config) } });
  },
};

/** Behind the RPC's: 8890 on mainnet. A network file may have the port for peers there. */
function metricsPort({ rpcPort, seedPort }: NetworkParams): number {
  return rpcPort + 1 === seedPort ? rpcPort + 2 : rpcPort + 1;
}
