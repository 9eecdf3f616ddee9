import { type Command, textOf } from '../command.ts';
import { passphraseToOpen } from '../prompt.ts';

export const walletSignMessage: Command = {
  usage: 'sign-message <address> <message>',
  summary: 'sign a text with the key of one of your addresses',
  arguments: {
    address: { describe: 'of this wallet' },
    message: { describe: 'the text' },
  },
  examples: [
    [
      'indiecoin wallet sign-message $(indiecoin wallet address) "it was me"',
      'whoever has the address can check it',
    ],
  ],
  run: async (context) => {
    const { node, terminal } = context;
    const { locked } = await node.call<{ locked: boolean }>('walletbalance');
    const address = textOf(context, 'address');
    const signature = await node.call<string>('signmessage', {
      address,
      message: textOf(context, 'message'),
      ...(locked && { passphrase: await passphraseToOpen() }),
    });
    terminal.answer({ address, signature }, () => signature);
  },
};
