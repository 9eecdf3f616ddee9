import { type Command, textOf } from '../command.ts';

export const peersAdd: Command = {
  usage: 'add <address>',
  summary: 'connect to a node, and keep connected',
  arguments: { address: { describe: 'host:port or a multiaddr' } },
  examples: [['indiecoin peers add 203.0.113.5:8888', 'no peer id needed']],
  run: async (context) => {
    const address = textOf(context, 'address');
    await context.node.call('addnode', [address, 'add']);
    context.terminal.answer(
      { added: address },
      () => `Connecting to ${address}: \`indiecoin peers list\` shows when it is there.`,
    );
  },
};
