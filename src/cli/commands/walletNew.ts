import type { WordCount } from '../../wallet/keyTree.ts';
import { WalletKeys } from '../../wallet/walletKeys.ts';
import type { Command, Context } from '../command.ts';
import { describeOwnKey, type OwnAddressAnswer } from '../ownAddress.ts';
import { passphraseToSet, wordsPassphrase } from '../prompt.ts';

export const walletNew: Command = {
  usage: 'new',
  summary: 'make a wallet, and show the words that bring it back',
  flags: {
    words: { choices: ['12', '24'], requiresArg: true, description: 'how many words (default 12)' },
    'words-passphrase': {
      type: 'boolean',
      description: 'asks for a passphrase that belongs to the words (BIP39), or reads it from the input',
    },
  },
  examples: [
    ['indiecoin wallet new', 'asks for a passphrase; without one a key file protects it'],
    ['indiecoin wallet new --words 24', 'twenty-four words instead of twelve'],
    ['indiecoin wallet new --words-passphrase', 'the words alone do not bring the coins back then'],
  ],
  run: async (context) => {
    const { config, terminal } = context;
    const given = WalletKeys.exists(config.dataDir) ? {} : await askForSecrets(context);
    const { words, ...own } = await make(context, given);
    const hasPassphrase = given.wordsPassphrase !== undefined;
    terminal.answer({ ...own, words }, () => [
      'Your new wallet. Write these words down, in this order, and keep the paper:',
      '',
      `  ${terminal.bold(words)}`,
      '',
      ...(hasPassphrase
        ? ['Their passphrase is not shown. Whoever has both has the coins; without both nobody has.']
        : ['Whoever has them has the coins; without them and this computer nobody has.']),
      `Your first address: ${own.address}`,
    ]);
  },
};

type Given = { passphrase?: string | undefined; wordsPassphrase?: string | undefined };

async function askForSecrets({ arguments: flags }: Context): Promise<Given> {
  const ofWords = flags['words-passphrase'] === true ? await wordsPassphrase({ isNew: true }) : undefined;
  return { wordsPassphrase: ofWords, passphrase: await passphraseToSet() };
}

async function make(
  { config, node, arguments: flags }: Context,
  given: Given,
): Promise<OwnAddressAnswer & { words: string }> {
  const { dataDir, params } = config;
  const wordCount = Number(flags.words ?? 12) as WordCount;
  const { passphrase, wordsPassphrase: ofWords } = given;
  if (await node.isRunning()) {
    const { words } = await node.call<{ words: string }>('walletnew', {
      words: wordCount,
      ...(passphrase !== undefined && { passphrase }),
      ...(ofWords !== undefined && { words_passphrase: ofWords }),
    });
    return { ...(await node.call<OwnAddressAnswer>('walletaddress')), words };
  }
  const nowSec = Math.floor(Date.now() / 1000);
  const { keys, words } = await WalletKeys.create(dataDir, params, {
    ...given,
    wordCount,
    birthHeight: 0,
    nowSec,
  });
  return { ...describeOwnKey(keys, await keys.currentReceive(), params), words };
}
