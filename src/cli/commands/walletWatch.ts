import { type Command, optionalText, textOf } from '../command.ts';
import { wholeNumber } from '../wholeNumber.ts';

export const walletWatch: Command = {
  usage: 'watch <address>',
  summary: 'show the coins of an address whose private key is elsewhere',
  arguments: { address: { describe: 'an address, or a public key in hex' } },
  flags: {
    label: { requiresArg: true, description: 'what you call it' },
    'rescan-from': {
      requiresArg: true,
      description: 'a height: also show what was paid since that block (default: only from now on)',
    },
  },
  examples: [
    [
      'indiecoin wallet watch 0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
      'what it is paid from now on',
    ],
    [
      'indiecoin wallet watch 0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798 --label savings --rescan-from 0',
      'with all that it ever got',
    ],
  ],
  run: async (context) => {
    const { node, terminal } = context;
    const address = textOf(context, 'address');
    const from = optionalText(context, 'rescan-from');
    const label = optionalText(context, 'label');
    await node.call('importpubkey', {
      pubkey: address,
      ...(label !== undefined && { label }),
      rescan: from !== undefined,
      ...(from !== undefined && { from_height: wholeNumber(from, '--rescan-from', 0, 2 ** 31 - 1) }),
    });
    terminal.answer({ watching: address }, () => [
      'Its coins are shown apart from yours, and cannot be spent from here.',
      ...(from === undefined ? [] : ['Earlier payments appear as the chain is read.']),
    ]);
  },
};
