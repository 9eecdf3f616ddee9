import { type Command, textOf } from '../command.ts';

export const peersRemove: Command = {
  usage: 'remove <peer>',
  summary: 'disconnect from a peer',
  arguments: {
    peer: { describe: 'its peer id or address, as `peers list --json` shows them' },
  },
  examples: [['indiecoin peers remove /ip4/203.0.113.5/tcp/8888', 'it may come back: see ban']],
  run: async (context) => {
    const peer = textOf(context, 'peer');
    await context.node.call('disconnectnode', [peer]);
    context.terminal.answer({ removed: peer }, () => `Disconnected from ${peer}.`);
  },
};
