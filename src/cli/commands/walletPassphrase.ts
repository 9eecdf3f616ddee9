import { WalletKeys } from '../../wallet/walletKeys.ts';
import { CliError } from '../cliError.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { newPassphrase, passphraseToOpen } from '../prompt.ts';

export const walletPassphrase: Command = {
  usage: 'passphrase',
  summary: 'protect the wallet with a passphrase, or change it',
  examples: [
    [
      'indiecoin wallet passphrase',
      'asks for the old one, if there is one, and for the new one; that is the first line of what is piped in',
    ],
  ],
  run: async ({ config, node, terminal }) => {
    const keys = WalletKeys.load(config.dataDir, config.params);
    if (keys === undefined)
      throw new CliError(EXIT.refused, 'There is no wallet yet: `indiecoin wallet new` makes one.');
    const old = keys.protection === 'passphrase' ? await passphraseToOpen() : undefined;
    const passphrase = await newPassphrase();
    if (!(await node.isRunning())) await keys.changePassphrase(old, passphrase);
    else if (old === undefined) await node.call('encryptwallet', [passphrase]);
    else await node.call('walletpassphrasechange', [old, passphrase]);
    terminal.answer({ protected: true }, () => [
      'The wallet opens with the new passphrase from now on.',
      'Copies of it that were made before open as they did.',
    ]);
  },
};
