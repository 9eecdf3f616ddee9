import { WalletKeys } from '../../wallet/walletKeys.ts';
import type { Command } from '../command.ts';
import { describeOwnKey, type OwnAddressAnswer } from '../ownAddress.ts';
import { passphraseToSet } from '../prompt.ts';

export const walletNew: Command = {
  usage: 'new',
  summary: 'make a wallet, and show the twelve words that bring it back',
  examples: [['indiecoin wallet new', 'asks for a passphrase; without one a key file protects it']],
  run: async ({ config, node, terminal }) => {
    const { dataDir, params } = config;
    const isRunning = await node.isRunning();
    const passphrase = WalletKeys.exists(dataDir) ? undefined : await passphraseToSet();
    let words: string;
    let own: OwnAddressAnswer;
    if (isRunning) {
      ({ words } = await node.call<{ words: string }>(
        'walletnew',
        passphrase === undefined ? [] : [passphrase],
      ));
      own = await node.call<OwnAddressAnswer>('walletaddress');
    } else {
      const options = { passphrase, birthHeight: 0, nowSec: Math.floor(Date.now() / 1000) };
      const made = await WalletKeys.create(dataDir, params, options);
      words = made.words;
      own = describeOwnKey(made.keys, await made.keys.currentReceive(), params);
    }
    terminal.answer({ ...own, words }, () => [
      'Your new wallet. Write these words down, in this order, and keep the paper:',
      '',
      `  ${terminal.bold(words)}`,
      '',
      'Whoever has them has the coins; without them and this computer nobody has.',
      `Your first address: ${own.address}`,
    ]);
  },
};
