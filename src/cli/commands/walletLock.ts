import type { Command } from '../command.ts';

export const walletLock: Command = {
  usage: 'lock',
  summary: 'let the node forget what `wallet unlock` gave it',
  examples: [['indiecoin wallet lock', 'payments need the passphrase again']],
  run: async ({ node, terminal }) => {
    await node.call('walletlock');
    terminal.answer({ locked: true }, () => 'The wallet is locked.');
  },
};
