import { loadConfig } from '../../node/config.ts';
import { SETTING_NAMES } from '../../node/settings.ts';
import type { Command } from '../command.ts';
import { settingFlags } from '../settingFlags.ts';

export const seed: Command = {
  usage: 'seed',
  summary: 'run a node for others to join through: the fixed port of the network, on every address',
  flags: settingFlags(SETTING_NAMES),
  examples: [
    ['indiecoin seed --announce 203.0.113.5:8888', 'on a server with this public address'],
    ['indiecoin seed --network testnet', 'for the test network, on port 18888'],
  ],
  run: async (context) => {
    // Loaded when needed: libp2p would make every other command half a second slower.
    const { runNode } = await import('../runNode.ts');
    const { params } = context.config;
    const config = loadConfig(context.arguments, process.env, { 'server-port': params.seedPort });
    await runNode({ ...context, config });
  },
};
