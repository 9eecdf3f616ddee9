import { loadSettings } from '../../node/config.ts';
import { SETTING_NAMES } from '../../node/settings.ts';
import type { Command } from '../command.ts';
import { SEED_DEFAULTS, seedPreset } from '../seedPreset.ts';
import { settingFlags } from '../settingFlags.ts';

export const seed: Command = {
  usage: 'seed',
  summary:
    'run a node for others to join through: the fixed port of the network, up to 300 peers, metrics on a port of their own',
  flags: settingFlags(SETTING_NAMES, SEED_DEFAULTS),
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
    const { config, settings } = loadSettings(
      context.arguments,
      context.environment,
      seedPreset(context.config.params),
    );
    const announce = seedAddresses(config);
    await runNode({
      ...context,
      config: { ...config, isSeed: true, announce },
      settings: settings.map((one) => (one.name === 'announce' ? { ...one, value: announce } : one)),
    });
  },
};
