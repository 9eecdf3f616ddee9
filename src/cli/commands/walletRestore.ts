import { checkWords, type WalletSecret } from '../../wallet/keyTree.ts';
import { WalletKeys } from '../../wallet/walletKeys.ts';
import { CliError } from '../cliError.ts';
import { type Command, type Context, optionalText } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { describeOwnKey, type OwnAddressAnswer } from '../ownAddress.ts';
import { passphraseToSet, readSecret, wordsPassphrase } from '../prompt.ts';

export const walletRestore: Command = {
  usage: 'restore [file]',
  summary: 'make the wallet of twelve or twenty-four words, and find its coins',
  arguments: {
    file: { describe: 'a file that holds the words; without it they are asked for' },
  },
  flags: {
    'words-passphrase': {
      type: 'boolean',
      description: 'the words have a passphrase: asks for it, or reads it from the line after the words',
    },
  },
  examples: [
    ['indiecoin wallet restore', 'asks for the words, or reads what is piped in'],
    ['indiecoin wallet restore words.txt', 'reads them from a file'],
    ['indiecoin wallet restore --words-passphrase', 'asks for the passphrase that belongs to them too'],
  ],
  run: async (context) => {
    const { config, node, terminal } = context;
    const { dataDir, params } = config;
    if (WalletKeys.exists(dataDir)) {
      const message = `There is a wallet in ${dataDir} already. Move its wallet.json and wallet.key away first.`;
      throw new CliError(EXIT.refused, message);
    }
    const { words, wordsPassphrase: ofWords } = await readWords(context);
    const passphrase = await passphraseToSet();
    let own: OwnAddressAnswer;
    if (await node.isRunning()) {
      own = await node.call<OwnAddressAnswer>('walletrestore', {
        words,
        ...(passphrase && { passphrase }),
        ...(ofWords && { words_passphrase: ofWords }),
      });
    } else {
      const nowSec = Math.floor(Date.now() / 1000);
      const options = { words, wordsPassphrase: ofWords, passphrase, birthHeight: 0, nowSec };
      const { keys } = await WalletKeys.create(dataDir, params, options);
      own = describeOwnKey(keys, await keys.currentReceive(), params);
    }
    terminal.answer(own, () => [
      'The wallet is restored. Its coins appear as the chain is read: `indiecoin wallet balance`.',
      `An address of it: ${own.address}`,
    ]);
  },
};

async function readWords(context: Context): Promise<WalletSecret> {
  const file = optionalText(context, 'file');
  const text = await readSecret('The words: ', file);
  if (context.arguments['words-passphrase'] !== true) return { words: checkWords(text), wordsPassphrase: '' };
  const isPiped = file === undefined && !process.stdin.isTTY;
  const end = isPiped ? text.indexOf('\n') : -1;
  const words = checkWords(end < 0 ? text : text.slice(0, end));
  const piped = isPiped ? (end < 0 ? '' : text.slice(end + 1)) : undefined;
  return { words, wordsPassphrase: await wordsPassphrase({ isNew: false, piped }) };
}
