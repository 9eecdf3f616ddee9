import { SETTING_NAMES } from '../../node/settings.ts';
import type { Command } from '../command.ts';
import { settingFlags } from '../settingFlags.ts';

export const node: Command = {
  usage: 'node',
  summary: 'run a node: join the network, keep the chain, mine if asked',
  flags: settingFlags(SETTING_NAMES),
  examples: [
    ['indiecoin', 'join the main network'],
    ['indiecoin node --network regtest --miner', 'a network of your own, with blocks at once'],
    ['indiecoin node --dns-seed 203.0.113.5:8888', 'join through a node that you know'],
    ['indiecoin node --max-peers 50 --log-level info,network=debug', 'fewer peers, more to read'],
  ],
  run: async (context) => {
    // Loaded when needed: libp2p would make every other command half a second slower.
    const { runNode } = await import('../runNode.ts');
    await runNode(context);
  },
};
