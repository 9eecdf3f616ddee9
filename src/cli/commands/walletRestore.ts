import { checkWords } from '../../wallet/keyTree.ts';
import { WalletKeys } from '../../wallet/walletKeys.ts';
import { CliError } from '../cliError.ts';
import { type Command, optionalText } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { describeOwnKey, type OwnAddressAnswer } from '../ownAddress.ts';
import { passphraseToSet, readSecret } from '../prompt.ts';

export const walletRestore: Command = {
  usage: 'restore [file]',
  summary: 'make the wallet of twelve words, and find its coins',
  arguments: {
    file: { describe: 'a file that holds the words; without it they are asked for' },
  },
  examples: [
    ['indiecoin wallet restore', 'asks for the words, or reads what is piped in'],
    ['indiecoin wallet restore words.txt', 'reads them from a file'],
  ],
  run: async (context) => {
    const { config, node, terminal } = context;
    const { dataDir, params } = config;
    if (WalletKeys.exists(dataDir)) {
      const message = `There is a wallet in ${dataDir} already. Move its wallet.json and wallet.key away first.`;
      throw new CliError(EXIT.refused, message);
    }
    const words = checkWords(await readSecret('The twelve words: ', optionalText(context, 'file')));
    const passphrase = await passphraseToSet();
    let own: OwnAddressAnswer;
    if (await node.isRunning()) {
      own = await node.call<OwnAddressAnswer>('walletrestore', { words, ...(passphrase && { passphrase }) });
    } else {
      const options = { words, passphrase, birthHeight: 0, nowSec: Math.floor(Date.now() / 1000) };
      const { keys } = await WalletKeys.create(dataDir, params, options);
      own = describeOwnKey(keys, await keys.currentReceive(), params);
    }
    terminal.answer(own, () => [
      'The wallet is restored. Its coins appear as the chain is read: `indiecoin wallet balance`.',
      `An address of it: ${own.address}`,
    ]);
  },
};
